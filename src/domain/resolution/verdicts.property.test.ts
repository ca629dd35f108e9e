import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision } from './resolve.ts'
import {
  type Absentee,
  COOL_DOWN,
  COOL_DOWN_AT_MOST,
  type Evidence,
  findingOf,
  isKnownWord,
  kindOf,
  nothingLeft,
  type RejectionKind,
  type Report,
  verdictOf,
} from './verdicts.ts'

const KINDS: readonly RejectionKind[] = ['authentication', 'quota', 'billing', 'organization', 'other']

const NOW = 1_000_000_000_000

const report: fc.Arbitrary<Report> = fc.record({
  kind: fc.constantFrom(...KINDS),
  now: fc.constant(NOW),
  resetAt: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 })),
  claimedUntil: fc.option(fc.integer({ min: NOW - 7_200_000, max: NOW + COOL_DOWN })),
})

const evidence: fc.Arbitrary<Evidence> = fc.oneof(
  fc.constant({ of: 'newer' } as const),
  fc.record({
    of: fc.constant('grant' as const),
    outcome: fc.constantFrom('renewed', 'failing', 'forced_lately', 'sign-in', 'gone'),
    until: fc.option(fc.integer({ min: NOW, max: NOW + 300_000 })),
  }),
  fc.record({
    of: fc.constant('probe' as const),
    result: fc.constantFrom('works', 'refused', 'no_credit', 'limited', 'forbidden', 'unknown'),
    retried: fc.boolean(),
  }),
  fc.record({ of: fc.constant('nobody' as const), believed: fc.boolean() }),
)

const decisions: fc.Arbitrary<Decision[]> = fc.array(fc.boolean(), { maxLength: 6 }).map((usable) => {
  const first = usable.indexOf(true)
  return usable.map((isUsable, place): Decision => {
    const verdict = isUsable ? (place === first ? 'chosen' : 'fallback') : 'skipped'
    return { scope: 'organization', credential: null, verdict, reason: 'why' }
  })
})

const absentees: fc.Arbitrary<Absentee[]> = fc.array(
  fc.record({
    id: fc.string(),
    returns: fc.constantFrom('time', 'sign-in'),
    until: fc.option(fc.integer({ min: NOW, max: NOW + COOL_DOWN_AT_MOST })),
  }),
  { maxLength: 4 },
)

describe('what a refusal is about', () => {
  it.each([
    [{ status: 401 }, 'authentication'],
    [{ status: 403 }, 'authentication'],
    [{ status: 402 }, 'billing'],
    [{ status: 429 }, 'quota'],
    [{ status: 500 }, 'other'],
    [{ status: 529 }, 'other'],
    [{}, 'authentication'],
    [{ code: 'something new' }, 'authentication'],
    [{ code: 'authentication_failed', status: 401 }, 'authentication'],
    [{ code: 'oauth_org_not_allowed', status: 403 }, 'organization'],
    [{ code: 'account_on_hold' }, 'organization'],
    [{ code: 'verification_required' }, 'organization'],
    [{ code: 'insufficient_permissions' }, 'organization'],
    [{ code: 'billing_error', status: 400 }, 'billing'],
    [{ code: 'insufficient_quota', status: 429 }, 'billing'],
    [{ code: 'rate_limit', status: 429 }, 'quota'],
    [{ code: 'usage_limit_reached', status: 429 }, 'quota'],
    [{ code: 'UsageLimitExceeded' }, 'quota'],
    [{ code: 'refresh_token_reused', status: 401 }, 'authentication'],
    [{ code: 'overloaded', status: 529 }, 'other'],
    [{ code: 'invalid_request', status: 401 }, 'other'],
    [{ code: 'ExpiredTokenException', status: 403 }, 'authentication'],
  ] as const)('%o is about %s', (rejection, kind) => {
    expect(kindOf(rejection)).toBe(kind)
  })

  it('is told for anything, and words that may be secrets are not known', () => {
    fc.assert(
      fc.property(fc.option(fc.nat({ max: 700 })), fc.string(), (status, code) => {
        expect(KINDS).toContain(kindOf({ code, ...(status !== null && { status }) }))
      }),
    )
    expect(isKnownWord('sk-ant-test-key')).toBe(false)
  })
})

describe('what follows from it', () => {
  it('holds nothing against a credential that is fine, or that nobody could check', () => {
    fc.assert(
      fc.property(report, evidence, (one, found) => {
        const finding = findingOf(one, found)
        if (finding.kind === 'retry' || finding.hold === null) return
        const isProven = found.of === 'probe' && found.result !== 'works' && found.result !== 'unknown'
        const isBelieved = found.of === 'nobody' && found.believed
        if (isProven || isBelieved) return
        // A claim alone: a short while, of a quota only.
        expect([one.kind, finding.hold.state]).toEqual(['quota', 'cooling_down'])
        expect(finding.hold.until).toBeLessThanOrEqual(NOW + COOL_DOWN)
        // And nothing of the kind in the hour before.
        if (one.claimedUntil !== null) expect(NOW - one.claimedUntil).toBeGreaterThanOrEqual(55 * 60_000)
      }),
    )
  })

  it('never holds for longer than thirty days without a person, and never ends in the past', () => {
    fc.assert(
      fc.property(report, evidence, (one, found) => {
        const finding = findingOf(one, found)
        if (finding.kind === 'retry') return
        for (const until of [finding.until, finding.hold?.until ?? null]) {
          if (until === null) continue
          expect(until).toBeGreaterThanOrEqual(NOW)
          expect(until).toBeLessThanOrEqual(NOW + COOL_DOWN_AT_MOST)
        }
        if (finding.hold?.state === 'cooling_down') expect(finding.hold.until).not.toBeNull()
      }),
    )
  })

  it('says retry only for what is newer, renewed, working for the first time, or not about the credential', () => {
    fc.assert(
      fc.property(report, evidence, (one, found) => {
        const mayWork =
          one.kind === 'other' ||
          found.of === 'newer' ||
          (found.of === 'grant' && found.outcome === 'renewed') ||
          (found.of === 'probe' && found.result === 'works' && !found.retried)
        expect(findingOf(one, found).kind).toBe(mayWork ? 'retry' : 'out')
      }),
    )
  })
})

describe('the verdict', () => {
  it('is the first that serves, else a wait for whoever may come back, else the end; by name nothing serves instead', () => {
    fc.assert(
      fc.property(report, evidence, decisions, absentees, fc.boolean(), (one, found, all, away, byName) => {
        const finding = findingOf(one, found)
        if (finding.kind === 'retry') return
        const verdict = verdictOf('codex', finding, all, away, byName)
        const first = all.find((decision) => decision.verdict === 'chosen')
        if (first !== undefined && !byName) {
          expect(verdict).toEqual({ verdict: 'switch', reason: finding.reason, to: first })
        } else if (away.length > 0) {
          expect(verdict.verdict).toBe('wait')
        } else {
          expect(verdict.verdict).toBe('fail')
          if (!byName) expect(verdict.reason).toBe(nothingLeft('codex'))
        }
        if (byName) expect(verdict.reason).toContain('asked for by name')
        if (verdict.verdict === 'wait' && verdict.until !== null) {
          expect(away.some(({ until }) => until === verdict.until)).toBe(true)
        }
      }),
    )
  })
})
