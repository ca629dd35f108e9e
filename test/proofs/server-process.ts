// The real server as a process of its own: started as people start it, found through the file it leaves, ended by its
// id. The bundle is used when it is built, the sources otherwise.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '../..')
const READY_WITHIN_MS = 30_000
const POLL_MS = 4

/** The words that start the program. */
export function clavigerCommand(): readonly [string, ...string[]] {
  return existsSync(join(ROOT, 'dist/claviger.js'))
    ? [join(ROOT, 'bin/claviger')]
    : [process.execPath, join(ROOT, 'src/main.ts')]
}

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Milliseconds from starting the process until it answered that it is ready. */
  readonly readyAfter: number
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and wait for the exit code. */
  stop(): Promise<number | null>
}

export interface StartOptions {
  readonly stateDirectory: string
  /** What it prints is added to this file. */
  readonly logFile: string
  readonly variables?: Readonly<Record<string, string>>
}

/** A server process that may not be ready, or never will be. */
export interface StartingProcess {
  readonly pid: number
  /** Resolves when it has ended: null for a signal. */
  readonly ended: Promise<number | null>
  kill(): Promise<void>
}

/** Starts `claviger serve` on a free port and does not wait. */
export function launchServer({ stateDirectory, logFile, variables = {} }: StartOptions): StartingProcess {
  const [program, ...words] = clavigerCommand()
  const output = openSync(logFile, 'a', 0o600)
  const child = spawn(program, [...words, 'serve'], {
    env: serverEnvironment(stateDirectory, variables),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const ended = endOf(child)
  const pid = child.pid
  if (pid === undefined) throw new Error(`${program} did not start.`)
  return {
    pid,
    ended,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    },
  }
}

/** Starts a server and waits until it is ready. Throws with the end of its log when it ends or is late. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const started = performance.now()
  const process = launchServer(options)
  let over = false
  void process.ended.then(() => {
    over = true
  })
  const isReady = async () => {
    const url = urlOf(options.stateDirectory, process.pid)
    return url !== null && (await answers(url)) ? url : null
  }
  let url = await isReady()
  while (url === null) {
    if (over || performance.now() - started > READY_WITHIN_MS) {
      await process.kill()
      throw new Error(
        `The server did not become ready:\n${readFileSync(options.logFile, 'utf8').slice(-2000)}`,
      )
    }
    await sleep(POLL_MS)
    url = await isReady()
  }
  const { pid, ended, kill } = process
  const stop = async () => {
    globalThis.process.kill(pid, 'SIGTERM')
    return ended
  }
  return { url, pid, readyAfter: performance.now() - started, kill, stop }
}

/** The environment of a process of the proof: nothing of this machine but PATH. */
export function serverEnvironment(stateDirectory: string, variables: Readonly<Record<string, string>> = {}) {
  const PATH = process.env.PATH ?? '/usr/bin:/bin'
  const own = { CLAVIGER_STATE_DIR: stateDirectory, CLAVIGER_PORT: '0', CLAVIGER_EMBEDDED_WORKER: 'no' }
  return { PATH, HOME: stateDirectory, ...own, ...variables }
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}

// A server that was killed leaves its file behind; only the id tells whose it is.
function urlOf(stateDirectory: string, pid: number): string | null {
  const path = join(stateDirectory, 'server.json')
  if (!existsSync(path)) return null
  const left = JSON.parse(readFileSync(path, 'utf8')) as { url: string; pid: number }
  return left.pid === pid ? left.url : null
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`)
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
