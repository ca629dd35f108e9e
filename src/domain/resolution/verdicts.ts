// What it means that a holder was refused with a credential, and what the holder is to do next: the whole rule, pure.
// Who is believed, and what is asked of whom before, is decided in control/leasing.

import { HARNESS_TITLE, type HarnessName } from '../harness-names.ts'
import type { CredentialState } from '../state.ts'
import type { Decision } from './resolve.ts'

/**
 * `authentication`: the credential was not taken. `quota`: used up for a while. `billing`: nobody pays. `organization`:
 * the account, its organization or a right it lacks stands in the way. `other`: it was not about the credential.
 */
export type RejectionKind = 'authentication' | 'quota' | 'billing' | 'organization' | 'other'

/** What a holder saw: the HTTP status of the refusal, and the word that the provider or the program has for it. */
export interface Rejection {
  readonly status?: number | undefined
  readonly code?: string | undefined
}

// Words of both programs and of the APIs behind them, in small letters and without anything between.
const WORDS: Readonly<Record<Exclude<RejectionKind, 'other'>, readonly string[]>> = {
  authentication: [
    ...[
      'authenticationfailed',
      'authenticationerror',
      'cloudcredentialerror',
      'invalidapikey',
      'unauthorized',
    ],
    ...[
      'refreshtokenexpired',
      'refreshtokenreused',
      'refreshtokeninvalidated',
      'invalidgrant',
      'tokenexpired',
    ],
    ...['tokeninvalidated', 'tokenrevoked', 'expiredtokenexception', 'unrecognizedclientexception'],
    'invalidsignatureexception',
  ],
  quota: [
    ...['ratelimit', 'ratelimiterror', 'ratelimitexceeded', 'usagelimitreached', 'usagelimitexceeded'],
    ...['throttlingexception', 'servicequotaexceededexception', 'toomanyrequestsexception'],
  ],
  billing: [
    ...[
      'billingerror',
      'insufficientquota',
      'billinghardlimitreached',
      'billingnotactive',
      'creditbalancetoolow',
    ],
    'paymentrequired',
  ],
  organization: [
    ...[
      'oauthorgnotallowed',
      'accountonhold',
      'verificationrequired',
      'permissionerror',
      'insufficientpermissions',
    ],
    ...['usagenotincluded', 'accountdeactivated', 'organizationdisabled', 'accessdeniedexception'],
  ],
}

const NOT_ABOUT_IT = [
  ...[
    'overloaded',
    'overloadederror',
    'invalidrequest',
    'invalidrequesterror',
    'modelnotfound',
    'servererror',
  ],
  ...['apierror', 'maxoutputtokens', 'timeouterror'],
]

const KIND_OF_WORD: ReadonlyMap<string, RejectionKind> = new Map<string, RejectionKind>([
  ...Object.entries(WORDS).flatMap(([kind, words]) =>
    words.map((word) => [word, kind as RejectionKind] as const),
  ),
  ...NOT_ABOUT_IT.map((word) => [word, 'other'] as const),
])

const KIND_OF_STATUS: Readonly<Record<number, RejectionKind>> = {
  401: 'authentication',
  402: 'billing',
  // Both programs take it for a refusal of the credential: a revoked token and a wrong AWS key look like this.
  403: 'authentication',
  429: 'quota',
}

/** What a refusal is about. The word says more than the status; who gives neither says that it was refused. */
export function kindOf({ status, code }: Rejection): RejectionKind {
  const byWord = KIND_OF_WORD.get(plain(code ?? ''))
  if (byWord !== undefined) return byWord
  if (status === undefined) return 'authentication'
  return KIND_OF_STATUS[status] ?? 'other'
}

/** Whether the word is one of those we know: no other is repeated anywhere. */
export function isKnownWord(code: string): boolean {
  return KIND_OF_WORD.has(plain(code))
}

function plain(code: string): string {
  return code.toLowerCase().replace(/[^a-z]/g, '')
}

/** How a credential that is of no use now may be of use again: in a while, or when its owner has signed in. */
export type Return = 'time' | 'sign-in'

/** What is held against a credential for everybody from now on. */
export interface Hold {
  readonly state: Extract<CredentialState, 'rejected' | 'cooling_down' | 'blocked'>
  readonly reason: string
  /** Milliseconds since 1970; null: until it has a new value or passes a test. */
  readonly until: number | null
}

/** What came out about the refused credential. */
export type Finding =
  /** The holder reads its lease and goes on with it. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** This run goes on without it. */
  | {
      readonly kind: 'out'
      readonly reason: string
      /** What everybody is held off by; null: nobody but this run. */
      readonly hold: Hold | null
      /** When this run may have it again; null: not before it is another one. */
      readonly until: number | null
      readonly returns: Return | null
    }

/** What was found when somebody was asked about the refused credential. Times are milliseconds since 1970. */
export type Evidence =
  /** The holder had an older one. */
  | { readonly of: 'newer' }
  | { readonly of: 'grant'; readonly outcome: GrantOutcome; readonly until: number | null }
  | {
      readonly of: 'probe'
      readonly result: 'works' | 'refused' | 'no_credit' | 'limited' | 'forbidden' | 'unknown'
      /** Whether this holder was told before that it works. */
      readonly retried: boolean
    }
  /** Nobody can be asked. `believed`: the holder manages the credential. */
  | { readonly of: 'nobody'; readonly believed: boolean }

/** What came of a forced renewal. */
export type GrantOutcome = 'renewed' | 'failing' | 'forced_lately' | 'sign-in' | 'gone'

export interface Report {
  readonly kind: RejectionKind
  readonly now: number
  /** When the holder says that its quota is there again; null when it does not. */
  readonly resetAt: number | null
  /** Until when the last claim of a used-up quota held it back that nobody could check; null: there was none lately. */
  readonly claimedUntil: number | null
}

const MINUTE = 60_000

/** How long a quota keeps a credential back when nobody says until when. */
export const COOL_DOWN = 5 * MINUTE
// A claim that nobody can check holds a credential back from others once in so long.
const CLAIM_EVERY = 60 * MINUTE
/** The latest that is believed. */
export const COOL_DOWN_AT_MOST = 30 * 24 * 60 * MINUTE

/** What follows from a report and what was found about it. */
export function findingOf(report: Report, evidence: Evidence): Finding {
  if (report.kind === 'other')
    return { kind: 'retry', reason: 'it was not about the credential; nothing is held against it' }
  switch (evidence.of) {
    case 'newer':
      return { kind: 'retry', reason: 'it has been renewed since' }
    case 'grant':
      return afterGrant(evidence.outcome, evidence.until)
    case 'probe':
      return afterProbe(report, evidence)
    case 'nobody':
      return unasked(report, evidence.believed)
  }
}

function afterGrant(outcome: GrantOutcome, until: number | null): Finding {
  switch (outcome) {
    case 'renewed':
      return { kind: 'retry', reason: 'it has been renewed' }
    case 'failing':
      return out('it was refused, and its provider does not renew it now', { until, returns: 'time' })
    case 'forced_lately':
      return out('it was refused though it had just been renewed', { until })
    case 'sign-in':
      return out('it was refused, and its provider does not renew it', { returns: 'sign-in' })
    case 'gone':
      return out('it is gone')
  }
}

function afterProbe(report: Report, { result, retried }: Extract<Evidence, { of: 'probe' }>): Finding {
  switch (result) {
    case 'refused':
      return held('rejected', 'it was refused again when it was tested', null)
    case 'no_credit':
      return held('blocked', `the provider says that ${UNPAID}`, null)
    case 'forbidden':
      return held('blocked', 'the provider says that it lacks a right or its organization is blocked', null)
    case 'limited':
      return coolDown(report, 'its quota is used up')
    case 'works':
      if (!retried) return { kind: 'retry', reason: 'the provider accepts it when it is tested' }
      return out('it was refused twice, though its provider accepts it when it is tested', {
        until: report.now + COOL_DOWN,
        returns: 'time',
      })
    case 'unknown':
      return report.kind === 'quota' ? unasked(report, false) : doubted(report)
  }
}

// Nobody could tell: this run does without it, and nothing is held against it.
function doubted({ now, kind }: Report): Finding {
  return out(REFUSED_FOR[kind], { until: now + COOL_DOWN, returns: 'time' })
}

const UNPAID = 'nothing is left to pay with'

const REFUSED_FOR: Readonly<Record<RejectionKind, string>> = {
  authentication: 'it was refused just now',
  quota: 'its quota is used up, as the run says',
  billing: `${UNPAID}, as the run says`,
  organization: 'its organization or account is blocked, as the run says',
  other: 'it was refused just now',
}

/** Whether this is why a credential is held off of which nobody pays. */
export function isAboutPaying(reason: string): boolean {
  return reason.includes(UNPAID)
}

function unasked(report: Report, believed: boolean): Finding {
  const { kind, now } = report
  if (kind === 'quota') {
    if (believed) return coolDown(report, 'its quota is used up')
    // Everybody else is held off for a short while only; whoever says more is alone with it.
    const until = Math.min(coolUntil(report), now + COOL_DOWN)
    const claimed: Hold = { state: 'cooling_down', reason: REFUSED_FOR.quota, until }
    const hold = isClaimedLately(report) ? null : claimed
    return { kind: 'out', reason: REFUSED_FOR.quota, hold, until: coolUntil(report), returns: 'time' }
  }
  if (believed && (kind === 'billing' || kind === 'organization'))
    return held('blocked', REFUSED_FOR[kind], null)
  return doubted(report)
}

/** What a credential remembers of such a claim, for the next report. */
export function claimedUntil({
  state,
  reason,
  until,
}: Pick<Hold, 'reason' | 'until'> & { readonly state: CredentialState }) {
  return state === 'cooling_down' && reason === REFUSED_FOR.quota ? until : null
}

// Whoever claims it again and again would keep it from everybody.
function isClaimedLately({ now, claimedUntil }: Report): boolean {
  return claimedUntil !== null && now < claimedUntil - COOL_DOWN + CLAIM_EVERY
}

function coolDown(report: Report, reason: string): Finding {
  return held('cooling_down', reason, coolUntil(report))
}

function coolUntil({ now, resetAt }: Report): number {
  if (resetAt === null || resetAt <= now) return now + COOL_DOWN
  return Math.min(resetAt, now + COOL_DOWN_AT_MOST)
}

function held(state: Hold['state'], reason: string, until: number | null): Finding {
  return {
    kind: 'out',
    reason,
    hold: { state, reason, until },
    until,
    returns: until === null ? null : 'time',
  }
}

function out(reason: string, more: { until?: number | null; returns?: Return } = {}): Finding {
  return { kind: 'out', reason, hold: null, until: more.until ?? null, returns: more.returns ?? null }
}

/** A candidate that cannot serve now, and may again. */
export interface Absentee {
  readonly id: string
  readonly returns: Return
  /** Milliseconds since 1970; null: nobody knows. */
  readonly until: number | null
}

export type Verdict =
  /** With this one. */
  | { readonly verdict: 'switch'; readonly reason: string; readonly to: Decision }
  /** For one of these. `until`: the first that time brings back. */
  | {
      readonly verdict: 'wait'
      readonly reason: string
      readonly until: number | null
      readonly absentees: readonly Absentee[]
    }
  | { readonly verdict: 'fail'; readonly reason: string }

/**
 * What a holder does whose credential is out: goes on with the first that serves, waits for one that may serve again,
 * or gives up. `decisions`: all candidates, the refused one skipped. `isExplicit`: it was asked for by name, and stands
 * alone.
 */
export function verdictOf(
  harness: HarnessName,
  finding: Extract<Finding, { kind: 'out' }>,
  decisions: readonly Decision[],
  absentees: readonly Absentee[],
  isExplicit: boolean,
): Verdict {
  const alone = isExplicit ? '; it was asked for by name, so nothing else serves' : ''
  const to = isExplicit ? undefined : decisions.find((one) => one.verdict === 'chosen')
  if (to !== undefined) return { verdict: 'switch', reason: finding.reason, to }
  if (absentees.length === 0) {
    return { verdict: 'fail', reason: isExplicit ? `${finding.reason}${alone}` : nothingLeft(harness) }
  }
  const times = absentees.flatMap(({ until }) => (until === null ? [] : [until]))
  const until = times.length === 0 ? null : Math.min(...times)
  return { verdict: 'wait', reason: `${finding.reason}${alone}`, until, absentees }
}

/** What people read when every attempt failed. */
export function nothingLeft(harness: HarnessName): string {
  const [name = ''] = HARNESS_TITLE[harness].split(' ')
  return `Couldn't authenticate with ${name} after multiple attempts. Check your credentials in Coding agents settings and try again.`
}
