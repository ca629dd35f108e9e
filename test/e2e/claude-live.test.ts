// A Claude login under a running session: `claviger exec` around the real claude program, whose token is renewed by the
// engine, through the real program once more, between two turns.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { insertLogin, type NewPlace, rowOf } from '../../src/control/grants/arriving.ts'
import { grantAct } from '../../src/control/grants/renewing/keeping.ts'
import { upkeep } from '../../src/control/grants/tools.ts'
import { checkFields } from '../../src/domain/values.ts'
import { sha256 } from '../../src/lib/digest.ts'
import { newId } from '../../src/lib/id.ts'
import { anthropicRenewer } from '../../src/providers/anthropic-login.ts'
import { claudeProgram } from '../../src/providers/claude-program.ts'
import type { TokenSet } from '../../src/providers/provider.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { agentPrograms } from '../agents/install.ts'
import { createTestApp } from '../support/app.ts'
import { type GrantServer, grantWorld, HOUR, TIMINGS } from '../support/grants.ts'
import { createHouse, type House } from '../support/house.ts'
import { greeting, quiet } from './exec-run.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let program: string
let directory: string
let sandbox: Sandbox
let listening: Listening
const ending = { now: new AbortController() }

beforeAll(async () => {
  program = (await agentPrograms()).claude
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-live-'))
  sandbox = await startSandbox({ tls: { directory } })
  ending.now = new AbortController()
})

afterEach(async () => {
  ending.now.abort()
  await listening.close(1_000)
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

/** A house that keeps one Claude login of the sandbox alive, by the real program. */
async function houseWithLogin() {
  const masterKey = randomBytes(32)
  const world = grantWorld(undefined, masterKey)
  world.clock.now = Date.now()
  const renewer = anthropicRenewer(
    claudeProgram({
      program,
      directory: join(directory, 'homes'),
      environment: { HTTPS_PROXY: sandbox.tls?.proxyUrl, NODE_EXTRA_CA_CERTS: sandbox.tls?.caFile },
    }),
  )
  const timings = { ...TIMINGS, callTimeout: 60_000, lease: 120_000 }
  const server = world.server('one', { renewerOf: () => renewer, timings })
  const house = createHouse(world.store, masterKey, server.grants)
  house.clock.now = world.clock.now
  await house.ask('ada', 'policy.set', { harness: 'claude', policy: 'shared', acceptTerms: true })
  const made = sandbox.oauth.login({ provider: 'anthropic' })
  const id = await store(server, made.accessToken, made.refreshToken ?? '', world.clock.now + HOUR)
  return { house, server, id, made }
}

async function store(
  { ports }: GrantServer,
  access: string,
  refresh: string,
  expiresAt: number,
): Promise<string> {
  const fields = { access, refresh, scopes: 'user:inference user:profile' }
  const tokens: TokenSet = {
    content: checkFields('claude/oauth', 'login', fields),
    ...{ renewable: true, digest: sha256(refresh), expiresAt, endsAt: null },
    account: { id: '', email: '', plan: 'max' },
  }
  const place: NewPlace = {
    ...{ organizationId: 'org-acme', id: newId('cred'), owner: { kind: 'org' }, name: 'max' },
    ...{ type: 'claude/oauth', description: '' },
  }
  const row = rowOf(ports, place, tokens, 'ada')
  await ports.guard.perform(upkeep(ports, 'org-acme'), async (unit, authorize) => {
    await authorize(grantAct('grant.test', row))
    await insertLogin(ports, unit, row, tokens, { by: 'ada', note: 'signed in' })
  })
  return row.id
}

async function serve(house: House): Promise<{ url: string; token: string }> {
  const app = createTestApp(house, { ending: ending.now.signal })
  listening = await listen(app.app, { host: '127.0.0.1', port: 0 })
  return { url: listening.url, token: await app.token('bob') }
}

function session(url: string, token: string) {
  const state = join(directory, 'state')
  const words = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']
  const child = spawn(process.execPath, [MAIN, 'exec', '--harness', 'claude', '--', 'claude', ...words], {
    cwd: directory,
    env: {
      ...{ PATH: '/usr/bin:/bin', HOME: join(directory, 'home'), TERM: 'dumb', ...quiet },
      ...{
        CLAVIGER_SERVER: url,
        CLAVIGER_TOKEN: token,
        CLAVIGER_STATE_DIR: state,
        CLAVIGER_CLAUDE_BIN: program,
      },
      ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
    },
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
    state,
    said: () => said,
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
    async until(words: string): Promise<void> {
      while (!said.includes(words)) await new Promise<void>((resolve) => heard.add(resolve))
    },
    async end(): Promise<number | null> {
      const closed = once(child, 'exit')
      child.stdin.end()
      return (await closed)[0]
    },
  }
}

function tokens(): (string | undefined)[] {
  const used = sandbox.requests().filter(({ path }) => path.endsWith('/v1/messages'))
  return [...new Set(used.map(({ credentials }) => credentials[0]?.value))]
}

test('a token renewed by the engine is picked up by the session that runs', async () => {
  const { house, server, id, made } = await houseWithLogin()
  const { url, token } = await serve(house)
  const running = session(url, token)
  expect(await running.turn('first')).toMatchObject({ is_error: false, result: greeting })
  expect(tokens()).toEqual([made.accessToken])

  expect(await server.grants.want(id, { kind: 'forced', seen: 1 })).toEqual({ kind: 'good', generation: 2 })
  const renewed = sandbox.oauth.logins().find((one) => one.id === made.id)
  expect(renewed?.accessToken).not.toBe(made.accessToken)
  await running.until('the credential was renewed, and the program has the new one')
  const [run = ''] = await readdir(join(running.state, 'runs'))
  const files = await readdir(join(running.state, 'runs', run), { recursive: true, withFileTypes: true })
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), 'utf8').catch(() => '')),
  )
  expect(texts.join('\n')).toContain(renewed?.accessToken)
  expect(texts.join('\n')).not.toContain('sk-ant-ort')

  // The program looks at its files a moment after they were changed; until then the old token is good.
  await sleep(2_000)
  expect(await running.turn('second')).toMatchObject({ is_error: false, result: greeting })
  expect(tokens()).toEqual([made.accessToken, renewed?.accessToken])
  expect(await running.end()).toBe(0)
  expect(sandbox.oauth.counters()).toMatchObject({ refreshCalls: 1 })
  expect(await readdir(join(running.state, 'runs'))).toEqual([])
  // Nothing of ours stays in the person's own settings.
  const own = await readFile(join(directory, 'home/.claude/settings.json'), 'utf8').catch(() => '')
  expect(own).not.toContain('OAUTH')
}, 90_000)
