// A grant: the OAuth side of a credential, as it changes. What happens to it is an event; `after` is the whole of its
// bookkeeping. It has one current generation and at most one attempt to renew that nobody knows the end of. Times are
// milliseconds since 1970 on the clock of the database.

/** One try to renew. Every fence is its id, never a number alone. */
export interface Attempt {
  readonly id: string
  /** The generation whose refresh token it sends. */
  readonly generation: number
  readonly purpose: Purpose
  /** The server that makes it, by the name it keeps over restarts. */
  readonly replica: string
  readonly startedAt: number
  /** It sends the refresh token of this one instead of the current one. */
  readonly orphan?: Orphan
}

/**
 * Tokens of the current login that are not current, and may be the good ones where those are not: what an attempt brought
 * is kept with that attempt; what was current for a while is the version of that number.
 */
export type Orphan = Issued & ({ readonly attempt: string } | { readonly generation: number })

/** When tokens were issued. Of two answers of one login the one issued last is the one that lives. */
export interface Issued {
  /** When they were asked for, by the clock of the database: they were issued no earlier. */
  readonly issuedAt: number
  /** When they were issued by the provider's own clock, to be compared with nothing else; absent: it did not say. */
  readonly mintedAt?: number
}

/**
 * `renew`: it expires soon. `forced`: a holder was refused with it. `verify`: it comes out of a backup. `recover`: the
 * attempt before it went silent, and the same refresh token is sent once more. `orphan`: the current one is refused, and
 * another answer of the same login was kept, or what all of them are answers to.
 */
export type Purpose = 'renew' | 'forced' | 'verify' | 'recover' | 'orphan'

/** Why the provider will not renew it any more, whatever we do. */
export interface Refusal {
  /** The one it was said of; a later one is not touched by it. */
  readonly generation: number
  readonly reason: RefusalReason
  readonly at: number
}

export type RefusalReason =
  | 'expired' // the login has come to its end
  | 'reused' // the refresh token was used by somebody else
  | 'revoked'
  | 'other_account' // the answer was for somebody else
  | 'refused' // for another reason, or none that was given

export interface Grant extends Issued {
  /** One sign-in. Another one has another id, and what is left of the first does not touch it. */
  readonly login: string
  readonly generation: number
  /** When the access token ends; null: nobody has said. */
  readonly expiresAt: number | null
  /** When no refreshing helps any more; null: nobody knows of such an end. */
  readonly endsAt: number | null
  /** Whether there is a refresh token. */
  readonly renewable: boolean
  /** The one attempt without a known end. */
  readonly attempt: Attempt | null
  /** Kept until the current one has worked, the one issued last at the end. */
  readonly orphans: readonly Orphan[]
  /**
   * What the current one is the answer to, as far as another answer to it may be lost, or still to come: should that one
   * have been issued last, a provider takes nothing any more but this. Kept until the current one has worked.
   */
  readonly parent: Orphan | null
  readonly refusal: Refusal | null
  /** A holder was refused with this generation, and renewing it was refused too. */
  readonly rejected: number | null
  /** The one holder so far whose word alone is not enough and who was refused with this generation. */
  readonly reportedBy?: string
  /** Tries in a row that ended without an answer to rely on. */
  readonly failures: number
  /** No further try before. */
  readonly notBefore: number | null
  /** An answer may have been lost, or be still to come: the refresh token may be spent, and a provider forgives that for a while. */
  readonly doubtful: boolean
  /** When a holder last made us renew it before its time. */
  readonly forcedAt: number | null
  /** It comes out of a backup: somebody else may have used its refresh token since. */
  readonly unverified: boolean
}

/** What a sign-in, or an answer to an attempt, brought. */
export interface Tokens extends Issued {
  readonly expiresAt: number | null
  readonly endsAt: number | null
  readonly renewable: boolean
}

/** Who was refused. `by`: a holder whose word alone is not enough; without it, somebody who is believed. */
export interface Reporter {
  readonly by?: string
}

export type GrantEvent =
  | { readonly kind: 'claimed'; readonly attempt: Attempt }
  /** It brought these, and later ones of the same login are current already. */
  | { readonly kind: 'set-aside'; readonly attempt: string; readonly issued: Issued }
  /** The attempt is known to have sent nothing. */
  | { readonly kind: 'unsent'; readonly attempt: string }
  /** It brought these, and they become current. `sentCurrent`: for the current refresh token. */
  | {
      readonly kind: 'renewed'
      readonly attempt: string
      readonly tokens: Tokens
      readonly sentCurrent: boolean
    }
  | {
      readonly kind: 'refused'
      readonly attempt: string
      readonly reason: RefusalReason
      readonly at: number
    }
  /** No answer to rely on; the next try not before then. `doubtful`: the provider may have renewed it all the same. */
  | {
      readonly kind: 'failed'
      readonly attempt: string
      readonly notBefore: number
      readonly doubtful: boolean
    }
  /** A holder was refused with a generation that cannot be renewed any more. */
  | ({ readonly kind: 'rejected'; readonly generation: number } & Reporter)
  /** Somebody signed in again. */
  | { readonly kind: 'signed-in'; readonly login: string; readonly tokens: Tokens }
  /** It came out of a backup. */
  | { readonly kind: 'restored' }

/** A new grant of a sign-in. Generations go on counting where the credential's versions are. */
export function signedIn(login: string, generation: number, tokens: Tokens): Grant {
  return {
    login,
    generation,
    ...tokens,
    attempt: null,
    orphans: [],
    parent: null,
    refusal: null,
    rejected: null,
    failures: 0,
    notBefore: null,
    doubtful: false,
    forcedAt: null,
    unverified: false,
  }
}

/** The grant after the event. What is said of an attempt that is not the current one changes nothing. */
export function after(grant: Grant, event: GrantEvent): Grant {
  switch (event.kind) {
    case 'claimed':
      return {
        ...grant,
        attempt: event.attempt,
        // The one that is given up may have sent something, and may still.
        doubtful: grant.doubtful || grant.attempt !== null,
        ...(event.attempt.purpose === 'forced' && { forcedAt: event.attempt.startedAt }),
      }
    case 'renewed':
      return renewed(grant, event)
    case 'set-aside':
      return setAside(grant, event)
    case 'signed-in':
      return signedIn(event.login, grant.generation + 1, event.tokens)
    case 'rejected':
      return event.generation === grant.generation ? rejected(grant, event) : grant
    case 'restored':
      return {
        ...grant,
        attempt: null,
        doubtful: grant.doubtful || grant.attempt !== null,
        unverified: !isSpent(grant),
      }
    default:
      return grant.attempt?.id === event.attempt ? ended(grant, grant.attempt, event) : grant
  }
}

/** Whether its refresh token is of no use any more, whatever an orphan may be good for. */
export function isSpent({ renewable, refusal, generation }: Grant): boolean {
  return !renewable || refusal?.generation === generation
}

/** The one whose refresh token is to be sent instead of the current one; undefined: there is no need, or none. */
export function nextOrphan(grant: Grant): Orphan | undefined {
  if (!isSpent(grant)) return undefined
  return grant.orphans.at(-1) ?? (isForgivable(grant) ? (grant.parent ?? undefined) : undefined)
}

/** Whether only its owner can help. */
export function isOver(grant: Grant): boolean {
  return isSpent(grant) && nextOrphan(grant) === undefined
}

/** All that is kept beside the current one. */
export function keptBeside({ orphans, parent }: Grant): readonly Orphan[] {
  return parent === null ? orphans : [parent, ...orphans]
}

// The parent was used before. Whoever takes that for theft has refused the current one for it, and ended all of the login
// with it; but what is only at its end may have an access token that still serves.
const FORGIVABLE: readonly RefusalReason[] = ['refused', 'reused', 'revoked']

function isForgivable({ refusal, generation }: Grant): boolean {
  return refusal?.generation === generation && FORGIVABLE.includes(refusal.reason)
}

/** Whether the current attempt was made with what is current still. */
function sendsCurrent({ attempt, generation }: Grant, id: string): boolean {
  return attempt?.id === id && attempt.generation === generation
}

// A holder may lie, and takes it away from everybody else only with another one, or with the provider: what that has
// revoked it has ended altogether, and not only what renews it.
function rejected(grant: Grant, { generation, by }: Reporter & { readonly generation: number }): Grant {
  const isAlone = by !== undefined && (grant.reportedBy ?? by) === by
  const isRevoked = isRefused(grant) && grant.refusal?.reason === 'revoked'
  if (isAlone && !isRevoked) return { ...grant, reportedBy: by }
  return { ...grant, rejected: generation }
}

// What was refused then is refused now.
function isRefused({ refusal, generation }: Grant): boolean {
  return refusal?.generation === generation
}

type Renewed = Extract<GrantEvent, { kind: 'renewed' }>

// Also for an attempt that was given up: of several answers of one login the one issued last is the one that lives.
function renewed(grant: Grant, { attempt, tokens, sentCurrent }: Renewed): Grant {
  const open = withoutAttempt(grant, attempt)
  // What is current has worked, or the last of the orphans has in its place: no other answer can be the one that lives.
  const hasWorked = sentCurrent || sendsCurrent(grant, attempt)
  const rivals = isSpent(grant) ? open.orphans : sorted([...open.orphans, currentOf(grant)])
  return {
    ...signedIn(grant.login, grant.generation + 1, tokens),
    attempt: open.attempt,
    orphans: hasWorked ? [] : rivals,
    parent: parentAfter(grant, attempt, hasWorked),
    forcedAt: grant.forcedAt,
    doubtful: grant.doubtful && !hasWorked,
  }
}

function setAside(grant: Grant, { attempt, issued }: Extract<GrantEvent, { kind: 'set-aside' }>): Grant {
  const open = withoutAttempt(grant, attempt)
  const orphans = sorted([...open.orphans, { attempt, ...issued }])
  return { ...open, orphans, parent: parentAfter(grant, attempt, false) }
}

// What was sent has worked, so all that was before it is dead. Whoever else sends it too may be answered last.
function parentAfter(grant: Grant, id: string, hasWorked: boolean): Orphan | null {
  const { attempt, parent, doubtful } = grant
  const own = attempt?.id === id ? attempt : null
  const sent = own?.orphan ?? (hasWorked ? currentOf(grant) : null)
  // An older one, and what is known of it stays so.
  if (sent === null) return parent
  const isShared = doubtful || isSame(sent, parent)
  return isShared ? sent : null
}

// Without the attempt, if it is the current one, and without what it has spent beside the current one.
function withoutAttempt(grant: Grant, id: string): Grant {
  const { attempt, orphans, parent } = grant
  if (attempt?.id !== id) return grant
  return {
    ...grant,
    attempt: null,
    orphans: orphans.filter((one) => !isSame(one, attempt.orphan)),
    parent: parent && isSame(parent, attempt.orphan) ? null : parent,
  }
}

// The current one, as what is kept when another takes its place.
function currentOf({ generation, issuedAt, mintedAt }: Grant): Orphan {
  return { generation, issuedAt, ...(mintedAt !== undefined && { mintedAt }) }
}

/** Whether both are the same tokens. */
export function isSame(one: Orphan, other: Orphan | null | undefined): boolean {
  if (!other) return false
  if ('attempt' in one) return 'attempt' in other && one.attempt === other.attempt
  return 'generation' in other && one.generation === other.generation
}

function sorted(orphans: readonly Orphan[]): Orphan[] {
  return orphans.toSorted((a, b) => Number(isLater(a, b)) - Number(isLater(b, a)))
}

// The provider's own clock says it best: between our question and its answer a server may have slept.
function isLater(one: Issued, other: Issued): boolean {
  const bothSay = one.mintedAt !== undefined && other.mintedAt !== undefined
  if (bothSay && one.mintedAt !== other.mintedAt) return Number(one.mintedAt) > Number(other.mintedAt)
  return one.issuedAt >= other.issuedAt
}

type Ended = Extract<GrantEvent, { kind: 'unsent' | 'refused' | 'failed' }>

function ended(grant: Grant, attempt: Attempt, event: Ended): Grant {
  // What rotated nothing does not count as a forced renewal.
  const forcedAt = attempt.purpose === 'forced' && event.kind !== 'refused' ? null : grant.forcedAt
  const open = { ...grant, attempt: null, forcedAt }
  switch (event.kind) {
    case 'unsent':
      return open
    case 'failed':
      return {
        ...open,
        failures: grant.failures + 1,
        notBefore: event.notBefore,
        doubtful: grant.doubtful || event.doubtful,
      }
    case 'refused':
      if (attempt.orphan !== undefined) return { ...withoutAttempt(grant, attempt.id), forcedAt }
      // Of a generation that is not current any more: somebody else was faster, and nothing is wrong.
      return attempt.generation === grant.generation
        ? { ...open, refusal: { generation: attempt.generation, reason: event.reason, at: event.at } }
        : open
  }
}

/** Where an answer belongs that has arrived, whenever it does. */
export type Belonging =
  | 'current' // it becomes the next generation
  | 'orphan' // a later answer of the same login is current already; kept until that one has worked
  | 'leftover' // of a login that was replaced: it may be revoked

/** Where the answer to an attempt of this login belongs. */
export function belonging(grant: Grant, answer: Answered): Belonging {
  if (grant.login !== answer.login) return 'leftover'
  // What the current one itself has brought is later than it, whatever clocks say.
  if (answer.sentCurrent || sendsCurrent(grant, answer.attempt)) return 'current'
  return isLater(answer, grant) ? 'current' : 'orphan'
}

interface Answered extends Issued {
  readonly login: string
  readonly attempt: string
  /** It is the answer to what is the current refresh token still. */
  readonly sentCurrent: boolean
}
