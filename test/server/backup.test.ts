// A real server under writes, its backup over HTTP, and another server on what was restored from it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { download } from '../../src/client/download.ts'
import { serverSettings } from '../../src/config.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'
import { createOffline } from '../../src/offline.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { createTestApp } from '../support/app.ts'
import { createHouse, errorOf, fakeKey } from '../support/house.ts'
import { programFile } from '../support/programs.ts'
import { usePostgres } from '../support/use-postgres.ts'

let parent: string
const postgres = usePostgres()
const running: RunningServer[] = []
const offline = createOffline('1.2.3')

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-backup-'))
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  rmSync(parent, { recursive: true, force: true })
})

function given(name: string, changed: GivenSettings = {}) {
  return serverSettings({
    stateDirectory: join(parent, name),
    port: '0',
    logLevel: 'silent',
    ...changed,
  })
}

async function start(
  settings: ReturnType<typeof given>,
): Promise<{ server: RunningServer; client: Client; token: Secret }> {
  const server = await startServer(settings)
  running.push(server)
  const token = new Secret(readFileSync(join(settings.stateDirectory, 'admin.token'), 'utf8').trim())
  return { server, token, client: createClient({ server: server.url, token }) }
}

async function stop(): Promise<void> {
  for (const server of running.splice(0)) await server.close()
}

async function save(chunks: AsyncIterable<Uint8Array>, name = 'all.backup'): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  writeFileSync(join(parent, name), Buffer.concat(parts))
  return join(parent, name)
}

async function store(client: Client, name: string): Promise<void> {
  const fields = { key: fakeKey(name) }
  await client.call('credentials.create', { type: 'claude/api-key', owner: 'org', name, fields })
}

async function keyOf(client: Client, name: string): Promise<string | undefined> {
  const lease = await client.call('leases.create', { harness: 'claude', credential: name, raw: false })
  return lease.credential?.fields['key']
}

const MAIN = programFile('claviger')

function restoring(stateDirectory: string, file: string, databaseUrl: string) {
  const PATH = process.env['PATH']
  return spawn(process.execPath, [MAIN, 'backup', 'restore', file], {
    env: { PATH, CLAVIGER_STATE_DIR: stateDirectory, CLAVIGER_DATABASE_URL: databaseUrl },
    stdio: 'ignore',
  })
}

const lines = (file: string) => gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')

/** Writers that store one credential after another until told to stop; what was acknowledged, in order. */
function writers(client: Client, count: number) {
  const acknowledged: string[] = []
  let over = false
  const write = async (writer: number) => {
    for (let i = 0; !over; i += 1) {
      const name = `w${writer}_${i}`
      await store(client, name)
      acknowledged.push(name)
    }
  }
  const all = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)))
  const end = async () => {
    over = true
    await all
  }
  return { acknowledged, end }
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (engine) => {
  const databaseUrl = async () =>
    engine === 'sqlite' ? {} : { databaseUrl: await postgres.createDatabase() }

  it('a backup under writes has everything acknowledged before, opens elsewhere, and shows nothing', async () => {
    const first = given('first', await databaseUrl())
    const { server, client, token } = await start(first)
    const load = writers(client, 6)
    while (load.acknowledged.length < 60) await sleep(10)
    const files: { file: string; before: string[] }[] = []
    for (const name of ['one', 'two', 'three']) {
      const before = [...load.acknowledged]
      const chunks = await download({ server: server.url, token }, 'backup.create', {})
      files.push({ file: await save(chunks, name), before })
    }
    const meanwhile = load.acknowledged.length
    await load.end()
    expect(meanwhile).toBeGreaterThan(files[1]?.before.length ?? 0)
    await stop()
    expect(readdirSync(first.stateDirectory).filter((name) => name.startsWith('copy-for-backup'))).toEqual([])

    for (const [index, { file, before }] of files.entries()) {
      expect(lines(file).join('\n')).not.toContain('sk-ant-test')
      const second = given(`second${index}`, await databaseUrl())
      mkdirSync(second.stateDirectory, { mode: 0o700 })
      writeFileSync(join(second.stateDirectory, 'audit-seen.json'), '{}')
      const withoutKey = await errorOf(offline.restore(second, file))
      expect(withoutKey.message).toContain('does not contain the master key')
      expect(readdirSync(second.stateDirectory)).toEqual(['audit-seen.json'])
      writeFileSync(
        join(second.stateDirectory, 'master.key'),
        readFileSync(join(first.stateDirectory, 'master.key')),
        { mode: 0o600 },
      )
      const report = await offline.restore(second, file)
      expect(report.closed).toEqual([])
      expect(report.credentials).toBeGreaterThanOrEqual(before.length)
      expect(readdirSync(second.stateDirectory)).not.toContain('audit-seen.json')
      const restored = await start(second)
      // Nothing is half there: every credential has its version and its value.
      for (const name of before) expect(await keyOf(restored.client, name), name).toBe(fakeKey(name))
      const { entries } = await restored.client.call('audit.list', { limit: 1000 })
      expect(entries.filter(({ action }) => action === 'backup.restore')).toHaveLength(1)
      expect(entries.filter(({ action }) => action === 'backup.create')).toHaveLength(index + 1)
      await stop()
    }
  })

  it('a backup can be made while no server runs, and of a database that is not there cannot', async () => {
    const settings = given('first', await databaseUrl())
    const { client } = await start(settings)
    await store(client, 'main')
    if (engine === 'sqlite') {
      expect(await errorOf(offline.backUp(settings))).toMatchObject({ code: 'conflict' })
    }
    await stop()
    const file = await save(await offline.backUp(settings))
    expect(JSON.parse(lines(file).at(-2) ?? '').counts).toMatchObject({ credential: 1, person: 1 })
    const absent = given('first', {
      databaseUrl: engine === 'sqlite' ? `sqlite:${parent}/absent.db` : await postgres.createDatabase(),
    })
    expect(await errorOf(offline.backUp(absent))).toMatchObject({ code: 'not_found' })
  })
})

it('a restore that is killed anywhere leaves nothing, and can be typed again', {
  timeout: 120_000,
}, async () => {
  const first = given('first')
  const { client } = await start(first)
  for (let i = 0; i < 30; i += 1) await store(client, `key_${i}`)
  await stop()
  const file = await save(await offline.backUp(first))
  for (const databaseUrl of [`sqlite:${join(parent, 'second.db')}`, await postgres.createDatabase()]) {
    const begun = performance.now()
    const whole = restoring(first.stateDirectory, file, databaseUrl)
    await once(whole, 'close')
    const took = performance.now() - begun
    expect(whole.exitCode).toBe(0)
    // That one was for the time; from here on the place is empty again.
    if (databaseUrl.startsWith('sqlite:')) rmSync(join(parent, 'second.db'))
    const url = databaseUrl.startsWith('sqlite:') ? databaseUrl : await postgres.createDatabase()
    for (const part of [0.6, 0.7, 0.8, 0.9]) {
      const killed = restoring(first.stateDirectory, file, url)
      const gone = once(killed, 'close')
      await sleep(took * part)
      killed.kill('SIGKILL')
      await gone
      if (killed.exitCode === 0) break
    }
    const settings = given('first', { databaseUrl: url })
    // Whole or nothing: what a kill came too late for is there already.
    const again = await offline.restore(settings, file).catch((error: unknown) => error)
    if (again instanceof ClavigerError) expect(again.message).toContain('not empty')
    const restored = await start(settings)
    for (let i = 0; i < 30; i += 1) expect(await keyOf(restored.client, `key_${i}`)).toBe(fakeKey(`key_${i}`))
    await stop()
  }
})

it('what a killed server left of a backup is removed at the next start', async () => {
  const settings = given('first')
  await start(settings)
  await stop()
  const left = join(settings.stateDirectory, 'copy-for-backup-abc')
  mkdirSync(left)
  writeFileSync(join(left, 'copy.db'), 'x')
  await start(settings)
  expect(readdirSync(settings.stateDirectory)).not.toContain('copy-for-backup-abc')
})

it('a reader that goes away leaves nothing, and does not stand in the way of the next', async () => {
  const settings = given('first')
  const { server, client, token } = await start(settings)
  await store(client, 'main')
  for (let round = 0; round < 3; round += 1) {
    await new Promise<void>((resolve) => {
      const call = get(`${server.url}/api/v1/backup`, { method: 'POST', headers: bearer(token) }, () => {
        call.destroy()
        resolve()
      })
      call.on('error', () => undefined)
      call.end()
    })
  }
  const left = () => readdirSync(settings.stateDirectory).filter((name) => name.startsWith('copy-for-backup'))
  await expect.poll(left, { timeout: 10_000 }).toEqual([])
  const file = await save(await download({ server: server.url, token }, 'backup.create', {}))
  expect(lines(file).length).toBeGreaterThan(10)
})

function bearer(token: Secret) {
  return { authorization: `Bearer ${token.expose()}` }
}

it('the answer is a gzip file, not to be kept by anybody in between', async () => {
  const settings = given('first')
  const { server, token } = await start(settings)
  const response = await fetch(`${server.url}/api/v1/backup`, { method: 'POST', headers: bearer(token) })
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/gzip',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  expect((await response.bytes()).subarray(0, 2)).toEqual(Uint8Array.of(0x1f, 0x8b))
  expect(statSync(settings.stateDirectory).mode & 0o777).toBe(0o700)
})

it('only an owner of the organization that operates it may, and every attempt is recorded', async () => {
  const house = createHouse()
  const app = createTestApp(house)
  for (const who of ['ann', 'bob', 'aud', 'eve'] as const) {
    const refused = await app.send(who, 'POST', '/api/v1/backup')
    expect([who, refused.status]).toEqual([who, 403])
  }
  expect((await app.send(null, 'POST', '/api/v1/backup')).status).toBe(401)
  expect((await app.send('ada', 'POST', '/api/v1/backup', { extra: 1 })).status).toBe(400)
  const made = await app.send('ada', 'POST', '/api/v1/backup')
  expect(made.status).toBe(200)
  await made.arrayBuffer()
  const acts = (await house.audit('ada')).map(({ action, outcome }) => `${action} ${outcome}`)
  expect(acts).toEqual([...Array.from({ length: 3 }, () => 'backup.create refused'), 'backup.create allowed'])
  expect((await house.audit('eve')).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'backup.create refused',
  ])
})

it('is audited before its first byte: without the audit there is none', async () => {
  const house = createHouse()
  house.auditFails('allowed')
  const answer = await createTestApp(house).send('ada', 'POST', '/api/v1/backup')
  expect(answer.status).toBe(507)
})

it('one is made at a time, and one that breaks off is told from a whole one', async () => {
  const house = createHouse()
  let breaks = false
  let closed = 0
  const snapshot = async () => ({
    ...{ engine: 'sqlite', migrations: ['store-0001'], tables: [{ name: 'numbers', columns: ['n'] }] },
    async *pages() {
      yield [[1]]
      if (breaks) throw new Error('the disk is gone')
    },
    close: async () => {
      closed += 1
    },
  })
  const broken = createHouse(house.ports.store)
  Object.assign(broken.ports, { snapshot })
  const { createControl } = await import('../../src/control/control.ts')
  const app = createTestApp(broken, { control: createControl(broken.ports) })
  const first = await app.send('ada', 'POST', '/api/v1/backup')
  expect((await app.send('ada', 'POST', '/api/v1/backup')).status).toBe(409)
  expect(gunzipSync(Buffer.from(await first.arrayBuffer())).toString()).toContain('"numbers":1')
  await expect.poll(() => closed, { timeout: 10_000 }).toBe(1)
  breaks = true
  const second = await app.send('ada', 'POST', '/api/v1/backup')
  expect(second.status).toBe(200)
  await expect(second.arrayBuffer()).rejects.toThrow()
  await expect.poll(() => closed, { timeout: 10_000 }).toBe(2)
  expect(app.lines.join('\n')).toContain('broke off')
})
