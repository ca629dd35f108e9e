// A real server whose database is replaced by an older copy while it is stopped: it starts, says so everywhere, and stops
// saying so when somebody has acknowledged it.

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { programFile } from '../support/programs.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

let directory: string
let server: ServerProcess

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-rolled-back-'))
  chmodSync(directory, 0o700)
  await start()
})

afterEach(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

const path = (name: string) => join(directory, name)
const seen = () => JSON.parse(readFileSync(path('audit-seen.json'), 'utf8')).organizations

async function start(): Promise<void> {
  server = await startServerProcess({ stateDirectory: directory, port: '0', logLevel: 'warn' })
  expect(server.said).toMatch(/^url http:/)
}

const url = () => server.said.slice('url '.length)

function client() {
  return createClient({ server: url(), token: new Secret(readFileSync(path('admin.token'), 'utf8').trim()) })
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${url()}/metrics`)).text()
  return new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]
}

/** What the command line prints, whatever its exit code. */
function claviger(...words: string[]): string {
  const main = programFile('claviger')
  const env = { PATH: '/usr/bin:/bin', HOME: directory, CLAVIGER_STATE_DIR: directory }
  return spawnSync(process.execPath, [main, ...words], { env, encoding: 'utf8' }).stdout
}

it('an older copy is noticed at the start, once, and shown until it is acknowledged', async () => {
  await server.stop()
  copyFileSync(path('claviger.db'), path('older.db'))
  await start()
  for (let i = 0; i < 4; i += 1) await client().call('explain', { harness: 'claude', team: 'everyone' })
  expect(await metric('claviger_audit_entries')).toBe('6')
  expect(await metric('claviger_audit_commit_seconds_count')).toBe('4')
  expect(await metric('claviger_database_rolled_back')).toBe('0')
  await server.stop()
  expect(Object.values(seen())).toMatchObject([{ position: 6 }])
  expect(statSync(path('audit-seen.json')).mode & 0o777).toBe(0o600)

  copyFileSync(path('older.db'), path('claviger.db'))
  await start()
  expect(server.logs()).toContain('the database was put back to an older copy')
  expect(await metric('claviger_database_rolled_back')).toBe('1')
  const { warnings } = await client().call('audit.warnings', {})
  expect(warnings).toMatchObject([{ seen: { position: 6 }, found: { position: 2 } }])
  expect((await client().call('audit.verify', {})).findings).toMatchObject([{ kind: 'rolled-back' }])

  expect(claviger('doctor')).toMatch(
    /^warn {2}database: On .* entry 6 had been seen before: .*\n .*acknowledge$/m,
  )
  expect(claviger('audit', 'verify')).toMatch(/older copy\.\n3 entries, not as they were written\.\n$/)

  // Once in the log, and still to be seen.
  await server.stop()
  await start()
  expect(server.logs()).not.toContain('older copy')
  expect(await metric('claviger_database_rolled_back')).toBe('1')
  expect(await client().call('audit.acknowledge', {})).toEqual({ acknowledged: 1 })
  expect(await metric('claviger_database_rolled_back')).toBe('0')
  const { entries } = await client().call('audit.list', {})
  expect(entries.map(({ action }) => action)).toEqual([
    'token.create',
    'member.link',
    'database.rolled-back',
    'audit.acknowledge',
  ])
  expect((await client().call('audit.verify', {})).findings).toEqual([])
})

it('an end that was cut off, with the record of it made to fit, is noticed; a killed server is no alarm', async () => {
  for (let i = 0; i < 4; i += 1) await client().call('explain', { harness: 'claude', team: 'everyone' })
  await server.stop()
  const database = new DatabaseSync(path('claviger.db'))
  database.exec('delete from audit where position > 3')
  database.exec('update audit_head set position = 3, hash = (select hash from audit where position = 3)')
  database.close()
  await start()
  expect(server.logs()).toContain('older copy')
  const [warning] = (await client().call('audit.warnings', {})).warnings
  expect(warning?.message).toContain('ended at entry 3, and entry 6 had been seen before')
  await client().call('audit.acknowledge', {})
  await server.stop()

  // The file lags behind a server that had no time to write it.
  const old = readFileSync(path('audit-seen.json'))
  await start()
  await client().call('explain', { harness: 'claude', team: 'everyone' })
  await server.stop()
  writeFileSync(path('audit-seen.json'), old)
  await start()
  expect(server.logs()).toBe('')
})

it('what was seen, damaged, is said and begun anew', async () => {
  await server.stop()
  for (const damage of [
    '',
    '{}',
    '{"format":2,"organizations":{}}',
    '{"format":1,"organizations":{"o":{}}}',
  ]) {
    writeFileSync(path('audit-seen.json'), damage)
    await start()
    expect(server.logs()).toContain('audit-seen.json is damaged, or was written by a newer Claviger')
    await server.stop()
    expect(Object.values(seen())).toMatchObject([{ position: 2 }])
  }
})
