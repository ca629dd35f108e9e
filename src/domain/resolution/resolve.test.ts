// B4, R4 and the rules of design §2: what resolution may never do, whatever it is given.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../credential-types.ts'
import { HARNESSES } from '../harness-names.ts'
import { formatOwner, type Owner } from '../owner.ts'
import { CREDENTIAL_STATES } from '../state.ts'
import { DEFAULT_POLICIES, SUBSCRIPTION_POLICIES, type SubscriptionRule } from './policy.ts'
import { type Candidate, chosen, type ResolveRequest, resolve } from './resolve.ts'

const people = ['ada', 'bob']
const teams = ['platform', 'web']
const agents = ['nightly']

const owner: fc.Arbitrary<Owner> = fc.oneof(
  fc.constant<Owner>({ kind: 'org' }),
  fc.constantFrom(...teams).map((slug): Owner => ({ kind: 'team', slug })),
  fc.constantFrom(...people).map((id): Owner => ({ kind: 'user', id })),
  fc.constantFrom(...agents).map((name): Owner => ({ kind: 'agent', name })),
)

const candidates: fc.Arbitrary<Candidate[]> = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 40 }).map((n) => `cred_${n}`),
    owner,
    name: fc.constantFrom('main', 'spare', 'old'),
    type: fc.constantFrom(...CREDENTIAL_TYPE_NAMES),
    state: fc.constantFrom(...CREDENTIAL_STATES),
    stateReason: fc.constantFrom('', 'no credit'),
    stateUntil: fc.constantFrom(null, 500, 1500),
  }),
  { selector: ({ id }) => id, maxLength: 15 },
)

const rule: fc.Arbitrary<SubscriptionRule> = fc.record({
  policy: fc.constantFrom(...SUBSCRIPTION_POLICIES),
  noticeMissing: fc.boolean(),
})

const request: fc.Arbitrary<ResolveRequest> = fc.record(
  {
    harness: fc.constantFrom(...HARNESSES),
    user: fc.constantFrom(null, ...people),
    teams: fc.subarray(teams),
    namedTeam: fc.constantFrom(...teams),
    agent: fc.constantFrom(null, ...agents),
    explicit: fc.integer({ min: 1, max: 40 }).map((n) => `cred_${n}`),
    ambient: fc.constantFrom('environment', 'login', 'none', 'refused'),
    orders: fc.constant({}),
    policies: fc.record({ claude: rule, codex: rule }),
    disabled: fc.boolean(),
    now: fc.constant(1000),
  },
  {
    requiredKeys: ['harness', 'user', 'teams', 'agent', 'ambient', 'orders', 'policies', 'disabled', 'now'],
  },
)

function check(property: (request: ResolveRequest, candidates: Candidate[]) => void): void {
  fc.assert(fc.property(request, candidates, property), { numRuns: 2000 })
}

describe('resolve never', () => {
  it('lists a personal credential for another person, or for a run without one', () => {
    check((asked, given) => {
      for (const { credential } of resolve(asked, given)) {
        if (credential?.owner.kind === 'user') expect(credential.owner.id).toBe(asked.user)
      }
    })
  })

  it('lists a credential of a team the run does not draw on, or of another agent', () => {
    check((asked, given) => {
      for (const { credential } of resolve(asked, given)) {
        if (credential?.owner.kind === 'team') {
          expect(asked.teams).toContain(credential.owner.slug)
          if (asked.namedTeam !== undefined) expect(credential.owner.slug).toBe(asked.namedTeam)
        }
        if (credential?.owner.kind === 'agent') expect(credential.owner.name).toBe(asked.agent)
      }
    })
  })

  it('adds anything to an explicit choice', () => {
    check((asked, given) => {
      if (asked.explicit === undefined) return
      const decisions = resolve(asked, given)
      expect(decisions.length).toBeLessThanOrEqual(1)
      for (const one of decisions)
        expect([one.credential?.id, one.scope]).toEqual([asked.explicit, 'explicit'])
    })
  })

  it('chooses what does not fit the harness, is not usable, or is against the policy', () => {
    check((asked, given) => {
      const credential = chosen(resolve(asked, given))?.credential
      if (!credential) return
      const { harness, subscription } = CREDENTIAL_TYPES[credential.type]
      expect(harness).toBe(asked.harness)
      expect(['ok', 'expiring', 'refreshing', 'cooling_down']).toContain(credential.state)
      if (credential.state === 'cooling_down') expect(credential.stateUntil).toBe(500)
      if (!subscription) return
      const { policy, noticeMissing } = asked.policies[asked.harness]
      const own = credential.owner.kind === 'user'
      expect({ own, policy, noticeMissing }).toSatisfy(() =>
        own ? policy !== 'off' && !noticeMissing : policy === 'shared',
      )
    })
  })

  it('chooses or falls back to anything, the machine’s own login neither, when the harness is off', () => {
    check((asked, given) => {
      const decisions = resolve({ ...asked, disabled: true }, given)
      expect(decisions.length).toBe(resolve({ ...asked, disabled: false }, given).length)
      for (const { verdict, reason } of decisions)
        expect([verdict, reason]).toEqual(['skipped', expect.stringContaining('is disabled for this')])
    })
  })
})

describe('resolve always', () => {
  it('gives one order for the same candidates in any order', () => {
    fc.assert(
      fc.property(request, candidates, fc.infiniteStream(fc.nat()), (asked, given, numbers) => {
        const shuffled = given.map((one) => ({ one, key: numbers.next().value ?? 0 }))
        shuffled.sort((a, b) => a.key - b.key)
        expect(
          resolve(
            asked,
            shuffled.map(({ one }) => one),
          ),
        ).toEqual(resolve(asked, given))
      }),
    )
  })

  it('chooses at most one: the first that is usable, and keeps the later ones as fallbacks', () => {
    check((asked, given) => {
      const usable = resolve(asked, given).filter(({ verdict }) => verdict !== 'skipped')
      expect(usable.map(({ verdict }) => verdict)).toEqual(
        usable.map((_, i) => (i === 0 ? 'chosen' : 'fallback')),
      )
    })
  })

  it('goes by scope: agent, user, team, organization, ambient', () => {
    const width = ['agent', 'user', 'team', 'organization', 'ambient']
    check(({ explicit: _, ...asked }, given) => {
      const scopes = resolve(asked, given).map(({ scope }) => width.indexOf(scope))
      expect(scopes).toEqual(scopes.toSorted((a, b) => a - b))
      expect(scopes).not.toContain(-1)
    })
  })

  it('puts ambient last and gives a reason for everything', () => {
    check((asked, given) => {
      const decisions = resolve(asked, given)
      const ambient = decisions.findIndex(({ scope }) => scope === 'ambient')
      if (ambient !== -1) expect(ambient).toBe(decisions.length - 1)
      for (const { reason } of decisions) expect(reason).not.toBe('')
    })
  })
})

describe('the order', () => {
  const base: ResolveRequest = {
    harness: 'claude',
    user: 'ada',
    teams: ['platform', 'web'],
    agent: 'nightly',
    ambient: 'login',
    orders: {},
    policies: DEFAULT_POLICIES,
    disabled: false,
    now: 0,
  }
  const one = (id: string, of: Owner, over: Partial<Candidate> = {}): Candidate => {
    return {
      id,
      owner: of,
      name: id,
      type: 'claude/api-key',
      state: 'ok',
      stateReason: '',
      stateUntil: null,
      ...over,
    }
  }
  const org: Owner = { kind: 'org' }
  const ada: Owner = { kind: 'user', id: 'ada' }

  it('is agent, user, teams by slug, organization, ambient', () => {
    const all = [
      one('o', org),
      one('w', { kind: 'team', slug: 'web' }),
      one('p', { kind: 'team', slug: 'platform' }),
      one('u', ada),
      one('a', { kind: 'agent', name: 'nightly' }),
    ]
    const scopes = resolve(base, all).map(({ scope, credential }) => credential?.id ?? scope)
    expect(scopes).toEqual(['a', 'u', 'p', 'w', 'o', 'ambient'])
  })

  it('is by type within an owner, unless the owner has set another', () => {
    const all = [one('bedrock', ada, { type: 'claude/bedrock-api-key' }), one('key', ada), one('spare', ada)]
    expect(resolve(base, all).map(({ credential }) => credential?.id)).toEqual([
      'key',
      'spare',
      'bedrock',
      undefined,
    ])
    const orders = { [formatOwner(ada)]: ['bedrock', 'spare'] }
    const ordered = resolve({ ...base, orders }, all).map(({ credential }) => credential?.id)
    expect(ordered).toEqual(['bedrock', 'spare', 'key', undefined])
  })

  it('skips what was rejected, and says so', () => {
    const [first, second] = resolve(base, [one('key', ada, { state: 'rejected' }), one('o', org)])
    expect(first).toMatchObject({ verdict: 'skipped', reason: 'the provider refused it' })
    expect(second).toMatchObject({ verdict: 'chosen', scope: 'organization' })
    const why = (stateReason: string) =>
      resolve(base, [one('key', ada, { state: 'rejected', stateReason })])[0]?.reason
    expect(why('it was refused again')).toBe('the provider refused it: it was refused again')
    // Not twice.
    expect(why('the provider refused it when it was tested')).toBe(
      'the provider refused it when it was tested',
    )
  })

  it('never takes a raw secret for a harness credential, even asked for by name', () => {
    const raw = one('raw', ada, { type: 'raw' })
    const [only] = resolve({ ...base, explicit: 'raw' }, [raw])
    expect(only?.reason).toMatch(/raw secret cannot be a harness credential/)
  })
})
