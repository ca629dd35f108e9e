// A conversation with a program, turn by turn, over one process or over one for each turn. It hands on what happens and
// how each turn ended; what to do about that, it does not know.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Access } from '../../domain/runs/conversation.ts'
import {
  addUsage,
  type ConversationEvent,
  type Failure,
  NO_USAGE,
  type Usage,
} from '../../domain/runs/conversation.ts'
import {
  type ConversationReader,
  type Conversing,
  FAILURE_CODE,
  type Session,
} from '../../harnesses/conversing.ts'
import type { Environment } from '../materialize.ts'
import type { Lifeline } from '../supervise.ts'
import { type Child, startChild } from './child.ts'

export interface TalkOptions {
  readonly conversing: Conversing
  /** Full path. */
  readonly program: string
  readonly environment: Environment
  readonly cwd: string
  readonly session: Session
  readonly model: string | null
  readonly access: Access
  /** As for the port of a conversation. */
  readonly isForStrangers?: boolean
  /** What the session has used before. */
  readonly used: Usage
  /** Takes out of a line what nobody may read. */
  readonly redact: (line: string) => string | Promise<string>
  /** What happens, but for the ends of turns. While it is pending the program is not read. */
  readonly hear: (event: ConversationEvent) => void | Promise<void>
  /**
   * A program that says nothing for so long has got stuck, and so has one that says only that it tries again; while a tool
   * is at work it may be silent for longer.
   */
  readonly silenceMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onStart?: (pid: number) => Promise<void>
  readonly lifeline?: Lifeline
}

export type TurnEnd =
  | { readonly kind: 'done'; readonly usage: Usage | null }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly usage: Usage | null }

export interface Talk {
  /** What the program calls its memory of this; null until it has said so. */
  readonly session: string | null
  /** Whether a process is there that another message can be given to. */
  readonly isRunning: boolean
  /**
   * Gives the program a text, and reads until its turn is over. One at a time. Throws `invalid` when the program cannot be
   * started; whatever else happens is how the turn ended.
   */
  turn(text: string): Promise<TurnEnd>
  /** Ends the process, and a turn with it. There are no more turns. */
  stop(): Promise<void>
}

// A tool, such as a build, may be at work for so many times longer.
const TOOLS_TAKE = 12

// Between asking a process to end and ending it. Milliseconds.
const GRACE = 5_000

const FAILED_SILENT = 'It has said nothing for too long, and was ended.'

interface Process {
  readonly child: Child
  readonly reader: ConversationReader
}

export function createTalk(options: TalkOptions): Talk {
  const { conversing } = options
  let { session: start, used } = options
  let name: string | null = start.kind === 'resume' ? start.id : null
  let process: Process | null = null
  let isStopped = false

  const open = async (): Promise<Process> => {
    const { model, access, isForStrangers = false } = options
    const words = conversing.arguments({ session: start, model, access, isForStrangers })
    const { program, cwd, lifeline } = options
    const environment = { ...options.environment, ...conversing.environment }
    const child = await startChild({ program, words, environment, cwd, lifeline })
    await options.onStart?.(child.pid)
    return { child, reader: conversing.reader({ used, now: options.now }) }
  }
  const close = async () => {
    const there = process
    process = null
    await there?.child.stop(GRACE)
  }
  const hear = async (event: ConversationEvent) => {
    if (event.kind === 'session') {
      name = event.session
      start = { kind: 'resume', id: event.session }
    }
    await options.hear(event)
  }
  // An earlier process has begun the session, and was gone before it could say so.
  const goOnWith = async (end: TurnEnd) => {
    if (end.kind === 'done' || end.failure.code !== FAILURE_CODE.sessionInUse || start.kind !== 'new') return
    await hear({ kind: 'session', session: start.id, model: null })
  }

  return {
    get session() {
      return name
    },
    get isRunning() {
      return process !== null
    },
    async turn(text) {
      process ??= await open()
      const { child } = process
      // While it was started.
      if (isStopped) {
        await close()
        return failed(STOPPED)
      }
      child.write(conversing.input(text))
      if (conversing.processFor === 'turn') child.closeInput()
      const end = await readTurn(process, options, hear)
      used = addUsage(used, end.usage ?? NO_USAGE)
      await goOnWith(end.turn)
      const isOver = end.hasEnded || end.isStuck
      if (conversing.processFor === 'turn' && !isOver) await atMost(GRACE, child.ended)
      if (conversing.processFor === 'turn' || isOver) await close()
      return end.turn
    },
    stop() {
      isStopped = true
      return close()
    },
  }
}

interface Read {
  readonly turn: TurnEnd
  readonly usage: Usage | null
  /** The process is gone. */
  readonly hasEnded: boolean
  readonly isStuck: boolean
}

// Until the turn is over, the process is gone, or nothing was said for too long.
async function readTurn(
  { child, reader }: Process,
  { redact, silenceMs }: TalkOptions,
  hear: (event: ConversationEvent) => Promise<void>,
): Promise<Read> {
  const tools = new Set<string>()
  let waited = 0
  let retried: Failure | null = null
  for (;;) {
    const patience = tools.size > 0 ? TOOLS_TAKE * silenceMs : silenceMs
    const began = performance.now()
    const line = await withPatience(Math.max(0, patience - waited), child.next())
    waited += performance.now() - began
    if (line === 'silence') {
      const failure = retried ?? { ...NO_FAILURE, text: FAILED_SILENT }
      return read(failed(failure), { isStuck: true })
    }
    if (line === null) {
      const { code, signal } = await child.ended
      return read(failed(reader.ended({ exitCode: code, signal })), { hasEnded: true })
    }
    const text = await redact(line.text)
    const events = line.from === 'output' ? reader.read(text) : reader.readError(text)
    if (line.from === 'output' && !isOnlyRetrying(events)) {
      waited = 0
      retried = null
    }
    for (const event of events) {
      if (event.kind === 'retry') retried = event.failure
      if (event.kind === 'turn-done') return read({ kind: 'done', usage: event.usage })
      if (event.kind === 'turn-failed')
        return read({ kind: 'failed', failure: event.failure, usage: event.usage })
      if (event.kind === 'tool') tools.add(event.call)
      if (event.kind === 'tool-result') tools.delete(event.call)
      await hear(event)
    }
  }
}

// A program may try again for ever, and says so all the time: Codex does without a network.
function isOnlyRetrying(events: readonly ConversationEvent[]): boolean {
  return events.length > 0 && events.every(({ kind }) => kind === 'retry')
}

const NO_FAILURE: Failure = { kind: 'program', status: null, code: 'silent', text: '', resetsAt: null }

const STOPPED: Failure = { ...NO_FAILURE, code: FAILURE_CODE.died, text: 'It was ended.' }

function failed(failure: Failure): TurnEnd {
  return { kind: 'failed', failure, usage: null }
}

function read(turn: TurnEnd, how: Partial<Pick<Read, 'hasEnded' | 'isStuck'>> = {}): Read {
  return { turn, usage: turn.usage, hasEnded: false, isStuck: false, ...how }
}

async function withPatience<T>(milliseconds: number, work: Promise<T>): Promise<T | 'silence'> {
  const over = new AbortController()
  const silence = sleep(milliseconds, 'silence' as const, { signal: over.signal, ref: false })
  silence.catch(() => undefined)
  try {
    return await Promise.race([work, silence])
  } finally {
    over.abort()
  }
}

async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  await withPatience(milliseconds, work)
}
