// Somebody who can write the database but has no key: rows put in each other's place do not open, and never give a
// wrong value. All damage is done to one database between two starts.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { errorOf, fakeKey } from '../support/house.ts'

const directory = join(mkdtempSync(join(tmpdir(), 'claviger-swap-')), 'state')
const NAMES = [
  ...['id-a', 'id-b', 'key-a', 'key-b', 'both-a', 'both-b', 'owner', 'versions', 'replay', 'type', 'renamed'],
  ...['pointer', 'bit', 'gone', 'untouched'],
]
const ids = new Map<string, string>() // name → id
let server: RunningServer
let client: Client

beforeAll(async () => {
  await start()
  for (const name of NAMES) {
    const fields = { key: fakeKey(name) }
    ids.set(
      name,
      (await client.call('credentials.create', { type: 'claude/api-key', owner: 'me', name, fields })).id,
    )
  }
  for (const name of ['versions', 'replay'])
    await client.call('credentials.update', { id: id(name), fields: { key: fakeKey(`${name}-new`) } })
  const aws = {
    accessKeyId: 'AKIATESTTESTTEST1234',
    secretAccessKey: 'secret-test-0123456789',
    region: 'eu-west-1',
  }
  const type = 'claude/bedrock-access-key'
  ids.set(
    'fields',
    (await client.call('credentials.create', { type, owner: 'me', name: 'fields', fields: aws })).id,
  )
  await server.close()
  damage()
  await start()
})

afterAll(async () => {
  await server.close()
  rmSync(join(directory, '..'), { recursive: true, force: true })
})

async function start(): Promise<void> {
  server = await startServer(serverSettings({ stateDirectory: directory, port: '0', logLevel: 'silent' }))
  const token = readFileSync(join(directory, 'admin.token'), 'utf8').trim()
  client = createClient({ server: server.url, token: new Secret(token) })
}

function id(name: string): string {
  return ids.get(name) ?? ''
}

function damage(): void {
  const database = new DatabaseSync(join(directory, 'claviger.db'))
  const run = (sql: string, ...values: SQLInputValue[]) =>
    expect(database.prepare(sql).run(...values).changes).toBe(1)
  const sealed = (name: string, version = 1, field = 'key') => [id(name), version, field] as const
  const value = 'credential_id = ? and version = ? and field = ?'
  const swap = (column: string, table: string, where: string, a: SQLInputValue[], b: SQLInputValue[]) => {
    const read = database.prepare(`select ${column} as it from ${table} where ${where}`)
    const [ofA, ofB] = [read.get(...a)?.['it'] ?? null, read.get(...b)?.['it'] ?? null]
    run(`update ${table} set ${column} = ? where ${where}`, ofB, ...a)
    run(`update ${table} set ${column} = ? where ${where}`, ofA, ...b)
  }
  const swapValues = (a: readonly SQLInputValue[], b: readonly SQLInputValue[]) =>
    swap('sealed', 'credential_value', value, [...a], [...b])
  swapValues(sealed('id-a'), sealed('id-b'))
  swap('wrapped_key', 'credential', 'id = ?', [id('key-a')], [id('key-b')])
  swap('wrapped_key', 'credential', 'id = ?', [id('both-a')], [id('both-b')])
  swapValues(sealed('both-a'), sealed('both-b'))
  run("update credential set owner = 'org' where id = ?", id('owner'))
  swapValues(sealed('versions', 1), sealed('versions', 2))
  const old = database
    .prepare(`select sealed from credential_value where ${value}`)
    .get(...sealed('replay', 1))
  run(
    `update credential_value set sealed = ? where ${value}`,
    old?.['sealed'] ?? null,
    ...sealed('replay', 2),
  )
  swapValues(sealed('fields', 1, 'accessKeyId'), sealed('fields', 1, 'secretAccessKey'))
  run("update credential set type = 'codex/api-key', harness = 'codex' where id = ?", id('type'))
  run(`update credential_value set field = 'other' where ${value}`, ...sealed('renamed'))
  run('update credential set version = 2 where id = ?', id('pointer'))
  run(`update credential_value set sealed = ? where ${value}`, flipped(database, id('bit')), ...sealed('bit'))
  run(`delete from credential_value where ${value}`, ...sealed('gone'))
  database.close()
}

function flipped(database: DatabaseSync, credential: string): Uint8Array {
  const row = database.prepare('select sealed from credential_value where credential_id = ?').get(credential)
  const bytes = Uint8Array.from(row?.['sealed'] as Uint8Array)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  return bytes
}

describe('a row in the place of another', () => {
  it.each([
    ['a value of another id', 'id-a', 'claude'],
    ['the other way round', 'id-b', 'claude'],
    ['a data key of another id', 'key-a', 'claude'],
    ['a data key and a value of another id', 'both-a', 'claude'],
    ['another owner', 'owner', 'claude'],
    ['a value of another version', 'versions', 'claude'],
    ['an older value in the place of the newer', 'replay', 'claude'],
    ['a value of another field', 'fields', 'claude'],
    ['another type', 'type', 'codex'],
    ['another name of a field', 'renamed', 'claude'],
    ['a version that has no value', 'pointer', 'claude'],
    ['a flipped bit', 'bit', 'claude'],
    ['no value', 'gone', 'claude'],
  ] as const)('%s: nothing is handed out', async (_, name, harness) => {
    const error = await errorOf(client.call('leases.create', { harness, credential: id(name) }))
    expect(error.code).toBe('unavailable')
    expect(error.message).toBe(`The sealed value of the credential ${name} does not open.`)
    expect(error.hint).toContain('Restore a backup')
  })

  it('is not opened for a test, a rollback, a move or a partial change either', async () => {
    for (const call of [
      client.call('credentials.test', { id: id('id-a') }),
      client.call('credentials.rollback', { id: id('versions'), version: 1 }),
      client.call('credentials.move', { id: id('key-a'), owner: 'org' }),
      client.call('credentials.update', { id: id('fields'), fields: { region: 'us-east-1' } }),
    ])
      expect((await errorOf(call)).code).toBe('unavailable')
  })

  it('does no harm to its neighbours, and a new value mends it', async () => {
    const lease = await client.call('leases.create', { harness: 'claude', credential: id('untouched') })
    expect(lease.credential?.fields).toEqual({ key: fakeKey('untouched') })
    await client.call('credentials.update', { id: id('gone'), fields: { key: fakeKey('mended') } })
    const mended = await client.call('leases.create', { harness: 'claude', credential: id('gone') })
    expect(mended.credential?.fields).toEqual({ key: fakeKey('mended') })
  })
})
