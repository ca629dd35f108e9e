// Re-keying real servers while they are asked for leases and changes: every request is served, everything opens
// afterwards, and nothing is left under the old key.

import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'
import { errorOf, fakeKey } from '../support/house.ts'
import { startPostgres } from '../support/postgres.ts'
import { withServerStore } from '../support/server-store.ts'

const NAMES = Array.from({ length: 200 }, (_, i) => `key-${i}`)

let directory: string
const cleanups: (() => unknown)[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-rekey-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Running {
  readonly client: Client
  readonly url: string
  close(): Promise<void>
}

async function start(given: GivenSettings = {}): Promise<Running> {
  const settings = { stateDirectory: directory, port: '0', logLevel: 'silent', ...given }
  const server = await startServer(serverSettings(settings))
  let open = true
  const close = async () => {
    if (open) await server.close()
    open = false
  }
  cleanups.push(close)
  const token = readFileSync(join(settings.stateDirectory, 'admin.token'), 'utf8').trim()
  return { url: server.url, close, client: createClient({ server: server.url, token: new Secret(token) }) }
}

async function storeAll({ client }: Running): Promise<Map<string, string>> {
  const ids = new Map<string, string>() // name → id
  const store = async (name: string) => {
    const fields = { key: fakeKey(name) }
    const made = await client.call('credentials.create', {
      type: 'claude/api-key',
      owner: 'org',
      name,
      fields,
    })
    ids.set(name, made.id)
  }
  await Promise.all(NAMES.map(store))
  return ids
}

async function openedAt({ client }: Running, credential: string): Promise<string | undefined> {
  const lease = await client.call('leases.create', { harness: 'claude', credential })
  return lease.credential?.fields['key']
}

/** Leases and changes at these servers, in turn, until `work` is over. Throws what any request fails with. */
async function underLoad(
  servers: readonly Running[],
  ids: ReadonlyMap<string, string>,
  work: () => Promise<void>,
): Promise<Map<string, string>> {
  const values = new Map(NAMES.map((name) => [name, fakeKey(name)]))
  let over = false
  let [served, lane] = [0, 0]
  const next = () => servers[served++ % servers.length] as Running
  const run = async () => {
    const own = NAMES.filter((_, i) => i % 4 === lane)
    lane += 1
    while (!over) {
      for (const name of own) {
        const value = fakeKey(`${name}-${served}`)
        await next().client.call('credentials.update', { id: ids.get(name) ?? '', fields: { key: value } })
        values.set(name, value)
        expect(await openedAt(next(), name)).toBe(value)
        if (over) return
      }
    }
  }
  const lanes = [run(), run(), run(), run()]
  const all = Promise.all(lanes)
  const more = async () => {
    const before = served
    await expect.poll(() => served, { timeout: 10_000 }).toBeGreaterThan(before + 20)
  }
  const worked = more().then(work).then(more)
  await Promise.race([all, worked]).finally(() => {
    over = true
  })
  await all
  return values
}

async function settled({ client }: Running) {
  await expect
    .poll(async () => (await client.call('rekey.status', {})).state, { timeout: 30_000 })
    .toBe('settled')
  return client.call('rekey.status', {})
}

async function expectAllOpen(server: Running, values: ReadonlyMap<string, string>): Promise<void> {
  const opened = await Promise.all(NAMES.map(async (name) => [name, await openedAt(server, name)] as const))
  expect(new Map(opened)).toEqual(values)
}

function countByMasterKey(url: string): Promise<Record<string, number>> {
  return withServerStore(url, (store) => store.dataKeys.countByMasterKey())
}

const hexKey = () => randomBytes(32).toString('hex')

describe('on SQLite, with the key in the state directory', () => {
  it('goes on serving, and the old key opens nothing any more', { timeout: 120_000 }, async () => {
    const keyFile = join(directory, 'master.key')
    const server = await start()
    const ids = await storeAll(server)
    const old = readFileSync(keyFile, 'utf8').trim()
    let current = ''
    const values = await underLoad([server], ids, async () => {
      await server.client.call('rekey.start', {})
      current = (await settled(server)).current
    })
    await expectAllOpen(server, values)
    await server.close()

    expect(await countByMasterKey(`sqlite:${join(directory, 'claviger.db')}`)).toEqual({
      [current]: NAMES.length,
    })
    expect(readFileSync(keyFile, 'utf8')).not.toContain(old)
    expect((await errorOf(start({ masterKey: old }))).message).toContain('not the one this database')
    await expectAllOpen(await start(), values)
  })
})

describe('on Postgres, two servers with keys of their operator', () => {
  it('goes on serving from both, and waits for each step', { timeout: 120_000 }, async () => {
    const postgres = await startPostgres()
    cleanups.push(() => postgres.close())
    const databaseUrl = await postgres.createDatabase()
    const [old, made] = [hexKey(), hexKey()]
    const stateDirectory = join(directory, 'second')
    mkdirSync(stateDirectory, { mode: 0o700 })
    const startBoth = async (masterKey: string): Promise<[Running, Running]> => {
      const one = await start({ databaseUrl, masterKey })
      copyFileSync(join(directory, 'admin.token'), join(stateDirectory, 'admin.token'))
      return [one, await start({ databaseUrl, masterKey, stateDirectory })]
    }
    const refusalOf = async ({ client }: Running) => errorOf(client.call('rekey.start', {}))

    let servers = await startBoth(old)
    const ids = await storeAll(servers[0])
    const refused = await refusalOf(servers[0])
    expect(refused).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('CLAVIGER_MASTER_KEY'),
    })
    expect(refused.hint).toContain('the old one first')
    // One has the new key first already, the other does not have it at all.
    await servers[0].close()
    const early = await start({ databaseUrl, masterKey: `${made} ${old}` })
    expect((await refusalOf(early)).message).toContain('does not have the master key')
    await early.client.call('credentials.create', {
      ...{ type: 'claude/api-key', owner: 'org', name: 'early' },
      fields: { key: fakeKey('early') },
    })
    const blind = await errorOf(openedAt(servers[1], 'early'))
    expect(blind.hint).toContain('under another master key')
    await Promise.all([early.close(), servers[1].close()])

    servers = await startBoth(`${old},${made}`)
    // What was sealed too early is brought back under the key that is first everywhere.
    await servers[1].client.call('rekey.start', {})
    expect(await settled(servers[1])).toMatchObject({ rewrapped: 1 })
    expect((await refusalOf(servers[1])).code).toBe('conflict')
    await servers[1].close()
    servers[1] = await start({ databaseUrl, masterKey: `${made} ${old}`, stateDirectory })
    expect((await refusalOf(servers[1])).message).toContain('still seals under')
    await Promise.all(servers.map((server) => server.close()))

    servers = await startBoth(`${made}\n${old}`)
    let current = ''
    const values = await underLoad(servers, ids, async () => {
      // Both at once do no harm.
      await Promise.all(servers.map(({ client }) => client.call('rekey.start', {})))
      for (const server of servers) current = (await settled(server)).current
    })
    for (const server of servers) await expectAllOpen(server, values)
    expect(await settled(servers[0])).toMatchObject({ left: 0, lost: 0, servers: [{}] })
    await Promise.all(servers.map((server) => server.close()))

    expect(await countByMasterKey(databaseUrl)).toEqual({ [current]: NAMES.length + 1 })
    expect((await errorOf(start({ databaseUrl, masterKey: old }))).message).toContain(
      'not the one this database',
    )
    await expectAllOpen(await start({ databaseUrl, masterKey: made }), values)
  })
})
