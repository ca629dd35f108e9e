// One turn of a conversation: a message, and what happens until it is answered.

import type { RunNews } from '../../client/run-news.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import type { RunState } from '../../domain/runs/run.ts'
import { EXIT } from '../exit-codes.ts'
import { careLine, exitOfFailure, readRun } from '../run/ending.ts'
import { type Showing, show, showUntil } from '../run/follow.ts'
import { saidIn } from '../run/said.ts'
import type { Chat } from './opening.ts'

/** A message that the agent has. */
export interface InHand {
  readonly message: string
  /** How it ended, as an exit code; null: the signal was first. */
  readonly answered: Promise<number | null>
}

/** Throws what the server refuses. */
export async function say(chat: Chat, text: string, signal: AbortSignal): Promise<InHand> {
  const { connection, id } = chat
  const { message } = await connection.client.call('runs.send', { id, text })
  return { message: message.id, answered: answer(chat, message.id, signal) }
}

async function answer(chat: Chat, message: string, signal: AbortSignal): Promise<number | null> {
  const { context, connection, id, after } = chat
  const showing = { ...showingOf(chat), id, after, until: message }
  const exit = await showUntil(context, connection, showing, signal)
  if (exit !== EXIT.failed) return exit
  const run = await readRun(connection, id)
  if (run?.state === 'failed' && !chat.json) {
    for (const { name, type, reason } of run.tried) context.ui.note(`Refused: ${name} (${type}): ${reason}`)
    if (run.link !== null) context.ui.note(careLine(run.link))
  }
  return exitOfFailure(run)
}

/** Shows one event as those of a turn are. */
export async function showIn(chat: Chat, news: RunNews): Promise<void> {
  await show(chat.context, news, showingOf(chat))
  noteIn(chat, news)
}

function showingOf(chat: Chat): Pick<Showing, 'json' | 'said' | 'heard' | 'shows'> {
  const { context, connection, id, json } = chat
  return {
    ...{ json, shows: isWorthALine, heard: (news) => noteIn(chat, news) },
    // Who has typed it sees it.
    said: context.ui.interactive ? async () => null : saidIn(connection, id),
  }
}

function noteIn(chat: Chat, { position, event }: RunNews): void {
  chat.after = position
  if (event.kind !== 'session') return
  chat.session = event.session
  chat.model = event.model ?? chat.model
}

const QUIET: readonly RunState[] = ['queued', 'booting', 'ready', 'working']

function isWorthALine(event: RecordedEvent): boolean {
  return event.kind !== 'state' || event.reason !== '' || !QUIET.includes(event.state)
}
