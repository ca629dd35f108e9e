// A real Postgres for the tests of one file: found on this machine or installed, its cluster in a temporary folder, on
// 127.0.0.1, gone with the test whatever happens to it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { findOrInstall, installLine } from './debian.ts'
import type { KeeperOptions } from './postgres-keeper.ts'

const KEEPER = fileURLToPath(new URL('./postgres-keeper.ts', import.meta.url))
const USER = 'claviger'
const POSTGRES = { name: 'postgresql', called: 'a Postgres' }
const MEMORY = '/dev/shm'
/** Names the directory that all Postgres of a run share; in the environment, because its workers have to know it. */
export const POSTGRES_DIRECTORY = 'POSTGRES_UNDER_TEST'
// For one file of tests, and others beside it: a database is 8 MB, and stays until the end of its file.
const ROOMY = 6 * 1024 ** 3 // bytes

export interface PostgresServer {
  readonly user: string
  /** Plainly fake, and written so that it has to be encoded in a URL. */
  readonly password: string
  /** A new database, from `template` or with these words of CREATE DATABASE. Returns its URL. */
  createDatabase(words?: string): Promise<string>
  urlOf(database: string, user?: string, password?: string): string
  /** As the owner of everything, on a connection of its own. */
  query<Row>(sql: string, database?: string): Promise<Row[]>
  /** As a standby it is read-only until `select pg_promote()`. */
  start(how?: 'standby'): Promise<void>
  /** `immediate` is a crash of Postgres; `fast` ends sessions in order. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  /** Ends it and removes its files. */
  close(): Promise<void>
}

/**
 * With `durable` it waits for the disk, which a test need not and a measurement must; without, it is in memory where there
 * is room: a new database is made of a thousand files, which a disk takes ten times as long for.
 */
export async function startPostgres({ durable = false } = {}): Promise<PostgresServer> {
  const password = 'not-a-secret/@:#1'
  const port = await freePort()
  const keeper = startKeeper({
    programs: findPrograms(),
    directory: mkdtempSync(join(durable ? tmpdir() : quickPlace(), 'claviger-postgres-')),
    port,
    user: USER,
    password,
    durable,
    ...unprivileged(),
    ...(!durable && templateOfRun()),
  })
  await keeper.order('initialize')
  await keeper.order('start')

  const urlOf = (database: string, user = USER, secret = password) =>
    `postgres://${user}:${encodeURIComponent(secret)}@127.0.0.1:${port}/${database}`
  const query = async <Row>(sql: string, database = 'postgres') => {
    const client = new Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      return (await client.query(sql)).rows as Row[]
    } finally {
      await client.end()
    }
  }
  let databases = 0
  let strategy: string | undefined
  return {
    user: USER,
    password,
    urlOf,
    query,
    createDatabase: async (words = '') => {
      databases += 1
      const name = `test_${databases}`
      strategy ??= copyStrategy(await query(VERSION))
      await query(`create database ${name} ${words} ${strategy}`)
      return urlOf(name)
    },
    start: (how) => keeper.order(how === undefined ? 'start' : `start ${how}`),
    stop: (how) => keeper.order(`stop ${how}`),
    close: keeper.close,
  }
}

// Where a run of the tests keeps it (test/setup.ts); there is none in a benchmark.
function templateOfRun(): { template?: string } {
  const directory = process.env[POSTGRES_DIRECTORY]
  return directory === undefined ? {} : { template: join(directory, 'template') }
}

/** A temporary place, in memory where there is room. */
export function quickPlace(): string {
  if (!existsSync(MEMORY)) return tmpdir()
  const { bavail, bsize } = statfsSync(MEMORY)
  return Math.min(bavail * bsize, process.availableMemory()) > ROOMY ? MEMORY : tmpdir()
}

const VERSION = 'show server_version_num'

// From 15 on the default is to write a copy into the log first, for the sake of a disk.
function copyStrategy([version]: { server_version_num?: string }[]): string {
  return Number(version?.server_version_num ?? 0) >= 150_000 ? 'strategy file_copy' : ''
}

interface Keeper {
  order(order: string): Promise<void>
  close(): Promise<void>
}

function startKeeper(options: KeeperOptions): Keeper {
  const child = spawn(process.execPath, [KEEPER, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    order: async (order) => {
      child.stdin.write(`${order}\n`)
      const { value, done } = await answers.next()
      const answer = done ? { error: 'the keeper of Postgres is gone' } : JSON.parse(value)
      if (answer.error !== undefined) throw new Error(answer.error)
    },
    close: async () => {
      child.stdin.end()
      await exited
    },
  }
}

/** The folder of Postgres' programs. */
function findPrograms(): string {
  const programs = findOrInstall(POSTGRES, installedPrograms)
  if (programs !== undefined) return programs
  throw new Error(
    `The tests need a Postgres and found none on PATH or in /usr/lib/postgresql. Type: ${installLine(POSTGRES)}`,
  )
}

function installedPrograms(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter)
  // The newest first.
  const ofDebian = globSync('/usr/lib/postgresql/*/bin').sort((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  )
  return [...ofDebian, ...onPath].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

// Postgres refuses to run as root.
function unprivileged(): { uid?: number } {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find((line) => line.startsWith(`${name}:`))
    if (account !== undefined) return { uid: Number(account.split(':')[2]) }
  }
  throw new Error('Postgres does not run as root, and there is neither an account postgres nor nobody.')
}

/** One of 127.0.0.1 that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
