// A program of somebody else, run with bounds: an environment made from nothing, a deadline, an end to what it may
// print, and its whole process group ended with it. It does not know what the program is or says.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { errorCode } from '../atomic-file.ts'

// What a program printed just before its end is read to the end within this time.
const DRAIN_MS = 1_000

export interface ProgramStart {
  /** Full path. */
  readonly program: string
  /** Everybody on the machine can read these: no secrets. */
  readonly words: readonly string[]
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  readonly timeoutMs: number
  /** Standard output and error together; a program that prints more is ended. */
  readonly maxOutputBytes: number
  /** False: what it writes to standard error is counted and thrown away. */
  readonly keepErrors?: boolean
}

/** How it ended: by itself, or because we ended it. */
export type ProgramEnd = 'exit' | 'timeout' | 'output' | 'stopped'

export interface BoundedProgram {
  /** Of the process, which leads a group of its own. */
  readonly pid: number
  /** What it printed so far, both streams as they came, unless its errors are thrown away. May hold anything: never put it into an error or a log. */
  output(): string
  /** Resolves as soon as `output` satisfies the test, or the program has ended; says whether it does. */
  printed(test: (output: string) => boolean): Promise<boolean>
  /** Writes to its standard input; nothing happens when it does not listen any more. */
  write(text: string): void
  /** It gets so much time from now on, instead of what it was started with. */
  extend(timeoutMs: number): void
  /** Ends its process group, and resolves when it is gone. */
  stop(): Promise<void>
  /** Its exit code, null when a signal ended it. */
  readonly ended: Promise<{ readonly how: ProgramEnd; readonly code: number | null }>
}

/** Why a program did not start: there is none, it is not for this machine, or the system would not. */
export class CannotStart extends Error {
  /** The system's code, such as ENOENT. */
  readonly code: string

  constructor(code: string) {
    super(`The program could not be started (${code}).`)
    this.name = 'CannotStart'
    this.code = code
  }
}

/** Starts a program in a process group of its own. Rejects with {@link CannotStart}. */
export async function startProgram(start: ProgramStart): Promise<BoundedProgram> {
  const child = await spawned(start)
  const watchers = new Set<() => void>()
  let output = ''
  let bytes = 0
  let how: ProgramEnd = 'exit'
  let timer: NodeJS.Timeout
  const end = (reason: ProgramEnd) => {
    if (how === 'exit') how = reason
    killGroup(child.pid)
  }
  const extend = (timeoutMs: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => end('timeout'), timeoutMs)
  }
  extend(start.timeoutMs)
  const hear = (isKept: boolean) => {
    // A character may come in two parts.
    const decoder = new StringDecoder('utf8')
    return (part: Buffer) => {
      bytes += part.length
      if (bytes > start.maxOutputBytes) return end('output')
      if (!isKept) return
      output += decoder.write(part)
      for (const look of watchers) look()
    }
  }
  child.stdout.on('data', hear(true))
  child.stderr.on('data', hear(start.keepErrors !== false))
  // It may end before it has read everything.
  child.stdin.on('error', () => child.stdin.destroy())
  const ended = new Promise<{ how: ProgramEnd; code: number | null }>((resolve) => {
    // What it left behind would hold the streams open, and `close` would never come.
    child.once('exit', () => {
      killGroup(child.pid)
      setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), DRAIN_MS).unref()
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ how, code })
      for (const look of watchers) look()
    })
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    async printed(test) {
      const seen = Promise.withResolvers<void>()
      const look = () => {
        if (test(output)) seen.resolve()
      }
      watchers.add(look)
      look()
      await Promise.race([seen.promise, ended])
      watchers.delete(look)
      return test(output)
    },
    write(text) {
      if (child.stdin.writable) child.stdin.write(text)
    },
    extend,
    async stop() {
      end('stopped')
      await ended
    },
    ended,
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function spawned({ program, words, environment, cwd }: ProgramStart): Promise<Child> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env: { ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    child.once('spawn', () => resolve(child))
    child.once('error', (error) => reject(new CannotStart(errorCode(error) || error.name)))
  })
}

/** Ends the whole group that this process leads, if any of it is left. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: all of it has ended. EPERM: what is left belongs to someone else (macOS says so of zombies).
    if (!['ESRCH', 'EPERM'].includes(errorCode(error))) throw error
  }
}
