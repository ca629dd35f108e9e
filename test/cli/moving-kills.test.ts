// `models push` and `models pull`, killed at every step: the login has one holder that may renew it, and the same command
// goes on. Between the command and the server stands a relay that kills it when a call is asked or answered.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

/** When a call of this path is to be killed: before the server hears of it, or when it has answered. */
interface Moment {
  readonly path: RegExp
  readonly when: 'before' | 'after'
}

const PUSH: readonly Moment[] = [
  { path: /\/credentials\/receive$/, when: 'before' },
  { path: /\/credentials\/receive$/, when: 'after' },
]
const PULL: readonly Moment[] = [
  { path: /\/hand-over$/, when: 'before' },
  { path: /\/hand-over$/, when: 'after' },
  { path: /\/handed-over$/, when: 'before' },
  { path: /\/handed-over$/, when: 'after' },
]

const profilesFile = () => join(workshop.stateDirectory, 'agents/main/agent/auth-profiles.json')

let sandbox: Sandbox
let workshop: Workshop
let relay: Relay

beforeEach(async () => {
  sandbox = await startSandbox()
  workshop = await createWorkshop({
    CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl,
    CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl,
    CLAVIGER_RENEW_FORCED_SECONDS: '1',
  })
  await workshop.startServer()
  relay = await startRelay(urlOf(workshop), () =>
    Number(readFileSync(join(workshop.directory, 'work', 'pid'), 'utf8')),
  )
  await importLogin()
})

afterEach(async () => {
  await relay.close()
  await workshop.dispose()
  await sandbox.close()
})

describe('a push that is killed', { timeout: 120_000 }, () => {
  it.each(PUSH)('$when $path: one holds it, and the same command goes on', async (moment) => {
    await killed('push openai-codex:ada@sandbox.invalid', moment)
    expect((await holders()).length).toBeLessThan(2)
    // Other programs read it: they must not find what somebody else may have.
    expect(readFileSync(profilesFile(), 'utf8')).not.toContain('acct-ada')
    const status = await workshop.run('claviger models status --check --json')
    expect(status).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('"state": "blocked"') })
    const again = await throughRelay('push openai-codex:ada@sandbox.invalid')
    expect(again).toMatchObject({ exitCode: 0 })
    expect(await holders()).toEqual(['server ada-sandbox.invalid'])
    await expectAlive('claviger credential test ada-sandbox.invalid')
  })
})

describe('what a killed push has left', { timeout: 120_000 }, () => {
  it('is neither asked about nor in the way of the others', async () => {
    const [first] = PUSH
    if (first === undefined) throw new Error('There are no moments.')
    await workshop.run('printf %s "$ANT_KEY" | claviger models auth paste-api-key --provider anthropic')
    await killed('push anthropic:default', first)
    const { stdout, exitCode } = await workshop.run('claviger models status --probe --json')
    expect([exitCode, JSON.parse(stdout).profiles]).toMatchObject([
      0,
      [
        { profile: 'openai-codex:ada@sandbox.invalid', probe: { result: expect.any(String) } },
        { profile: 'anthropic:default', state: 'blocked', probe: null },
      ],
    ])
    const test = await workshop.run('claviger --local credential test anthropic:default')
    expect(test.stderr).toMatch(/on its way to .*, which was asked for by you\./)
    expect(test.stderr).toContain('new value: claviger --local credential update --value anthropic:default')
    // Over there it is another server for all that the first one knows.
    const elsewhere = await createWorkshop()
    try {
      await elsewhere.startServer()
      const at = `CLAVIGER_SERVER=${urlOf(elsewhere)} CLAVIGER_TOKEN=${tokenOf(elsewhere)}`
      const all = await workshop.run(`${at} claviger models push`)
      expect(all.stdout).toContain('Pushed openai-codex:ada@sandbox.invalid')
      expect(all).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('anthropic:default') })
    } finally {
      await elsewhere.dispose()
    }
  })
})

describe('a pull that is killed', { timeout: 120_000 }, () => {
  it.each(PULL)('$when $path: one holds it, and the same command goes on', async (moment) => {
    expect(await throughRelay('push openai-codex:ada@sandbox.invalid --name ada')).toMatchObject({
      exitCode: 0,
    })
    await killed('pull ada', moment)
    expect((await holders()).length).toBeLessThan(2)
    await throughRelay('pull ada')
    expect(await holders()).toEqual(['here openai-codex:ada@sandbox.invalid'])
    await expectAlive('claviger models status --harness codex --probe --check')
  })
})

// Every login that somebody may use or renew.
async function holders(): Promise<string[]> {
  const ofServer = JSON.parse((await workshop.run('claviger credential list --harness codex --json')).stdout)
  const ofHere = JSON.parse((await workshop.run('claviger models status --harness codex --json')).stdout)
  const isUsable = ({ state }: { state: string }) => state === 'ok'
  return [
    ...ofServer.credentials.filter(isUsable).map(({ name }: { name: string }) => `server ${name}`),
    ...ofHere.profiles.filter(isUsable).map(({ profile }: { profile: string }) => `here ${profile}`),
  ]
}

// What was renewed is asked about when its provider may be asked again.
async function expectAlive(command: string): Promise<void> {
  const ran = await workshop.run(`sleep 1.1; ${command}`)
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 })
  expect(sandbox.oauth.logins().map(({ counters }) => counters.reuseDetections)).toEqual([0])
}

async function importLogin(): Promise<void> {
  const login = sandbox.oauth.login({
    provider: 'openai',
    account: { id: 'acct-ada', email: 'ada@sandbox.invalid' },
  })
  const { idToken: id_token, accessToken: access_token, refreshToken: refresh_token } = login
  const file = JSON.stringify({ tokens: { id_token, access_token, refresh_token, account_id: 'acct-ada' } })
  const ran = await workshop.run(
    `cat > auth.json <<'END'\n${file}\nEND\nclaviger models auth import --from auth.json`,
  )
  expect(ran, ran.stderr).toMatchObject({ exitCode: 0 })
}

function urlOf({ stateDirectory }: Workshop): string {
  return JSON.parse(readFileSync(join(stateDirectory, 'server.json'), 'utf8')).url
}

function tokenOf({ stateDirectory }: Workshop): string {
  return readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim()
}

function throughRelay(command: string) {
  return workshop.run(
    `export CLAVIGER_SERVER=${relay.url} CLAVIGER_TOKEN=${tokenOf(workshop)}; echo $$ > pid; exec claviger models ${command}`,
  )
}

async function killed(command: string, moment: Moment): Promise<void> {
  relay.kill(moment)
  expect(await throughRelay(command)).toMatchObject({ exitCode: null })
}

interface Relay {
  readonly url: string
  /** Kills whoever makes the next call of this path. */
  kill(moment: Moment): void
  close(): Promise<void>
}

async function startRelay(to: string, pid: () => number): Promise<Relay> {
  let next: Moment | null = null
  const strike = (path: string, when: Moment['when']): boolean => {
    if (next?.when !== when || !next.path.test(path)) return false
    next = null
    process.kill(pid(), 'SIGKILL')
    return true
  }
  const server: Server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (strike(path, 'before')) return void response.destroy()
    const { authorization = '', 'content-type': type = 'application/json' } = request.headers
    const answer = await fetch(new URL(request.url ?? '', to), {
      method: request.method ?? 'GET',
      headers: { authorization, 'content-type': type },
      ...(body.length > 0 && { body }),
    })
    const text = await answer.text()
    if (strike(path, 'after')) return void response.destroy()
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kill: (moment) => {
      next = moment
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
