// A run: one conversation with a harness, which outlives its credential, its process and its machine's naps. What happens
// to it is a step; `after` is the whole of its bookkeeping, and refuses what cannot happen.

import { ClavigerError } from '../errors.ts'
import { addUsage, NO_USAGE, type Usage } from './conversation.ts'
import type { RunChoice, RunPreference, ServingCredential } from './serving-credential.ts'

/** As people see it. */
export const RUN_STATES = [
  'queued', // nobody has claimed it, or whoever did has not been heard of
  'booting', // a worker makes its workspace and starts the program
  'ready', // the program waits for a message
  'working', // a turn is under way
  'reauthenticating', // its credential was refused, and is renewed or replaced
  'waiting_for_credentials', // nothing serves it; it goes on by itself when something does
  'hibernated', // nothing of it runs; a message or `wake` goes on
  'failed', // it came to an end that nobody wanted; a message or `wake` starts it again
  'cancelled',
  'done', // the person or the caller ended it
] as const
export type RunState = (typeof RUN_STATES)[number]

/** Nothing can happen to it any more. */
export const FINAL_STATES: readonly RunState[] = ['cancelled', 'done']

/** Nothing happens to it by itself any more. */
export const OVER_STATES: readonly RunState[] = ['failed', ...FINAL_STATES]

export function isOver(state: RunState): boolean {
  return OVER_STATES.includes(state)
}

export function isFinal(state: RunState): boolean {
  return FINAL_STATES.includes(state)
}

/** A worker has it. */
export const HELD_STATES: readonly RunState[] = RUN_STATES.filter(
  (state) => state !== 'queued' && state !== 'hibernated' && !isOver(state),
)

/** Whether a worker has it. */
export function isHeld(state: RunState): boolean {
  return HELD_STATES.includes(state)
}

/** What somebody wants of a run that a worker has; the worker hears of it and obeys. */
export type RunWish = 'hibernate' | 'cancel' | 'end'

/** What a person may ask of a run beside sending it a message. */
export type RunRequest = RunWish | 'wake'

export const MESSAGE_STATES = ['queued', 'sent', 'done', 'failed'] as const
/** `sent`: the program has it, and what came of it is not known yet. */
export type MessageState = (typeof MESSAGE_STATES)[number]

/** A worker's hold on a run. Each claim has an id of its own that nobody can guess: reports name it. */
export interface Claim {
  readonly id: string
  readonly worker: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** The worker's process that asked for it, and which of its questions that was, counted. Missing: it did not say. */
  readonly process?: string
  readonly asked?: number
}

/** The bookkeeping of a run. Times are milliseconds since 1970. */
export interface Run {
  readonly state: RunState
  readonly since: number
  /** Why it is in this state, for people; empty when there is nothing to say. */
  readonly reason: string
  readonly wish: RunWish | null
  /** Somebody woke it after it was wished to hibernate, which its worker may be about already. Missing: nobody did. */
  readonly woken?: boolean
  readonly claim: Claim | null
  /** How often it was claimed. */
  readonly claims: number
  /** The claim that its worker ended by itself, while there is no other. */
  readonly lastClaim: string | null
  /** While its worker is not heard of: what it was then. */
  readonly lost: RunState | null
  /** The worker that has its workspace and the session in it; null: nobody yet. */
  readonly place: string | null
  /** What serves it, or served it last; null: nothing yet, or the machine's own login. */
  readonly credential: ServingCredential | null
  /** Missing: nobody has chosen since it was started. */
  readonly chosen?: RunChoice
  /** The message that its worker is to break off, or was last. Missing: none ever. */
  readonly interrupted?: string
  /** The beginning of its first message, where it was begun without one. Missing: it was not, or nothing was said yet. */
  readonly title?: string
  /** What the program calls its memory of the conversation. */
  readonly session: string | null
  readonly queuedAt: number
  /** While it waits for credentials: when somebody should look again; null: when somebody has signed in. */
  readonly until: number | null
  /** Number of the last item that was taken in from this claim. */
  readonly reported: number
  /** Position of its last event, and of its last message. */
  readonly events: number
  readonly messages: number
  /** Messages that are queued, and those that were sent and of which nobody knows yet. */
  readonly waiting: number
  readonly open: number
  /** Counts what its worker should hear of. */
  readonly bell: number
  readonly usage: Usage
}

/** States that a worker reports of a run it has. */
export const REPORTED_STATES = [
  'queued', // this process gives it back, for another to go on where it was
  'ready',
  'working',
  'reauthenticating',
  'waiting_for_credentials',
  'hibernated',
  'failed',
  'cancelled',
  'done',
] as const satisfies readonly RunState[]
export type ReportedState = (typeof REPORTED_STATES)[number]

/**
 * What becomes of the workspace of a run that its worker has no more. `kept`: that worker may be back. `left`: it is gone,
 * and another can make it anew. `gone`: nobody can.
 */
export type LeftWorkspace = 'kept' | 'left' | 'gone'

/** One thing that happens to a run. */
export type Step =
  | { readonly is: 'asked'; readonly what: RunRequest; readonly at: number }
  /** `title`: what it is called from now on. */
  | { readonly is: 'message-queued'; readonly at: number; readonly title?: string }
  /** From its next turn on. */
  | { readonly is: 'chosen'; readonly what: RunPreference }
  /** The credential that was chosen is gone: whichever comes first serves. */
  | { readonly is: 'choice-gone' }
  /** Its worker is to break off this message. */
  | { readonly is: 'interrupted'; readonly message: string }
  | { readonly is: 'claimed'; readonly claim: Claim }
  /** Its worker has not been heard of for too long. */
  | { readonly is: 'lost'; readonly at: number; readonly reason: string }
  /** It was heard of again before anybody else took the run. */
  | { readonly is: 'found'; readonly at: number }
  /** Its worker has it no more. */
  | {
      readonly is: 'let-go'
      readonly at: number
      readonly reason: string
      readonly workspace: LeftWorkspace
    }
  /** Nobody has said anything for long, or long enough that another should have its room: the reason says so. */
  | { readonly is: 'idle'; readonly reason?: string }
  | {
      readonly is: 'moved'
      readonly to: ReportedState
      readonly at: number
      readonly reason: string
      readonly until: number | null
    }
  | { readonly is: 'message-moved'; readonly from: MessageState; readonly to: MessageState }
  | { readonly is: 'session'; readonly session: string }
  | { readonly is: 'served'; readonly credential: ServingCredential | null }
  /** Items up to this number of its claim are kept. */
  | { readonly is: 'reported'; readonly upTo: number }
  | { readonly is: 'turn'; readonly usage: Usage }

/** A run that was just asked for. */
export function newRun(at: number): Run {
  return {
    ...{ state: 'queued', since: at, reason: '', wish: null, claim: null, lost: null, place: null },
    ...{
      claims: 0,
      lastClaim: null,
      credential: null,
      session: null,
      queuedAt: at,
      until: null,
      reported: 0,
      events: 0,
      messages: 0,
    },
    ...{ waiting: 0, open: 0, bell: 0, usage: NO_USAGE },
  }
}

/** The run after this step. Throws `conflict` for what cannot happen to it. */
export function after(run: Run, step: Step): Run {
  switch (step.is) {
    case 'asked':
      return asked(run, step.what, step.at)
    case 'message-queued':
      return messageQueued(run, step)
    case 'chosen':
      return chosen(run, step.what)
    case 'choice-gone':
      return run.chosen === undefined ? run : { ...run, chosen: { ...run.chosen, credential: null } }
    case 'interrupted':
      return { ...run, interrupted: step.message, bell: run.bell + 1 }
    case 'claimed':
      return claimed(run, step.claim)
    case 'lost':
      return lost(run, step.at, step.reason)
    case 'found':
      return run.lost === null ? run : { ...enter(run, run.lost, step.at, ''), lost: null }
    case 'let-go':
      return letGo(run, step)
    case 'idle':
      return isIdle(run) ? { ...wished(run, 'hibernate'), reason: step.reason ?? run.reason } : run
    case 'moved':
      return moved(run, step)
    case 'message-moved':
      return messageMoved(run, step.from, step.to)
    case 'session':
      return { ...run, session: step.session }
    case 'served':
      return { ...run, credential: step.credential }
    case 'reported':
      return { ...run, reported: step.upTo }
    case 'turn':
      return { ...run, usage: addUsage(run.usage, step.usage) }
  }
}

/** Whether it has nothing to do, and nobody wants anything of it. */
export function isIdle({ state, waiting, open, wish }: Run): boolean {
  return state === 'ready' && waiting + open === 0 && wish === null
}

function asked(run: Run, what: RunRequest, at: number): Run {
  switch (what) {
    case 'wake':
      return woken(run, at)
    case 'hibernate':
      if (run.state === 'hibernated') return run
      if (isOver(run.state)) throw refused(run, 'hibernate')
      return isHeld(run.state) ? wishedUnlessEnding(run, 'hibernate') : rest(run, 'hibernated', at, '')
    case 'cancel':
      if (run.state === 'cancelled') return run
      if (run.state === 'done') throw refused(run, 'be cancelled')
      return isHeld(run.state) ? wished(run, 'cancel') : rest(run, 'cancelled', at, '')
    case 'end':
      if (run.state === 'done') return run
      if (run.state === 'cancelled') throw refused(run, 'be ended')
      return isHeld(run.state) ? wishedUnlessEnding(run, 'end') : rest(run, 'done', at, '')
  }
}

function woken(run: Run, at: number): Run {
  if (isFinal(run.state)) throw refused(run, 'be woken')
  if (run.wish === 'hibernate') {
    const reason = run.state === 'ready' ? '' : run.reason
    return { ...run, reason, wish: null, woken: true, bell: run.bell + 1 }
  }
  return run.state === 'hibernated' || run.state === 'failed' ? queued(run, at, '') : run
}

function messageQueued(run: Run, { at, title }: Extract<Step, { is: 'message-queued' }>): Run {
  if (isFinal(run.state)) throw refused(run, 'take a message')
  if (run.wish === 'cancel' || run.wish === 'end') throw ending(run)
  const named = title === undefined ? run : { ...run, title }
  const told = { ...named, messages: run.messages + 1, waiting: run.waiting + 1 }
  return woken({ ...told, bell: run.bell + 1 }, at)
}

function chosen(run: Run, what: RunPreference): Run {
  if (isFinal(run.state)) throw refused(run, 'be served by another')
  const { credential, model } = what
  return { ...run, chosen: { credential, model, count: (run.chosen?.count ?? 0) + 1 }, bell: run.bell + 1 }
}

// A worker takes up again what it had before its own restart, and what another was lost with.
function claimed(run: Run, claim: Claim): Run {
  const isFree = run.state === 'queued' || (isHeld(run.state) && run.claim?.worker === claim.worker)
  if (!isFree) throw refused(run, 'be claimed')
  const isElsewhere = run.place !== null && run.place !== claim.worker
  return {
    ...enter(run, 'booting', claim.at, ''),
    ...{ claim, claims: run.claims + 1, lastClaim: null, lost: null, place: claim.worker, reported: 0 },
    session: isElsewhere ? null : run.session,
  }
}

// What somebody wished for is done without the worker, which learns of it when it comes back.
function lost(run: Run, at: number, reason: string): Run {
  if (!isHeld(run.state)) return run
  const end = run.wish === 'hibernate' ? 'hibernated' : wishedEnd(run)
  if (end !== null) return rest(run, end, at, reason)
  return { ...enter(run, 'queued', at, reason), lost: run.state, queuedAt: at }
}

function letGo(run: Run, { at, reason, workspace }: Extract<Step, { is: 'let-go' }>): Run {
  const left = workspace === 'kept' ? run : { ...run, place: null, session: null }
  if (run.claim === null) return left
  const end = wishedEnd(run) ?? (workspace === 'gone' ? 'failed' : null)
  return end === null ? free(left, at, reason) : rest(left, end, at, reason)
}

function moved(run: Run, step: Extract<Step, { is: 'moved' }>): Run {
  const { to, at, reason } = step
  if (!isHeld(run.state)) throw refused(run, `be ${to}`)
  if (to === 'queued' || to === 'hibernated' || isOver(to)) return left(run, to, at, reason)
  // It may not have heard yet that it is to hibernate, and why.
  const isAsked = to === run.state && run.wish === 'hibernate'
  return {
    ...enter(run, to, at, isAsked ? reason || run.reason : reason),
    until: to === 'waiting_for_credentials' ? step.until : null,
  }
}

// The worker is through with it. What somebody wished for counts more than how it came to its end.
function left(held: Run, to: ReportedState, at: number, reason: string): Run {
  const end = wishedEnd(held)
  const run = { ...held, lastClaim: held.claim?.id ?? null }
  if (isFinal(to) && end === null) throw unasked(to)
  if (end !== null) return rest(run, end, at, reason)
  if (to === 'queued')
    return run.wish === 'hibernate' ? rest(run, 'hibernated', at, reason) : free(run, at, reason)
  // It was woken while the worker put it to sleep, or has something to do.
  if (to === 'hibernated' && run.wish === null && (run.woken || run.waiting + run.open > 0))
    return free(run, at, '')
  // Why it was wished to.
  return rest(run, to, at, to === 'hibernated' && run.state === 'ready' ? reason || run.reason : reason)
}

function free(run: Run, at: number, reason: string): Run {
  return { ...queued(run, at, reason), claim: null }
}

function wishedEnd({ wish }: Run): 'cancelled' | 'done' | null {
  if (wish === 'cancel') return 'cancelled'
  return wish === 'end' ? 'done' : null
}

function messageMoved(run: Run, from: MessageState, to: MessageState): Run {
  const isPossible =
    (from === 'queued' && (to === 'sent' || to === 'failed')) || (from === 'sent' && to !== 'sent')
  if (!isPossible) {
    throw new ClavigerError('conflict', `A message that is ${from} cannot become ${to}.`, {
      hint: 'Read the run to see what became of its messages.',
    })
  }
  const count = (state: MessageState) => (to === state ? 1 : 0) - (from === state ? 1 : 0)
  return { ...run, waiting: run.waiting + count('queued'), open: run.open + count('sent') }
}

function enter(run: Run, state: RunState, at: number, reason: string): Run {
  return { ...run, state, reason, since: run.state === state ? run.since : at, until: null }
}

function queued(run: Run, at: number, reason: string): Run {
  return { ...enter(run, 'queued', at, reason), wish: null, woken: false, lost: null, queuedAt: at }
}

function rest(run: Run, state: RunState, at: number, reason: string): Run {
  return {
    ...enter(run, state, at, reason),
    wish: null,
    woken: false,
    claim: null,
    lost: null,
    bell: run.bell + 1,
  }
}

function wished(run: Run, wish: RunWish): Run {
  return run.wish === wish ? run : { ...run, wish, woken: false, bell: run.bell + 1 }
}

function wishedUnlessEnding(run: Run, wish: 'hibernate' | 'end'): Run {
  if (run.wish === 'cancel' || (run.wish === 'end' && wish === 'hibernate')) throw ending(run)
  return wished(run, wish)
}

function refused(run: Run, what: string): ClavigerError {
  return new ClavigerError('conflict', `A run that is ${stateInWords(run.state)} cannot ${what}.`, {
    hint: isFinal(run.state) ? 'Start another: claviger run' : 'See how it is: claviger run show ID',
  })
}

function ending({ wish }: Run): ClavigerError {
  const how = wish === 'cancel' ? 'cancelled' : 'ended'
  return new ClavigerError('conflict', `This run is being ${how}.`, { hint: 'Start another: claviger run' })
}

function unasked(to: ReportedState): ClavigerError {
  return new ClavigerError('conflict', `Nobody has asked for this run to be ${to}.`, {
    hint: 'A worker reports it only when it was wished for.',
  })
}

/** For people: `waiting for credentials`. */
export function stateInWords(state: RunState): string {
  return state.replaceAll('_', ' ')
}
