// Real servers that are killed while the program of a provider renews a login for them: what it has written, or writes
// later, is found at the next start, and nothing of it is left behind.

import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { insertLogin, type NewPlace, rowOf } from '../../src/control/grants/arriving.ts'
import { Secret } from '../../src/domain/secret.ts'
import { newId } from '../../src/lib/id.ts'
import { createVault } from '../../src/vault/envelope.ts'
import { TIMINGS, tokenSet } from '../support/grants.ts'
import { programFile } from '../support/programs.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { withServerStore } from '../support/server-store.ts'
import { type SlowClaude, slowClaude } from '../support/slow-claude.ts'

const OLD = 'sk-ant-ort01-test-old'
const MAIN = programFile('claviger')
const ACCOUNT = '11111111-1111-4111-8111-111111111111'

let parent: string
let claude: SlowClaude
let server: ServerProcess | undefined
const strays: number[] = []

// A state directory with one login that has ended, which every test gets a copy of.
let prepared: string
beforeAll(async () => {
  prepared = mkdtempSync(join(tmpdir(), 'claviger-prepared-'))
  parent = prepared
  mkdirSync(stateDirectory(), { mode: 0o700 })
  claude = slowClaude(parent)
  const { client, process: first } = await start()
  await client.call('policy.set', { harness: 'claude', policy: 'shared', acceptTerms: true })
  const { organization } = await client.call('whoami', {})
  await first.stop()
  await storeLogin(organization.id)
})
afterAll(() => rmSync(prepared, { recursive: true, force: true }))

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-renewals-'))
  cpSync(join(prepared, 'state'), stateDirectory(), { recursive: true })
  chmodSync(stateDirectory(), 0o700)
  claude = slowClaude(parent)
})
afterEach(async () => {
  await server?.kill()
  for (const pid of strays.splice(0)) kill(pid)
  rmSync(parent, { recursive: true, force: true })
})

const stateDirectory = () => join(parent, 'state')
const homes = () =>
  existsSync(join(stateDirectory(), 'renewals')) ? readdirSync(join(stateDirectory(), 'renewals')) : []

async function start() {
  const given = {
    stateDirectory: stateDirectory(),
    masterKey: MASTER_KEY,
    port: '0',
    claudeBin: claude.program,
  }
  server = await startServerProcess({ ...given, logLevel: 'info' })
  if (!server.said.startsWith('url ')) throw new Error(`${server.said}\n${server.logs()}`)
  const token = new Secret(readFileSync(join(stateDirectory(), 'admin.token'), 'utf8').trim())
  const client = createClient({ server: server.said.slice('url '.length), token })
  return { process: server, client }
}

/** A server that is renewing a login, whose program waits. */
async function renewing(): Promise<ServerProcess> {
  const { process } = await start()
  await claude.untilBegun(1)
  const [home = ''] = homes()
  const isNoted = () => existsSync(join(stateDirectory(), 'renewals', home, 'program.json'))
  await expect.poll(isNoted, { timeout: 5_000 }).toBe(true)
  return process
}

async function storeLogin(organizationId: string): Promise<void> {
  const began = Date.now() - 3_600_000
  const ports = { vault: createVault(Buffer.from(MASTER_KEY, 'hex')), now: () => began, timings: TIMINGS }
  const tokens = tokenSet('sk-ant-oat01-test-old', OLD, ACCOUNT, Date.now() - 60_000, 'claude/oauth')
  const place: NewPlace = {
    ...{ organizationId, id: newId('cred'), owner: { kind: 'org' }, name: 'max' },
    ...{ type: 'claude/oauth', description: '' },
  }
  const row = rowOf(ports, place, tokens, 'test')
  await withServerStore(`sqlite:${join(stateDirectory(), 'claviger.db')}`, (store) =>
    store.atomically((unit) => insertLogin(ports, unit, row, tokens, { by: 'test', note: 'signed in' })),
  )
}

async function lease(client: Awaited<ReturnType<typeof start>>['client']) {
  const began = performance.now()
  const { credential } = await client.call('leases.create', {
    harness: 'claude',
    credential: 'max',
    raw: false,
  })
  return { access: credential?.fields['access'], took: performance.now() - began }
}

it('the login lives when its server is killed before it has seen what the program wrote', async () => {
  const victim = await renewing()
  process.kill(victim.pid, 'SIGSTOP')
  claude.write()
  await claude.untilWritten()
  await victim.kill()
  expect(homes()).toHaveLength(1)
  const { client, process: again } = await start()
  expect(await lease(client)).toMatchObject({
    access: 'sk-ant-oat01-test-new-1',
    took: expect.closeTo(0, -4),
  })
  expect(claude.runs()).toEqual([OLD])
  await expect.poll(homes, { timeout: 5_000 }).toEqual([])
  await expect.poll(programs, { timeout: 5_000 }).toEqual([])
  expect(again.logs()).not.toContain('sk-ant-')
  // What is restored from it does not renew itself, which is said beside the report.
  const { stdout, stderr } = await restoreClaude()
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('Restored claude OAuth credentials')
  expect(stderr).toMatch(/warning: this login ends at 2\S+Z, and .* claviger exec/)
  expect(`${stdout}${stderr}`).not.toContain('sk-ant-')
})

async function restoreClaude() {
  const words = [MAIN, 'restore', '--harness', 'claude', '--credential', 'max']
  const env = { PATH: '/usr/bin:/bin', HOME: parent, CLAVIGER_STATE_DIR: stateDirectory() }
  return promisify(execFile)(process.execPath, words, { env, cwd: parent })
}

it('the login lives when the program writes only after its server was killed and started again', async () => {
  const victim = await renewing()
  await victim.kill()
  const { client } = await start()
  const waiting = lease(client)
  // It was not taken for dead: the old token is not sent a second time while it may be answered.
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(claude.runs()).toEqual([OLD])
  claude.write()
  expect(await waiting).toMatchObject({ access: 'sk-ant-oat01-test-new-1' })
  expect(claude.runs()).toEqual([OLD])
  await expect.poll(homes, { timeout: 5_000 }).toEqual([])
  await expect.poll(programs, { timeout: 5_000 }).toEqual([])
})

it('what is left of a program that ended with its server is removed, and the renewal is tried once more', async () => {
  const victim = await renewing()
  await victim.kill()
  for (const pid of await programs()) kill(pid)
  expect(homes()).toHaveLength(1)
  claude.write()
  const signIn = join(stateDirectory(), 'sign-ins/private-abc')
  mkdirSync(signIn, { recursive: true })
  const { client } = await start()
  expect(existsSync(signIn)).toBe(false)
  expect(await lease(client)).toMatchObject({ access: 'sk-ant-oat01-test-new-2' })
  expect(claude.runs()).toEqual([OLD, OLD])
  await expect.poll(homes, { timeout: 5_000 }).toEqual([])
})

/** Runs of the program that have not ended. */
async function programs(): Promise<number[]> {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const isOurs = (id: string) => {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8')
      return words.includes('slow-claude-program') && words.includes(claude.program)
    } catch {
      return false // it has ended meanwhile
    }
  }
  const found = ids.filter(isOurs).map(Number)
  strays.push(...found)
  return found
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
