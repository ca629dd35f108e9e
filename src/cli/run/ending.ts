// How a run stands when nobody looks any more, or when it waits: words beside the answer, and the exit code.

import type { Output } from '../../api/schemas.ts'
import { isPassing } from '../../client/problem.ts'
import { isFinal, type RunState, stateInWords } from '../../domain/runs/run.ts'
import type { Connection } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { linkFromHere } from '../signing-in/links.ts'

export type Run = Output<'runs.read'>

/** Null while the server is away: what is known is enough. */
export async function readRun({ client }: Connection, id: string): Promise<Run | null> {
  try {
    const run = await client.call('runs.read', { id })
    return { ...run, link: run.link === null ? null : linkFromHere(client.server, run.link) }
  } catch (error) {
    if (isPassing(error)) return null
    throw error
  }
}

/** Whether it waits until a person does something: no time is known at which it goes on. */
export function waitsForPeople({ state, until }: Run): boolean {
  return state === 'waiting_for_credentials' && until === null
}

/** Of a turn or a run that did not end well: whether somebody has to sign in, or there is nothing at all. */
export function exitOfFailure(run: Run | null): number {
  // A link is there where credentials are what it lacks.
  if (run === null || run.link === null) return EXIT.failed
  return run.tried.length > 0 || run.credential !== null ? EXIT.needsLogin : EXIT.noCredential
}

const STANDING: Partial<Record<RunState, string>> = {
  failed: 'has failed',
  waiting_for_credentials: 'waits for credentials',
  reauthenticating: 'is re-authenticating',
}

/** How a run is, after its name. */
export function standing(state: RunState): string {
  return STANDING[state] ?? `is ${stateInWords(state)}`
}

/** When a run that waits for credentials goes on without anybody. */
export function goesOn({ until }: Pick<Run, 'until'>): string {
  return `It goes on by itself ${until === null ? 'as soon as there is one' : `at ${until}, or as soon as there is another`}.`
}

/** What to type about a run that waits for credentials. */
export function waitingWords(run: Run): string[] {
  const { harness, link } = run
  const where = link === null ? '' : `, or ${link}`
  return [`See what it lacks: claviger explain --harness ${harness}${where}`, goesOn(run)]
}

/** State, what it has used, what it was refused with, and how to go on. */
export function lastWords(found: Run): string[] {
  const run = { ...found, state: restingState(found) }
  const { id, state, tried, link, usage } = run
  const tokens = `${usage.input} tokens in (${usage.cachedInput} of them cached), ${usage.output} out`
  return [
    `Run ${id} ${standing(state)}; ${tokens}.`,
    ...(exitOfFailure(run) === EXIT.failed
      ? []
      : tried.map(({ name, type, reason }) => `Refused: ${name} (${type}): ${reason}`)),
    ...(state === 'failed' && link !== null ? [careLine(link)] : []),
    ...nextLine(run),
  ]
}

/** Where to look after the credentials that a run lacks: a page, or a command. */
export function careLine(link: string): string {
  return `Look after its credentials: ${link}`
}

// A worker says that a message is done before it says that it waits for the next.
export function restingState({ state, messages }: Run): Run['state'] {
  const isAnswered = messages.length > 0 && messages.every((one) => ['done', 'failed'].includes(one.state))
  return state === 'working' && isAnswered ? 'ready' : state
}

function nextLine(run: Run): string[] {
  const { id, state } = run
  if (isFinal(state)) return []
  if (state === 'waiting_for_credentials') return [...waitingWords(run), followLine(id)]
  if (state === 'failed') return [`Once that is mended, try again: claviger run wake ${id}`]
  if (state === 'ready' || state === 'hibernated') return [`Say more: claviger run send ${id} TEXT --follow`]
  return [followLine(id)]
}

/** For whoever stops looking at a run that goes on. */
export function followLine(id: string): string {
  return `The run goes on: claviger run logs ${id} --follow`
}
