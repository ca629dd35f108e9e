// Runs one program to its end in our place: same terminal, same signals, same exit code. It does not know what the
// program is and does not clean up after it.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { errorCode } from '../lib/atomic-file.ts'
import { isTerminalForeground } from '../lib/process.ts'
import type { Environment } from './materialize.ts'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

// A terminal sends these to the program as well; a second one would make Claude Code and Codex quit at once.
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT']

// How long the streams of a program may stay open after its end.
const LAST_WORDS_MS = 1_000

// The kernel then sends SIGTERM to the program when we are killed and cannot forward anything any more.
const LIFELINE = '/usr/bin/setpriv'
const LIFELINE_WORDS = ['--pdeathsig', 'TERM', '--']

/** Takes signals from now on, so that nothing is left behind by a Ctrl-C while things are being prepared. */
export interface SignalRelay {
  /** The first signal that came before there was a program to send it to. */
  readonly early: NodeJS.Signals | null
  /** Aborts with the first such signal. */
  readonly interruption: AbortSignal
  /** From now on signals go to the program; an early one at once. */
  attach(child: ChildProcess): void
  dispose(): void
}

export interface Supervised {
  /** Full path. */
  readonly program: string
  readonly words: readonly string[]
  readonly environment: Environment
  readonly cwd: string
  readonly relay: SignalRelay
  /** Called with the id of the program once it runs. */
  readonly onStart?: (pid: number) => Promise<void>
  readonly lifeline?: Lifeline
  /** Without this it has our own streams. */
  readonly aside?: Aside
}

/** A program that is asked something: it reads nothing, and what it says is not shown. */
export interface Aside {
  /** Hears what it says: its answer, or what it says beside it. */
  readonly heard: (said: { readonly from: 'stdout' | 'stderr'; readonly text: string }) => void
  /** It is ended after so many milliseconds. */
  readonly limitMs: number
}

/** A program like setpriv(1) that ties the child's life to ours; by default that one, where it is Linux's own. */
export type Lifeline = string | null | undefined

/** Starts to take signals. Call `dispose` when everything is cleaned up. */
export function relaySignals(): SignalRelay {
  let early: NodeJS.Signals | null = null
  let target: ChildProcess | null = null
  const interruption = new AbortController()
  const handlers = FORWARDED.map((signal) => {
    const handler = () => {
      if (target === null) {
        early ??= signal
        interruption.abort()
      } else if (!FROM_TERMINAL.includes(signal) || !isTerminalForeground()) target.kill(signal)
    }
    process.on(signal, handler)
    return { signal, handler }
  })
  return {
    get early() {
      return early
    },
    interruption: interruption.signal,
    attach(child) {
      target = child
      if (early !== null) child.kill(early)
    },
    dispose() {
      for (const { signal, handler } of handlers) process.off(signal, handler)
    },
  }
}

/**
 * Runs the program with our own standard streams and waits for its end. Returns its exit code, or 128 + the number of
 * the signal that ended it. Throws `invalid` when it cannot be started.
 */
export function supervise(options: Supervised): Promise<number> {
  const { program, words, environment, cwd, relay, onStart } = options
  const [command, commandWords] = withLifeline(program, words, options.lifeline)
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = options.aside === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe']
    const child = spawn(command, commandWords, { cwd, env: { ...environment }, stdio })
    const over = hear(child, options.aside)
    let noted: Promise<void> = Promise.resolve()
    child.once('error', (error) => reject(cannotStart(program, error)))
    child.once('spawn', () => {
      relay.attach(child)
      if (child.pid !== undefined && onStart !== undefined) noted = onStart(child.pid)
      // Awaited below; a failure must not count as unhandled until then.
      noted.catch(() => undefined)
    })
    child.once('exit', (code, signal) => {
      Promise.all([noted, over]).then(() => resolve(exitCodeOf(code, signal)), reject)
    })
  })
}

// Resolves when it has said everything. What it has left behind may hold the streams open: then that does.
function hear(child: ChildProcess, aside: Aside | undefined): Promise<unknown> {
  if (aside === undefined) return Promise.resolve()
  const { heard, limitMs } = aside
  const limit = setTimeout(() => child.kill('SIGTERM'), limitMs)
  for (const from of ['stdout', 'stderr'] as const)
    child[from]?.setEncoding('utf8').on('data', (text: string) => heard({ from, text }))
  const closed = new Promise((resolve) => child.once('close', resolve))
  const late = new Promise((resolve) => {
    child.once('exit', () => {
      clearTimeout(limit)
      setTimeout(resolve, LAST_WORDS_MS).unref()
    })
    child.once('error', () => clearTimeout(limit))
  })
  return Promise.race([closed, late])
}

/** The command that runs this program, tied to our life where that can be done. */
export function withLifeline(
  program: string,
  words: readonly string[],
  lifeline: Lifeline = defaultLifeline(),
): readonly [command: string, words: readonly string[]] {
  return lifeline === null ? [program, words] : [lifeline, [...LIFELINE_WORDS, program, ...words]]
}

/** What a shell would report: the code, or 128 + the signal's number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code
  return signal === null ? 1 : 128 + (constants.signals[signal] ?? 0)
}

function defaultLifeline(): string | null {
  return process.platform === 'linux' && isRealLifeline() ? LIFELINE : null
}

// Busybox has a program of that name that cannot do this.
function isRealLifeline(): boolean {
  try {
    return basename(realpathSync(LIFELINE)) === basename(LIFELINE)
  } catch {
    return false
  }
}

/** `invalid`: why this program was not started. */
export function cannotStart(program: string, error: Error): ClavigerError {
  const tooLong = errorCode(error) === 'E2BIG'
  return new ClavigerError(
    'invalid',
    `${program} could not be started (${errorCode(error) || error.name}).`,
    {
      hint: tooLong
        ? 'Its environment or its arguments are too long.'
        : 'Check that it is a program for this machine.',
      cause: error,
    },
  )
}
