// A Claude login under a running session: `claviger exec` around the real claude program, with a whole server that renews
// it, through the real program once more, between two turns: because a run was refused, and before its end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClaudeWorld, claudeWorld, FORCED_EVERY_MS } from './claude-world.ts'
import { greeting } from './exec-run.ts'
import { filesWith, MAIN } from './program-run.ts'

// A token that lives for so long is renewed when a little more than half of that is over.
const SHORT_MS = 7_000
const LONG_MS = 8 * 3_600_000

let world: ClaudeWorld

beforeEach(async () => {
  world = await claudeWorld()
})

afterEach(() => world.close())

function session() {
  const words = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']
  const child = spawn(process.execPath, [MAIN, 'exec', '--harness', 'claude', '--', 'claude', ...words], {
    ...{ cwd: world.home, env: { ...world.environment } },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let said = ''
  const heard = new Set<() => void>()
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
    for (const wake of heard) wake()
  })
  return {
    async turn(text: string): Promise<Record<string, unknown>> {
      const message = { type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } }
      child.stdin.write(`${JSON.stringify(message)}\n`)
      for (;;) {
        const { done, value } = await lines.next()
        if (done === true) throw new Error(`It ended: ${said}`)
        const line = JSON.parse(value) as Record<string, unknown>
        if (line['type'] === 'result') return line
      }
    },
    /** Until it has said so this often. */
    async until(words: string, times: number): Promise<void> {
      while (said.split(words).length <= times) await new Promise<void>((resolve) => heard.add(resolve))
    },
    async end(): Promise<number | null> {
      const closed = once(child, 'exit')
      child.stdin.end()
      return (await closed)[0]
    },
  }
}

function tokens(): (string | undefined)[] {
  const used = world.sandbox.requests().filter(({ path }) => path.endsWith('/v1/messages'))
  return [...new Set(used.map(({ credentials }) => credentials[0]?.value))]
}

test('a token that the server renews is picked up by the session that runs', async () => {
  const { client, sandbox } = world
  await world.signedInOnMachine()
  const taken = await world.claviger('credential', 'import', '--from', 'claude', 'max', '--accept-notice')
  expect(taken).toMatchObject({ code: 0 })
  const { id, accessToken: first } = world.login()
  const running = session()
  expect(await running.turn('first')).toMatchObject({ is_error: false, result: greeting })
  expect(tokens()).toEqual([first])

  // Another run is refused with it. Its next token is close to its end, and the server does not wait for that.
  const refused = await client.call('leases.create', { harness: 'claude' })
  expect(refused.credential?.fields['access']).toBe(first)
  sandbox.oauth.configure({ accessTokenMs: SHORT_MS }, { login: id })
  await sleep(FORCED_EVERY_MS)
  const answer = await client.call('leases.reject', { id: refused.id, generation: 2, status: 401 })
  expect(answer).toMatchObject({ verdict: 'retry', generation: 3 })
  const second = world.login().accessToken
  const read = () => client.call('leases.read', { id: refused.id })
  expect((await read()).credential).toMatchObject({ generation: 3, fields: { access: second } })
  sandbox.oauth.configure({ accessTokenMs: LONG_MS }, { login: id })
  const generation = async () => (await read()).credential?.generation
  await expect.poll(generation, { timeout: 5 * SHORT_MS, interval: 100 }).toBe(4)
  const third = world.login().accessToken
  expect((await read()).credential?.fields['access']).toBe(third)
  expect(sandbox.oauth.counters()).toMatchObject({ refreshCalls: 3, granted: 3 })

  await running.until('the credential was renewed, and the program has the new one', 2)
  const runs = join(world.home, 'claviger/runs')
  expect(await filesWith(runs, third)).not.toEqual([])
  expect(await filesWith(runs, 'sk-ant-ort')).toEqual([])
  // The program looks at its files a moment after they were changed; until then the old token is good.
  await sleep(2_000)
  expect(await running.turn('second')).toMatchObject({ is_error: false, result: greeting })
  expect(tokens()).toEqual([first, third])
  expect(await running.end()).toBe(0)
  expect(await readdir(runs)).toEqual([])
  // Nothing of ours stays in the person's own settings.
  const own = await readFile(join(world.home, '.claude/settings.json'), 'utf8').catch(() => '')
  expect(own).not.toContain('OAUTH')
  const { entries } = await client.call('audit.list', {})
  const renewals = entries.filter(({ action }) => action === 'grant.renew')
  expect(renewals.map(({ details }) => details['purpose'])).toEqual(['forced', 'forced', 'renew'])
}, 90_000)
