// The parent of one Postgres of the tests: makes its cluster, starts and stops it on orders from stdin, a line each, and
// takes it and its files away when stdin ends, however its own parent ended. Answers each order with a line of JSON.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface KeeperOptions {
  /** Folder of `initdb` and `postgres`. */
  readonly programs: string
  /** An empty folder of our own; removed at the end. */
  readonly directory: string
  /** Where a new cluster is kept for those who make one after us: a copy costs a tenth. */
  readonly template?: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Postgres refuses to run as root. */
  readonly uid?: number
  /** It waits for the disk, as it does by itself. */
  readonly durable: boolean
}

const STOP_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const

// For tests: nothing here has to outlive the machine. What Postgres acknowledged outlives its processes all the same.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'deadlock_timeout=100ms',
  'lc_messages=C',
]
// Nor may what is in memory grow: the log is cut when it has so much.
const FORGETFUL = ['fsync=off', 'full_page_writes=off', 'min_wal_size=32MB', 'max_wal_size=128MB']

const options = JSON.parse(process.argv[2] ?? '') as KeeperOptions
const data = join(options.directory, 'data')
const asUser = {
  cwd: options.directory,
  env: { PATH: options.programs, LC_ALL: 'C' },
  ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
}
let server: ChildProcess | undefined

function initialize(): void {
  own(options.directory)
  const { template } = options
  if (template === undefined) makeCluster()
  else if (existsSync(template)) copy(template, data)
  else {
    makeCluster()
    keepAs(template)
  }
}

// It is there whole or not at all. Of several who are the first, one is.
function keepAs(template: string): void {
  const ours = `${template}-${process.pid}`
  copy(data, ours)
  try {
    renameSync(ours, template)
  } catch {
    rmSync(ours, { recursive: true, force: true })
  }
}

function copy(from: string, to: string): void {
  const copied = spawnSync('cp', ['-a', from, to])
  if (copied.status !== 0) throw new Error(`cp: ${copied.error?.message ?? copied.stderr.toString()}`)
}

function own(path: string): void {
  if (options.uid !== undefined) chownSync(path, options.uid, options.uid)
}

function makeCluster(): void {
  const passwordFile = join(options.directory, 'password')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(passwordFile, `${options.password}\n`)
  for (const path of [data, passwordFile]) own(path)
  const flags = [
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
  ]
  const made = spawnSync(join(options.programs, 'initdb'), ['-D', data, '-U', options.user, ...flags], asUser)
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr.toString()}`)
}

// A standby of nobody: it waits for a primary's log that never comes.
function makeStandby(): void {
  const signal = join(data, 'standby.signal')
  writeFileSync(signal, '')
  own(signal)
}

async function start(): Promise<void> {
  const settings = [...SETTINGS, ...(options.durable ? [] : FORGETFUL), `port=${options.port}`].flatMap(
    (setting) => ['-c', setting],
  )
  const started = spawn(join(options.programs, 'postgres'), ['-D', data, ...settings], {
    ...asUser,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  server = started
  let said = ''
  for await (const line of createInterface({ input: started.stderr })) {
    said += `${line}\n`
    if (/ready to accept (read-only )?connections/.test(line)) {
      // Leaving the loop has closed the stream's reader; what comes later is thrown away.
      started.stderr.resume()
      return
    }
  }
  server = undefined
  throw new Error(`postgres: ${said}`)
}

async function stop(how: keyof typeof STOP_SIGNALS): Promise<void> {
  const running = server
  server = undefined
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
  const exited = once(running, 'exit')
  running.kill(STOP_SIGNALS[how])
  await exited
}

async function obey(order: string): Promise<void> {
  const [verb, how] = order.split(' ')
  if (verb === 'initialize') initialize()
  else if (verb === 'start') {
    if (how === 'standby') makeStandby()
    await start()
  } else await stop(how === 'fast' ? 'fast' : 'immediate')
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
try {
  for await (const order of createInterface({ input: process.stdin })) {
    const answer = await obey(order).then(
      () => ({ done: order }),
      (error: Error) => ({ error: error.message }),
    )
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
} finally {
  await stop('immediate')
  rmSync(options.directory, { recursive: true, force: true })
}
