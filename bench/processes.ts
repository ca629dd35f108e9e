// Starting what is measured: the real server on a state directory, the yardstick, and commands as whole processes.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')

/** Starts a new process of Claviger from the bundle, as users do. */
export const claviger = join(root, 'bin/claviger')

export interface Running {
  readonly url: string
  stop(): Promise<void>
}

export interface RunningClaviger extends Running {
  readonly token: string
}

/** Starts `claviger serve` on this state directory, this database or its own, and a free port. */
export async function startClaviger(stateDirectory: string, databaseUrl = ''): Promise<RunningClaviger> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    CLAVIGER_STATE_DIR: stateDirectory,
    CLAVIGER_EMBEDDED_WORKER: 'no',
    CLAVIGER_DATABASE_URL: databaseUrl,
    CLAVIGER_LOG: 'error',
  }
  const child = spawn(claviger, ['serve', '--port', '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await firstLine(child)
  const { url } = JSON.parse(await readFile(join(stateDirectory, 'server.json'), 'utf8')) as { url: string }
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  return { url, token, stop: () => stop(child, () => child.kill('SIGTERM')) }
}

/** Starts the yardstick. */
export async function startBaseline(): Promise<Running> {
  const child = spawn(process.execPath, [join(root, 'bench/baseline-server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const url = await firstLine(child)
  return { url, stop: () => stop(child, () => child.stdin?.end()) }
}

const PROCESS_TIMEOUT_MS = 60_000

/** Wall time of one process in milliseconds; throws when it fails or takes more than a minute. */
export async function timed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = root,
): Promise<number> {
  const started = performance.now()
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: PROCESS_TIMEOUT_MS,
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  const elapsed = performance.now() - started
  if (status !== 0) throw new Error(`${command} ended with ${status}`)
  return elapsed
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no standard output')
  for await (const line of createInterface(child.stdout)) {
    child.stdout.resume()
    return line
  }
  throw new Error('it ended before it was ready')
}

async function stop(child: ChildProcess, ask: () => void): Promise<void> {
  const ended = once(child, 'exit')
  ask()
  await ended
}
