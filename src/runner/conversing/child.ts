// A program that we talk to over its standard streams, in a process group of its own: what it has started ends with it, and
// when it is stopped also what has left the group.
// It does not know what the lines mean.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendantsOf } from '../../lib/process.ts'
import { signalProcess } from '../../lib/programs/ending.ts'
import type { Environment } from '../materialize.ts'
import { cannotStart, type Lifeline, withLifeline } from '../supervise.ts'
import { createLineSplitter } from './lines.ts'

// So much may wait to be read before the program has to wait itself.
const MOST_WAITING = 1_000

// Nothing comes any more when nothing came for so long after its end.
const LAST_WORDS_MS = 1_000

export interface ChildOptions {
  /** Full path. */
  readonly program: string
  readonly words: readonly string[]
  readonly environment: Environment
  readonly cwd: string
  readonly lifeline?: Lifeline
}

export interface Line {
  readonly from: 'output' | 'errors'
  readonly text: string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly pid: number
  /** Null once all output has been read and the program has ended. At most one question at a time. */
  next(): Promise<Line | null>
  /** Writes to its standard input; one that has ended does not get it. */
  write(text: string): void
  /** Says that nothing more will come. */
  closeInput(): void
  readonly ended: Promise<Ended>
  /** Asks it to end, and after `graceMs` does not ask any more. Resolves when the program and its group are gone. */
  stop(graceMs: number): Promise<Ended>
}

/** Starts it. Throws `invalid` when that cannot be done. */
export function startChild(options: ChildOptions): Promise<Child> {
  const { program, environment, cwd } = options
  const [command, words] = withLifeline(program, options.words, options.lifeline)
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env: { ...environment }, stdio: 'pipe', detached: true })
    const ended = new Promise<Ended>((end) => child.once('close', (code, signal) => end({ code, signal })))
    // Writing to a program that has ended fails here, and nowhere else.
    child.stdin.on('error', () => undefined)
    // What it has started ends with it, also where it was not asked to end.
    child.once('exit', () => signalGroup(child.pid ?? 0, 'SIGKILL'))
    child.once('error', (error) => reject(cannotStart(program, error)))
    child.once('spawn', () => resolve(running(child, child.pid ?? 0, ended)))
  })
}

function running(child: ChildProcess, pid: number, ended: Promise<Ended>): Child {
  const lines = readLines(child, ended)
  return {
    pid,
    ended,
    next: lines.next,
    write: (text) => void child.stdin?.write(text),
    closeInput: () => void child.stdin?.end(),
    async stop(graceMs) {
      if (hasEnded(child)) return ended
      // Tools may have a session of their own, and then are nobody's when their parents have ended.
      const started = descendantsOf(pid)
      signalGroup(pid, 'SIGTERM')
      for (const one of started) signalProcess(one, 'SIGTERM')
      await Promise.race([ended, sleep(graceMs, undefined, { ref: false })])
      if (!hasEnded(child)) {
        started.push(...descendantsOf(pid))
        signalGroup(pid, 'SIGKILL')
      }
      for (const one of started) signalProcess(one, 'SIGKILL')
      return ended
    },
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid < 2) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: all of it is gone already.
    return
  }
}

// Both streams in the order of their arrival; who reads slowly slows the program down.
function readLines(child: ChildProcess, ended: Promise<Ended>) {
  const waiting: Line[] = []
  let arrived = 0
  let isOver = false
  let wake: () => void = () => undefined
  const streams = [
    { from: 'output', stream: child.stdout },
    { from: 'errors', stream: child.stderr },
  ] as const
  const flow = () => {
    for (const { stream } of streams) {
      if (waiting.length >= MOST_WAITING) stream?.pause()
      else stream?.resume()
    }
  }
  for (const { from, stream } of streams) {
    const splitter = createLineSplitter()
    const add = (texts: readonly string[]) => {
      for (const text of texts) waiting.push({ from, text })
      if (waiting.length >= MOST_WAITING) flow()
      wake()
    }
    stream?.on('data', (piece: Buffer) => {
      arrived += piece.length
      add(splitter.push(piece))
    })
    stream?.on('end', () => {
      const last = splitter.end()
      if (last !== null) add([last])
    })
  }
  void ended.then(() => {
    isOver = true
    wake()
  })
  // A process that has left the group may hold the streams open for ever. What is still in them is read first.
  child.once('exit', async () => {
    for (let before = -1; before !== arrived || waiting.length >= MOST_WAITING; ) {
      before = arrived
      await sleep(LAST_WORDS_MS, undefined, { ref: false })
    }
    for (const { stream } of streams) stream?.destroy()
  })
  return {
    async next(): Promise<Line | null> {
      while (waiting.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const line = waiting.shift() ?? null
      if (waiting.length < MOST_WAITING / 2) flow()
      return line
    },
  }
}
