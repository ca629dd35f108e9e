// What to do about a grant now: the whole of design §7's rules, as one pure function. Whoever asks carries it out and
// looks again.

import { type Grant, isOver, isSpent, nextOrphan, type Purpose, type Reporter } from './grant.ts'

/** Milliseconds; from the configuration. */
export interface GrantTimings {
  /** A token that ends sooner is renewed first. */
  readonly margin: number
  /** An owner of an attempt that has not been heard of for so long is silent. */
  readonly dead: number
  /** How long one that is silent may still come back with the answer in its journal. */
  readonly journalGrace: number
  /** However much is heard of its owner, an attempt takes no longer. */
  readonly cap: number
  /** A renewable token of which nobody says when it ends is renewed when it is so old. */
  readonly warm: number
  /** At most one forced renewal in so long. */
  readonly forcedEvery: number
}

/** `use`: a holder wants it. `ahead`: nobody waits for it. `forced`: a holder was refused with this generation. */
export type Wish =
  | { readonly kind: 'use' }
  | { readonly kind: 'ahead' }
  | ({ readonly kind: 'forced'; readonly seen: number } & Reporter)

/** What is known here of the attempt without a known end. */
export interface Watched {
  /** How long nothing was heard of its owner, as far as this server could have heard it. */
  readonly silence: number
  /** How long it has been watched, by the same measure. */
  readonly watched: number
  /** It is an attempt of this server before it was started, and its journal holds no answer: none will come. */
  readonly provenSilent: boolean
}

export type Action =
  /** The current generation is good. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'attempt'; readonly purpose: Purpose }
  /** Somebody is at it: look again when something was heard, or in a while. */
  | { readonly kind: 'wait' }
  /** Nothing can be had before then; other credentials may serve. */
  | { readonly kind: 'later'; readonly until: number; readonly because: 'failing' | 'forced_lately' }
  /** Only its owner can help. */
  | { readonly kind: 'sign-in' }

export interface Situation {
  /** The clock of the database. */
  readonly now: number
  /** A number from 0 to 1 that is the same for this generation on every server: they do not all renew at once. */
  readonly spread: number
  /** Null when the grant has no attempt. */
  readonly watched: Watched | null
  readonly timings: GrantTimings
}

/** The next thing to do for this wish. */
export function decide(grant: Grant, wish: Wish, situation: Situation): Action {
  if (wish.kind === 'forced') return forced(grant, wish.seen, situation)
  const margin = marginOf(grant, situation) * (wish.kind === 'ahead' ? 2 : 1)
  const isFresh = endOf(grant, situation.timings) - situation.now > margin
  const isQuiet = grant.attempt === null && !grant.doubtful && nextOrphan(grant) === undefined
  if (isFresh && isQuiet && isGood(grant, situation)) return { kind: 'serve' }
  const action = renewal(grant, grant.unverified ? 'verify' : 'renew', situation)
  // Until its end a token is good where it cannot be renewed, or not now.
  if (action.kind === 'attempt' || !isGood(grant, situation)) return action
  return { kind: 'serve' }
}

/** Whether the current access token may be handed out at this moment. */
export function isGood(grant: Grant, { now }: Pick<Situation, 'now'>): boolean {
  if (grant.unverified || grant.rejected === grant.generation) return false
  return grant.expiresAt === null || grant.expiresAt > now
}

/** When somebody should look at it unasked, in whole milliseconds; null: never. */
export function dueAt(grant: Grant, situation: Pick<Situation, 'now' | 'spread' | 'timings'>): number | null {
  const { expiresAt, attempt, notBefore } = grant
  if (attempt !== null) return attempt.startedAt
  // Its state changes by itself once more.
  if (isOver(grant)) return expiresAt !== null && isGood(grant, situation) ? expiresAt : null
  if (grant.unverified || grant.doubtful || nextOrphan(grant) !== undefined) return notBefore ?? 0
  const ahead = Math.ceil(2 * marginOf(grant, situation))
  return Math.max(endOf(grant, situation.timings) - ahead, notBefore ?? 0)
}

function forced(grant: Grant, seen: number, situation: Situation): Action {
  // Whoever was refused had another one: an older one, or one that nobody here knows of.
  if (seen !== grant.generation) return decide(grant, { kind: 'use' }, situation)
  const { now, timings } = situation
  if (grant.attempt === null && !isSpent(grant) && grant.forcedAt !== null) {
    const until = grant.forcedAt + timings.forcedEvery
    if (now < until) return { kind: 'later', until, because: 'forced_lately' }
  }
  return renewal(grant, 'forced', situation)
}

function renewal(grant: Grant, purpose: Purpose, situation: Situation): Action {
  const { now } = situation
  if (grant.attempt !== null)
    return isGivenUp(situation) ? { kind: 'attempt', purpose: 'recover' } : { kind: 'wait' }
  if (isOver(grant)) return { kind: 'sign-in' }
  if (grant.notBefore !== null && now < grant.notBefore)
    return { kind: 'later', until: grant.notBefore, because: 'failing' }
  return { kind: 'attempt', purpose: nextOrphan(grant) === undefined ? purpose : 'orphan' }
}

// Whether the same refresh token may be sent once more, though nobody knows what came of the attempt.
function isGivenUp({ watched, timings }: Situation): boolean {
  if (watched === null) return false
  if (watched.provenSilent) return true
  const patience = timings.dead + timings.journalGrace
  return watched.silence >= patience || watched.watched >= timings.cap + patience
}

// What nobody has said the end of is kept warm: a login that is not used may be forgotten.
function endOf({ expiresAt, issuedAt }: Grant, { warm }: GrantTimings): number {
  return expiresAt ?? issuedAt + warm
}

// A fifth of a token's life: one that lives shorter than the margin would be renewed without end.
const SHARE = 0.2

// ± 20 %, so that what was issued together is not renewed together.
function marginOf(grant: Grant, { spread, timings }: Pick<Situation, 'spread' | 'timings'>): number {
  const life = Math.max(0, endOf(grant, timings) - grant.issuedAt)
  return Math.min(timings.margin, SHARE * life) * (0.8 + 0.4 * spread)
}
