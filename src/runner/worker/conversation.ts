// The messages of a run, one after the other. A turn that is refused is healed and goes on where it was; a message is
// given to the program once, whatever happens.

import { ClavigerError, type ErrorCode, inOneLine } from '../../domain/errors.ts'
import { nothingLeft } from '../../domain/resolution/verdicts.ts'
import type { ConversationEvent, Failure } from '../../domain/runs/conversation.ts'
import type { TurnEnd } from '../conversing/talk.ts'
import type { LeaseRequest } from '../lease-source.ts'
import type { Reporter } from '../reporting/reporter.ts'
import { createHealing, type Healing, type Next } from './healing.ts'
import type { Inbox } from './inbox.ts'
import { isOfLeaseOver, type Questions } from './questions.ts'
import type { ClaimedRun, PendingMessage, RunServer } from './run-server.ts'
import type { Seat } from './seat.ts'
import { Interrupted, pause, persistently, untilArrival } from './waiting.ts'

export interface Conversation {
  readonly server: RunServer
  readonly run: ClaimedRun
  readonly seat: Seat
  readonly inbox: Inbox
  /** The count of the choice that it was seated by. */
  readonly seated: { choice: number }
  readonly reporter: Reporter
  /** What this machine has of its own. */
  readonly ambient: () => Promise<LeaseRequest['ambient']>
  readonly continuation: string
  readonly questions: Questions
  /** Aborts when its process is to end. */
  readonly signal: AbortSignal
}

/** Goes on until it is interrupted, or throws why the run has failed. */
export async function converse(conversation: Conversation): Promise<never> {
  const { inbox, reporter, signal } = conversation
  for (;;) {
    const { bell } = inbox
    const message = inbox.first()
    if (message === null) {
      reporter.say({ is: 'state', state: 'ready' })
      await unlessInterrupted(signal, inbox.news(bell))
    } else {
      await carryUnlessInterrupted(conversation, message)
      inbox.taken(message.id)
    }
  }
}

// Whoever breaks a message off wants the program to end, whatever it is about; the next one has a process of its own.
async function carryUnlessInterrupted(conversation: Conversation, message: PendingMessage): Promise<void> {
  const { inbox, seat, reporter } = conversation
  const breaking = inbox.interruption(message.id)
  const end = () => void seat.leave().catch(() => undefined)
  breaking.addEventListener('abort', end, { once: true })
  try {
    const signal = AbortSignal.any([conversation.signal, breaking])
    await carry({ ...conversation, signal }, message)
  } catch (error) {
    if (!breaking.aborted || conversation.signal.aborted) throw error
    await seat.leave()
    await reporter.tell({ is: 'message', message: message.id, state: 'failed', reason: INTERRUPTED })
  } finally {
    breaking.removeEventListener('abort', end)
  }
}

async function carry(conversation: Conversation, message: PendingMessage): Promise<void> {
  const { run, seat, reporter, continuation, questions, signal } = conversation
  if (signal.aborted) throw new Interrupted()
  if (!(await isWellSeated(conversation))) await sit(conversation)
  if (message.state === 'queued') await reporter.tell({ is: 'message', message: message.id, state: 'sent' })
  const healing = createHealing({
    ask: questions.ask,
    serving: () => seat.lease?.credential?.id ?? null,
    exhausted: nothingLeft(run.harness),
  })
  for (;;) {
    // The program is given nothing after somebody wants it to end.
    if (signal.aborted) throw new Interrupted()
    reporter.say({ is: 'state', state: 'working' })
    const isGiven = await seat.has(message.id, message.text)
    const end = await turn(conversation, message.id, isGiven ? continuation : message.text)
    if (end.kind === 'done') {
      await reporter.tell({ is: 'message', message: message.id, state: 'done' })
      return settle(conversation)
    }
    const because = await goOn(conversation, healing, end.failure)
    if (because !== null)
      return reporter.tell({ is: 'message', message: message.id, state: 'failed', reason: because })
  }
}

async function turn(
  { seat, reporter, signal }: Conversation,
  message: string,
  text: string,
): Promise<TurnEnd> {
  const end = await seat.give(message, text)
  if (signal.aborted) throw new Interrupted()
  const lease = seat.lease?.leaseId
  reporter.say({ is: 'event', event: eventOf(end), ...(lease !== undefined && { lease }) })
  return end
}

function eventOf(end: TurnEnd): ConversationEvent {
  if (end.kind === 'done') return { kind: 'turn-done', usage: end.usage }
  return { kind: 'turn-failed', failure: end.failure, usage: end.usage }
}

const INTERRUPTED = 'it was interrupted'

const BEGINS_ANEW =
  'The program does not find this conversation any more. It begins another one, and knows nothing of what was said before.'

// The server was asked about a refusal, and the turn went well all the same: what it has decided holds.
async function settle({ seat, questions }: Conversation): Promise<void> {
  const verdict = await questions.open()
  if (verdict?.kind === 'switch') await seat.take(verdict.lease)
}

// Null when the message goes on; else why it has failed. Throws why the run has.
async function goOn(conversation: Conversation, healing: Healing, failure: Failure): Promise<string | null> {
  const { seat, reporter, signal } = conversation
  let next: Next = await healing.next(failure)
  for (let looks = 0; next.kind === 'wait'; looks += 1)
    next = await waitFor(conversation, healing, next, { failure, looks })
  switch (next.kind) {
    case 'again':
      await pause(next.afterMs, signal)
      break
    case 'refresh':
      await refresh(conversation)
      break
    case 'take':
      await seat.take(next.lease)
      break
    case 'acquire':
      await sit(conversation)
      break
    case 'begin anew':
      reporter.say({ is: 'event', event: { kind: 'notice', text: BEGINS_ANEW } })
      seat.forget()
      if (seat.lease !== null) await seat.take(seat.lease)
      break
    case 'message failed':
      return next.because
    case 'run failed':
      throw new RunFailed(next.because)
  }
  if (signal.aborted) throw new Interrupted()
  return null
}

async function refresh(conversation: Conversation): Promise<void> {
  const { seat, signal } = conversation
  try {
    await persistently(() => seat.refresh(), signal)
  } catch (error) {
    if (!isOfLeaseOver(error)) throw error
    await sit(conversation)
  }
}

// The lease is kept meanwhile: it knows what the run was refused with.
async function waitFor(
  { seat, server, reporter, signal }: Conversation,
  healing: Healing,
  { because, until }: Extract<Next, { kind: 'wait' }>,
  { failure, looks }: { readonly failure: Failure; readonly looks: number },
): Promise<Next> {
  const { lease } = seat
  const latest = until === null ? {} : { until: new Date(until).toISOString() }
  reporter.say({ is: 'state', state: 'waiting_for_credentials', reason: because, ...latest })
  const arrival = lease === null ? 'acquire' : await untilArrival(server.live, lease, until, signal, looks)
  if (signal.aborted) throw new Interrupted()
  return arrival === 'ask' ? healing.ask(failure) : { kind: arrival, because }
}

/** What may be had later. */
const LACKING: readonly ErrorCode[] = ['no_credential', 'needs_login']

// Milliseconds.
const SHORTEST_LOOK = 2_000
const LONGEST_LOOK = 30_000

// What it has is what was chosen last, and a lease that still runs: another may have taken the credential away meanwhile.
async function isWellSeated({ seat, seated, inbox, server, signal }: Conversation): Promise<boolean> {
  const { lease } = seat
  if (lease === null || seated.choice !== choiceIn(inbox)) return false
  return persistently(() => server.live.read(lease.leaseId), signal).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Interrupted) throw error
      // What else is wrong with it the turn will find out.
      return !isOfLeaseOver(error)
    },
  )
}

function choiceIn({ chosen }: Inbox): number {
  return chosen?.count ?? 0
}

// A lease on what serves the run now; it waits for one as long as it takes, and looks at once when another is chosen.
async function sit(conversation: Conversation): Promise<void> {
  const { server, run, seat, seated, inbox, reporter, ambient, signal } = conversation
  for (let wait = SHORTEST_LOOK; ; wait = Math.min(2 * wait, LONGEST_LOOK)) {
    const { bell } = inbox
    const choice = choiceIn(inbox)
    const lease = await persistently(async () => server.lease(run, await ambient()), signal).catch(
      (error: unknown) => {
        if (!(error instanceof ClavigerError) || !LACKING.includes(error.code)) throw error
        reporter.say({ is: 'state', state: 'waiting_for_credentials', reason: inOneLine(error) })
        return null
      },
    )
    if (lease !== null) {
      seated.choice = choice
      return seat.take(lease)
    }
    await Promise.race([pause(wait, signal), inbox.news(bell)])
    if (signal.aborted) throw new Interrupted()
  }
}

class RunFailed extends ClavigerError {
  constructor(because: string) {
    super('rejected', because)
  }
}

async function unlessInterrupted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  if (signal.aborted) throw new Interrupted()
  const stop = Promise.withResolvers<never>()
  const abort = () => stop.reject(new Interrupted())
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([work, stop.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
