// Showing what happens in a run while it happens: a line each, and on a terminal one more below that says how it is.

import { type RunNews, runNews } from '../../client/run-news.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import { isFinal, type RunState, stateInWords } from '../../domain/runs/run.ts'
import type { Connection } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT, exitOfSignal } from '../exit-codes.ts'
import { untilEnded } from '../signals.ts'
import { plain } from '../text.ts'
import { exitOfFailure, followLine, lastWords, readRun, waitingWords, waitsForPeople } from './ending.ts'
import { linesOf, saidLine } from './lines.ts'
import { type Said, saidIn } from './said.ts'

export interface Followed {
  readonly id: string
  /** Position of the last event that is known. */
  readonly after: number
  /** The message whose answer is waited for; null: until the run is over, or rests. */
  readonly until: string | null
  /** A line of JSON for each event. */
  readonly json: boolean
}

/**
 * The exit code says whether it went well. Ctrl-C ends the showing, not the run, and nobody knows yet: then it is that of a
 * program which a signal has ended. Where nobody can be asked it does not wait
 * for somebody to sign in before a message is answered.
 */
export async function follow(context: Context, connection: Connection, followed: Followed): Promise<number> {
  const ending = new AbortController()
  let interruption: number | null = null
  void untilEnded().then((signal) => {
    interruption = exitOfSignal(signal)
    ending.abort()
  })
  const said = saidIn(connection, followed.id)
  const exit = await showUntil(
    context,
    connection,
    { ...followed, said, heard: () => undefined },
    ending.signal,
  )
  ending.abort()
  return closing(context, connection, followed, exit ?? interruption)
}

/** What is shown, and to whom. */
export interface Showing extends Followed {
  /** What is known of messages; they are shown when the program is given them. */
  readonly said: Said
  /** After each event that was shown. */
  readonly heard: (news: RunNews) => void
  /** Events for which there are lines for people; left out: all. */
  readonly shows?: (event: RecordedEvent) => boolean
}

/** Shows what happens until that is reached; null: until the signal. The exit code is that of `follow`. */
export async function showUntil(
  context: Context,
  connection: Connection,
  showing: Showing,
  signal: AbortSignal,
): Promise<number | null> {
  const { id, after, until, heard } = showing
  let exit: number | null = null
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  for await (const news of runNews({ ...connection, runId: id, after, follow: true }, either)) {
    await show(context, news, showing)
    heard(news)
    exit = exitOf(news.event, until) ?? (await exitOfWaiting(context, connection, showing, news.event))
    if (exit !== null && (await isStillSo(connection, id, news.event))) break
    exit = null
  }
  context.ui.progress('')
  over.abort()
  return exit
}

// What rested or had failed once may go on since.
async function isStillSo(connection: Connection, id: string, event: RecordedEvent): Promise<boolean> {
  if (event.kind !== 'state' || isFinal(event.state)) return true
  const run = await readRun(connection, id)
  return run === null || run.state === event.state
}

async function closing(
  { ui }: Context,
  connection: Connection,
  { id, json }: Followed,
  exit: number | null,
): Promise<number> {
  const run = await readRun(connection, id)
  if (!json) for (const line of run === null ? [followLine(id)] : lastWords(run)) ui.note(line)
  return exit === EXIT.failed ? exitOfFailure(run) : (exit ?? EXIT.ok)
}

// Null: it goes on. What waited when it was said may go on by now.
async function exitOfWaiting(
  { ui }: Context,
  connection: Connection,
  { id, until, json }: Followed,
  event: RecordedEvent,
): Promise<number | null> {
  if (event.kind !== 'state' || event.state !== 'waiting_for_credentials') return null
  const run = await readRun(connection, id)
  if (run?.state !== 'waiting_for_credentials') return null
  if (!ui.interactive && until !== null && waitsForPeople(run)) return EXIT.failed
  ui.progress('')
  const { hint = (text) => text } = connection
  if (!json) for (const line of waitingWords(run)) ui.note(`  ${hint(line)}`)
  ui.progress(nowOf(event.state))
  return null
}

/** One event: its lines, or with --json a line of JSON. */
export async function show(
  { ui }: Context,
  news: RunNews,
  { json, said, shows = () => true }: Pick<Showing, 'json' | 'said' | 'shows'>,
): Promise<void> {
  const { event } = news
  ui.progress('')
  if (json) await ui.stream(`${JSON.stringify(news)}\n`)
  else if (shows(event))
    for (const line of await linesWithWords(event, said)) await ui.stream(`${plain(line)}\n`)
  if (event.kind === 'state' && !isFinal(event.state)) ui.progress(nowOf(event.state))
}

// A message is shown when the program is given it: what follows is the answer to it.
async function linesWithWords(event: RecordedEvent, said: Said): Promise<string[]> {
  const text = event.kind === 'message' && event.state === 'sent' ? await said(event.id) : null
  return [...(text === null ? [] : [saidLine(text)]), ...linesOf(event)]
}

const GOES_ON: Partial<Record<RunState, string>> = {
  queued: 'waiting for a worker (claviger worker, on any machine)',
  booting: 'making its workspace',
  working: 'working',
  reauthenticating: 're-authenticating',
  waiting_for_credentials: 'waiting for credentials',
}

function nowOf(state: RunState): string {
  return `${GOES_ON[state] ?? stateInWords(state)} …`
}

// Null: it goes on.
function exitOf(event: RecordedEvent, until: string | null): number | null {
  if (event.kind === 'message' && event.id === until) {
    if (event.state === 'done') return EXIT.ok
    return event.state === 'failed' ? EXIT.failed : null
  }
  if (event.kind !== 'state') return null
  if (event.state === 'failed' || event.state === 'cancelled') return EXIT.failed
  return event.state === 'done' || (event.state === 'hibernated' && until === null) ? EXIT.ok : null
}
