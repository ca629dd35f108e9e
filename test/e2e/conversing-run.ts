// Holds a conversation with a real program in the way its harness says: what a worker does, without all that heals.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import {
  type ConversationEvent,
  type Failure,
  NO_USAGE,
  type Usage,
} from '../../src/domain/runs/conversation.ts'
import type { ConversationReader, ConversationStart, Conversing } from '../../src/harnesses/conversing.ts'

const TIME_LIMIT_MS = 50_000

export interface Place {
  readonly program: string
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Spoken {
  readonly events: readonly ConversationEvent[]
  readonly exitCode: number | null
  /** What the reader makes of the end, whether or not a turn was under way. */
  readonly ended: Failure
}

export interface Talk extends ConversationStart {
  readonly messages: readonly string[]
  readonly used?: Usage
}

/** One process: takes the messages one after the other, each when the turn of the last is over. */
export async function talk(conversing: Conversing, place: Place, how: Talk): Promise<Spoken> {
  const zone = process.env.TZ
  const child = spawn(place.program, conversing.arguments(how), {
    cwd: place.cwd,
    env: {
      ...{ PATH: '/usr/bin:/bin', TERM: 'dumb' },
      // Codex tells times of day.
      ...(zone !== undefined && { TZ: zone }),
      ...place.environment,
      ...conversing.environment,
    },
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const waiting = how.messages.map((text) => conversing.input(text))
  const reader = conversing.reader({ used: how.used ?? NO_USAGE, now: Date.now })
  const next = () => {
    const message = waiting.shift()
    if (message !== undefined) child.stdin.write(message)
    if (message === undefined || conversing.processFor === 'turn') child.stdin.end()
  }
  // A program that refuses to start does not read.
  child.stdin.on('error', () => undefined)
  next()
  const events = await listen(child, reader, next)
  const ended = reader.ended({ exitCode: child.exitCode, signal: child.signalCode })
  return { events, exitCode: child.exitCode, ended }
}

async function listen(
  child: ChildProcessWithoutNullStreams,
  reader: ConversationReader,
  onTurn: () => void,
): Promise<ConversationEvent[]> {
  const events: ConversationEvent[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const read = reader.read(line)
    events.push(...read)
    if (read.some(({ kind }) => kind === 'turn-done' || kind === 'turn-failed')) onTurn()
  })
  createInterface({ input: child.stderr }).on('line', (line) => events.push(...reader.readError(line)))
  await once(child, 'close')
  return events
}

/** The kinds of the events, in order. */
export function kindsOf({ events }: Spoken): string[] {
  return events.map(({ kind }) => kind)
}

/** The name that the program gave its session. */
export function sessionOf({ events }: Spoken): string {
  const found = events.find((event) => event.kind === 'session')
  if (found === undefined) throw new Error('No session was told.')
  return found.session
}
