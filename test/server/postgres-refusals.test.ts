// `claviger serve` on a Postgres it cannot use: one sentence, what to do, exit code, and never the password. And one that
// stops taking writes while it is served from.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asClavigerError } from '../../src/domain/errors.ts'
import { fakeKey } from '../support/house.ts'
import { programFile } from '../support/programs.ts'
import { createReplicas, type Replicas } from '../support/replicas.ts'
import { usePostgres } from '../support/use-postgres.ts'

const MAIN = programFile('claviger')

const postgres = usePostgres()
let url: string
let database: string
let stateDirectory: string

beforeEach(async () => {
  url = await postgres.createDatabase()
  database = new URL(url).pathname.slice(1)
  stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-refused-'))
})

afterEach(() => rmSync(stateDirectory, { recursive: true }))

/** Runs `claviger serve` until it ends. */
async function serve(databaseUrl: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: stateDirectory,
      CLAVIGER_STATE_DIR: stateDirectory,
      CLAVIGER_EMBEDDED_WORKER: 'no',
      CLAVIGER_DATABASE_URL: databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
      // It should not have started.
      if (text.includes('is ready')) child.kill('SIGKILL')
    })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  for (const part of [postgres.password, encodeURIComponent(postgres.password), 'wrong-password-1'])
    expect(said).not.toContain(part)
  return { code, said }
}

describe('claviger serve is refused', { timeout: 180_000 }, () => {
  it('by a Postgres that is too old', async () => {
    // This one says of itself that it is: our question finds another function of that name first.
    await postgres.query('create schema old', database)
    await postgres.query(
      `create function old.current_setting(name text) returns text language sql as
       $$ select case name when 'server_version_num' then '120022' when 'server_version' then '12.22'
          else pg_catalog.current_setting(name) end $$`,
      database,
    )
    const { code, said } = await serve(`${url}?options=-csearch_path%3Dold%2Cpg_catalog%2Cpublic`)
    expect(code).toBe(1)
    expect(said).toMatch(/^error: The Postgres database .* is of version 12\.22\.$/m)
    expect(said).toContain('Claviger needs Postgres 13 or newer.')
  })

  it('by a wrong password, a database that is not there, and one that nothing listens for', async () => {
    for (const [address, sentence, hint] of [
      [postgres.urlOf(database, 'claviger', 'wrong-password-1'), 'refuses the user or the password', '%40'],
      [postgres.urlOf('absent'), 'does not exist', 'createdb absent'],
      ['postgres://claviger:wrong-password-1@127.0.0.1:1/x', 'cannot be reached', 'Postgres is running'],
    ] as const) {
      const { code, said } = await serve(address)
      expect([code, said]).toEqual([1, expect.stringContaining(`${sentence}.`)])
      expect(said).toContain(hint)
    }
  })

  it('by a schema that is not there, or not ours to write in', async () => {
    const absent = await serve(`${url}?options=-csearch_path%3Dabsent`)
    expect([absent.code, absent.said]).toEqual([1, expect.stringContaining('no schema of the search path')])
    await postgres.query("create role guest login password 'wrong-password-1'")
    await postgres.query('revoke create on schema public from public', database)
    const guest = await serve(postgres.urlOf(database, 'guest', 'wrong-password-1'))
    expect([guest.code, guest.said]).toEqual([1, expect.stringContaining('does not let this user write')])
    expect(guest.said).toContain('grant')
  })

  it('by a URL that is none', async () => {
    const { code, said } = await serve('postgres://claviger:wrong-password-1@/')
    expect([code, said]).toEqual([2, expect.stringContaining('names no database')])
  })
})

describe('a standby', { timeout: 120_000 }, () => {
  let replicas: Replicas

  afterEach(() => replicas.close())

  it('is refused at start; a server whose primary became one says so, and works again once it is promoted', async () => {
    replicas = createReplicas(url)
    const running = await replicas.start()
    await running.client().call('credentials.create', {
      ...{ type: 'claude/api-key', owner: 'org', name: 'shared' },
      fields: { key: fakeKey('shared') },
    })
    await postgres.stop('fast')
    await postgres.start('standby')
    const { code, said } = await serve(url)
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^error: The Postgres database .* is read-only\.$/m),
    ])
    expect(said).toContain('Name the primary')

    const ready = async () => (await fetch(`${running.url}/readyz`)).status
    expect(await ready()).toBe(503)
    const lease = () => running.client().call('leases.create', { harness: 'claude' })
    const refused = await lease().then(
      () => 'made',
      (thrown: unknown) => asClavigerError(thrown),
    )
    expect(refused).toMatchObject({ code: 'unavailable', hint: expect.any(String) })

    await postgres.query('select pg_promote()')
    await expect.poll(ready, { timeout: 20_000 }).toBe(200)
    await expect
      .poll(async () => (await lease().catch(() => null))?.credential?.fields['key'], { timeout: 10_000 })
      .toBe(fakeKey('shared'))
  })
})

describe('sessions that are ended in the middle of transactions', { timeout: 120_000 }, () => {
  let replicas: Replicas

  afterEach(() => replicas.close())

  it('fail whole requests with an explained error, and leave no half of one', async () => {
    replicas = createReplicas(url)
    const servers = [await replicas.start(), await replicas.start()]
    const stored: string[] = []
    const codes = new Set<string>()
    let going = true
    const writers = servers.flatMap((server, place) =>
      Array.from({ length: 4 }, async (_, lane) => {
        for (let count = 0; going; count += 1) {
          const name = `w-${place}-${lane}-${count}`
          const request = {
            type: 'claude/api-key',
            owner: 'org',
            name,
            fields: { key: fakeKey(name) },
          } as const
          await server
            .client()
            .call('credentials.create', request)
            .then(
              () => stored.push(name),
              (thrown: unknown) => codes.add(asClavigerError(thrown).code),
            )
        }
      }),
    )
    let ended = 0
    for (let round = 0; round < 200 && ended < 5; round += 1) {
      const rows = await postgres.query<{ pid: number }>(
        `select pid, pg_terminate_backend(pid) from pg_stat_activity
         where datname = '${database}' and application_name = 'claviger' and xact_start is not null
           and backend_xid is not null`,
      )
      ended += rows.length
      await delay(20)
    }
    going = false
    await Promise.all(writers)
    expect(ended).toBeGreaterThan(0)
    expect([...codes].filter((code) => code !== 'unavailable')).toEqual([])
    const rows = await postgres.query<{ name: string; audited: string }>(
      `select credential.name, (select count(*) from audit where object_id = credential.id
         and action = 'credential.create') as audited from credential`,
      database,
    )
    expect(rows.filter(({ audited }) => Number(audited) !== 1)).toEqual([])
    const there = new Set(rows.map(({ name }) => name))
    expect(stored.filter((name) => !there.has(name))).toEqual([])
    const [audits] = await postgres.query<{ count: string }>(
      `select count(*) from audit where action = 'credential.create'`,
      database,
    )
    expect(Number(audits?.count)).toBe(rows.length)
  })
})
