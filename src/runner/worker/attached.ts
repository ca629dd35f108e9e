// A worker as a process of another user of this machine, for as long as whoever started it is there.

import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Secret } from '../../domain/secret.ts'
import type { MachineUser } from '../../lib/programs/machine-user.ts'
import { createLineSplitter } from '../conversing/lines.ts'

export interface AttachedWorkerOptions {
  /** What starts this program, up to the words of its command line. */
  readonly command: readonly string[]
  readonly user: Pick<MachineUser, 'uid' | 'gid' | 'name'>
  readonly home: string
  readonly stateDirectory: string
  readonly server: string
  readonly token: Secret
  /** What else is in its environment. */
  readonly environment: Readonly<Record<string, string>>
  /** Each line it says. */
  readonly said: (line: string) => void
}

export interface AttachedWorker {
  readonly pid: number | undefined
  /** Resolves with its exit code when it has ended; null: by a signal. Rejects when it could not be started. */
  readonly over: Promise<number | null>
  /** It ends what runs there, and itself. */
  stop(): Promise<void>
}

// What it may take to end its programs, in milliseconds.
const PATIENCE_MS = 10_000

/** Nothing of the environment and the groups of this process is left to it. */
export function startAttachedWorker(options: AttachedWorkerOptions): AttachedWorker {
  const { command, user, home, said } = options
  const [program = '', ...words] = command
  const child = spawn(program, [...words, 'worker', '--attached'], {
    ...{ uid: user.uid, gid: user.gid, cwd: home, env: environmentOf(options) },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const over = Promise.withResolvers<number | null>()
  over.promise.catch(() => undefined)
  child.once('error', over.reject)
  child.once('exit', (code) => over.resolve(code))
  // It may be gone already.
  child.stdin.on('error', () => undefined)
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, said)
  return {
    pid: child.pid,
    over: over.promise,
    async stop() {
      child.stdin.end()
      const kill = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      await over.promise.catch(() => null)
      clearTimeout(kill)
    },
  }
}

function environmentOf({
  user,
  home,
  stateDirectory,
  server,
  token,
  environment,
}: AttachedWorkerOptions): Record<string, string> {
  return {
    ...environment,
    ...{ HOME: home, USER: user.name, LOGNAME: user.name },
    ...{ CLAVIGER_SERVER: server, CLAVIGER_TOKEN: token.expose(), CLAVIGER_STATE_DIR: stateDirectory },
  }
}

const LONGEST_LINE = 10_000

function eachLine(stream: Readable, said: (line: string) => void): void {
  const lines = createLineSplitter(LONGEST_LINE)
  stream.on('data', (piece: Buffer) => lines.push(piece).forEach(said))
}
