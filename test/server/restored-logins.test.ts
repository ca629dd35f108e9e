// Logins on real servers whose database has gone back in time: from a backup, or put back beside its journal. None is handed
// out before one call has shown that it lives.

import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createOffline } from '../../src/offline.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type StoredLogin, storeLogin } from '../support/logins.ts'
import { programFile } from '../support/programs.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { withServerStore } from '../support/server-store.ts'

const MAIN = programFile('claviger')
const HOUR = 3_600_000

let parent: string
let sandbox: Sandbox
let server: ServerProcess | undefined

// A state directory that a server was started in, which every test gets a copy of.
let prepared: string
let organizationId: string
beforeAll(async () => {
  prepared = mkdtempSync(join(tmpdir(), 'claviger-prepared-'))
  parent = prepared
  sandbox = await startSandbox()
  organizationId = (await (await start('first')).call('whoami', {})).organization.id
  await server?.stop()
  await sandbox.close()
})
afterAll(() => rmSync(prepared, { recursive: true, force: true }))

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-restored-'))
  cpSync(join(prepared, 'first'), join(parent, 'first'), { recursive: true })
  chmodSync(join(parent, 'first'), 0o700)
  sandbox = await startSandbox()
})
afterEach(async () => {
  await server?.kill()
  await sandbox.close()
  rmSync(parent, { recursive: true, force: true })
})

const given = (name: string) => ({
  ...{ stateDirectory: join(parent, name), masterKey: MASTER_KEY, port: '0', logLevel: 'info' },
  openaiIssuer: sandbox.issuerUrl,
})
const database = (name: string) => join(parent, name, 'claviger.db')

async function start(name: string): Promise<Client> {
  const { stateDirectory, ...settings } = given(name)
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  server = await startServerProcess({ stateDirectory, ...settings })
  if (!server.said.startsWith('url ')) throw new Error(`${server.said}\n${server.logs()}`)
  const token = new Secret(readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim())
  return createClient({ server: server.said.slice('url '.length), token })
}

/** An installation with one login; no server runs on it. */
async function withLogin(endsIn: number, settings = {}): Promise<StoredLogin> {
  const masterKey = Buffer.from(MASTER_KEY, 'hex')
  return withServerStore(`sqlite:${database('first')}`, (store) =>
    storeLogin({ store, masterKey, organizationId }, sandbox, endsIn, settings),
  )
}

/** A backup of the first installation, restored by the command line into a second one. */
async function restoreElsewhere(): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of await createOffline('1.2.3').backUp(serverSettings(given('first'))))
    parts.push(part)
  const file = join(parent, 'all.backup')
  writeFileSync(file, Buffer.concat(parts))
  mkdirSync(join(parent, 'second'), { mode: 0o700 })
  const env = {
    PATH: '/usr/bin:/bin',
    CLAVIGER_STATE_DIR: join(parent, 'second'),
    CLAVIGER_MASTER_KEY: MASTER_KEY,
  }
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'backup', 'restore', file], { env })
  return stdout
}

async function stateOf(client: Client): Promise<string | undefined> {
  return (await client.call('credentials.list', {})).credentials[0]?.state
}

async function access(client: Client, { id }: StoredLogin): Promise<string | undefined> {
  const lease = await client.call('leases.create', { harness: 'codex', credential: id, raw: false })
  return lease.credential?.fields['access']
}

const minted = ({ login }: StoredLogin) => sandbox.oauth.logins().find(({ id }) => id === login)

it('of a backup: quarantined, one call, and handed out when that was answered', async () => {
  const login = await withLogin(12 * HOUR)
  expect(await restoreElsewhere()).toContain('Set aside until they have been tried')
  sandbox.oauth.resetCounters()
  sandbox.oauth.teach({ kind: 'hang', at: 'before-commit' }, { times: 1 })
  const client = await start('second')
  await sandbox.oauth.untilHeld()
  expect(await stateOf(client)).toBe('quarantined')
  await expect(access(client, login)).rejects.toMatchObject({
    code: 'no_credential',
    message: expect.stringContaining('not verified yet'),
  })
  sandbox.oauth.release()
  await expect.poll(() => stateOf(client), { timeout: 10_000 }).toBe('ok')
  expect(await access(client, login)).toBe(minted(login)?.accessToken)
  expect(sandbox.oauth.counters()).toMatchObject({ tokenCalls: 1, granted: 1 })
})

it('of a backup, renewed by its owner since: its owner has to sign in, after one call', async () => {
  const login = await withLogin(12 * HOUR)
  const old = minted(login)?.refreshToken ?? ''
  await restoreElsewhere()
  await renewElsewhere(old)
  sandbox.oauth.resetCounters()
  const client = await start('second')
  await expect.poll(() => stateOf(client), { timeout: 10_000 }).toBe('needs_login')
  await expect(access(client, login)).rejects.toMatchObject({
    message: expect.stringContaining('must sign in again'),
  })
  expect(sandbox.oauth.counters()).toMatchObject({ tokenCalls: 1, granted: 0 })
})

it('of a database that is behind the journal of its server: quarantined, and one call', async () => {
  // The provider forgives: whether it does is its own affair, and not what is shown here.
  const login = await withLogin(-60_000, { rotation: 'grace', graceMs: HOUR })
  copyFileSync(database('first'), join(parent, 'old.db'))
  const before = await start('first')
  expect(await access(before, login)).toBe(minted(login)?.accessToken)
  await server?.stop()
  for (const end of ['-wal', '-shm']) rmSync(`${database('first')}${end}`, { force: true })
  cpSync(join(parent, 'old.db'), database('first'))
  forgetAnswers()
  sandbox.oauth.resetCounters()
  sandbox.oauth.teach({ kind: 'hang', at: 'before-commit' }, { times: 1 })
  const client = await start('first')
  await sandbox.oauth.untilHeld()
  expect(await stateOf(client)).toBe('quarantined')
  sandbox.oauth.release()
  await expect.poll(() => stateOf(client), { timeout: 10_000 }).toBe('ok')
  expect(await access(client, login)).toBe(minted(login)?.accessToken)
  expect(sandbox.oauth.counters()).toMatchObject({ tokenCalls: 1, granted: 1 })
})

// As the journal does after an hour. Until then it puts back what the database has lost, without any call.
function forgetAnswers(): void {
  const path = join(parent, 'first', 'renewals.journal')
  const lines = readFileSync(path, 'utf8').split('\n')
  expect(lines.filter((line) => line.includes('"answer"'))).toHaveLength(1)
  writeFileSync(path, lines.filter((line) => !/"(answer|settled)"/.test(line)).join('\n'))
}

async function renewElsewhere(refreshToken: string): Promise<void> {
  const answer = await fetch(`${sandbox.issuerUrl}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
    }),
  })
  expect(answer.status).toBe(200)
}
