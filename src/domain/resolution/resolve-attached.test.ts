// What an agent may draw on (design §2, S8), whatever resolution is given.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../credential-types.ts'
import { HARNESSES } from '../harness-names.ts'
import type { Owner } from '../owner.ts'
import { CREDENTIAL_STATES } from '../state.ts'
import { DEFAULT_POLICIES, policiesOf } from './policy.ts'
import { type Candidate, chosen, type ResolveRequest, resolve } from './resolve.ts'

const PEOPLE = ['ada', 'bob']
const TEAMS = ['platform', 'web']
const AGENTS = ['nightly', 'review']
const id = fc.integer({ min: 1, max: 20 }).map((n) => `cred_${n}`)

const owner: fc.Arbitrary<Owner> = fc.oneof(
  fc.constant<Owner>({ kind: 'org' }),
  fc.constantFrom(...TEAMS).map((slug): Owner => ({ kind: 'team', slug })),
  fc.constantFrom(...PEOPLE).map((person): Owner => ({ kind: 'user', id: person })),
  fc.constantFrom(...AGENTS).map((name): Owner => ({ kind: 'agent', name })),
)

const candidates: fc.Arbitrary<Candidate[]> = fc.uniqueArray(
  fc.record({
    ...{ id, owner, name: fc.constantFrom('main', 'spare') },
    type: fc.constantFrom(...CREDENTIAL_TYPE_NAMES),
    state: fc.constantFrom(...CREDENTIAL_STATES),
    stateReason: fc.constantFrom('', 'no credit'),
    stateUntil: fc.constantFrom(null, 500, 1500),
  }),
  { selector: (one) => one.id, maxLength: 15 },
)

const SHARED = policiesOf({ claude: 'shared', codex: 'shared' }, true)

const request: fc.Arbitrary<ResolveRequest> = fc.record(
  {
    harness: fc.constantFrom(...HARNESSES),
    user: fc.constantFrom(null, ...PEOPLE),
    teams: fc.subarray(TEAMS),
    namedTeam: fc.constantFrom(...TEAMS),
    agent: fc.constantFrom(null, ...AGENTS),
    attached: fc.array(id).map((ids) => new Set(ids)),
    explicit: id,
    ambient: fc.constantFrom('environment', 'login', 'none', 'refused'),
    orders: fc.dictionary(fc.constantFrom('org', 'team:web', 'agent:nightly'), fc.array(id)),
    policies: fc.constant(SHARED),
    disabled: fc.constant(false),
    now: fc.constant(1000),
  },
  { requiredKeys: ['harness', 'user', 'teams', 'agent', 'ambient', 'orders', 'policies', 'disabled', 'now'] },
)

function check(property: (request: ResolveRequest, candidates: Candidate[]) => void): void {
  fc.assert(fc.property(request, candidates, property), { numRuns: 3000 })
}

const taken = (asked: ResolveRequest, given: Candidate[]) =>
  resolve(asked, given).flatMap(({ credential, verdict, ...rest }) =>
    credential !== null && verdict !== 'skipped' ? [{ credential, ...rest }] : [],
  )

describe('with what is attached, resolve never', () => {
  it('lists a personal credential but for that person’s run, even when it is said to be attached', () => {
    check((asked, given) => {
      for (const { credential, scope } of resolve(asked, given)) {
        if (credential?.owner.kind !== 'user') continue
        expect(credential.owner.id).toBe(asked.user)
        expect(['user', 'explicit']).toContain(scope)
      }
    })
  })

  it('takes for an agent’s own run what is neither its own nor attached', () => {
    check((asked, given) => {
      if (asked.agent === null || asked.user !== null) return
      for (const { credential } of taken(asked, given)) {
        if (credential.owner.kind === 'agent') expect(credential.owner.name).toBe(asked.agent)
        else expect(asked.attached?.has(credential.id)).toBe(true)
      }
      for (const { credential, verdict, reason } of resolve(asked, given)) {
        if (credential === null || credential.owner.kind === 'agent' || asked.attached?.has(credential.id))
          continue
        expect([verdict, reason]).toEqual(['skipped', `it is not attached to the agent ${asked.agent}`])
      }
    })
  })

  it('minds attachments in a run without an agent', () => {
    check((asked, given) => {
      const { attached: _, ...without } = { ...asked, agent: null }
      expect(resolve({ ...asked, agent: null }, given)).toEqual(resolve(without, given))
    })
  })

  it('lists a credential of another agent, or a team’s that is neither the run’s nor attached', () => {
    check((asked, given) => {
      for (const { credential } of resolve(asked, given)) {
        if (credential?.owner.kind === 'agent') expect(credential.owner.name).toBe(asked.agent)
        if (credential?.owner.kind !== 'team') continue
        const isAttached = asked.agent !== null && asked.attached?.has(credential.id) === true
        expect(isAttached || asked.teams.includes(credential.owner.slug)).toBe(true)
      }
    })
  })
})

describe('with what is attached, resolve always', () => {
  it('lists each credential once, and first the agent’s own, then what is attached by the order of types', () => {
    check((asked, given) => {
      const decisions = resolve(asked, given)
      const ids = decisions.flatMap(({ credential }) => credential?.id ?? [])
      expect(new Set(ids).size).toBe(ids.length)
      if (asked.explicit !== undefined) return
      const agents = decisions.flatMap(({ credential, scope }) =>
        scope === 'agent' && credential ? [credential] : [],
      )
      const own = agents.filter((one) => one.owner.kind === 'agent')
      expect(agents.slice(0, own.length)).toEqual(own)
      const orders = agents.slice(own.length).map((one) => CREDENTIAL_TYPES[one.type].order)
      expect(orders).toEqual(orders.toSorted((a, b) => a - b))
      const first = decisions.findIndex(({ scope }) => scope !== 'agent')
      if (first !== -1) expect(decisions.slice(first).some(({ scope }) => scope === 'agent')).toBe(false)
    })
  })

  it('says why: its own, or attached', () => {
    check((asked, given) => {
      for (const { credential, scope, reason } of taken(asked, given)) {
        if (scope !== 'agent') continue
        expect(reason).toBe(
          credential.owner.kind === 'agent' ? 'it belongs to the agent' : 'it is attached to the agent',
        )
      }
    })
  })

  it('gives one order for the same candidates in any order', () => {
    check((asked, given) => {
      expect(resolve(asked, given.toReversed())).toEqual(resolve(asked, given))
    })
  })
})

describe('a run for a person as an agent', () => {
  const asked: ResolveRequest = {
    ...{ harness: 'claude', user: 'ada', teams: ['web'], agent: 'nightly', attached: new Set(['attached']) },
    ...{ ambient: 'none', orders: { org: ['orgs', 'attached'] }, now: 0 },
    policies: DEFAULT_POLICIES,
    disabled: false,
  }
  const one = (name: string, of: Owner): Candidate => {
    return {
      id: name,
      owner: of,
      name,
      type: 'claude/api-key',
      state: 'ok',
      stateReason: '',
      stateUntil: null,
    }
  }
  const all = [
    one('orgs', { kind: 'org' }),
    one('attached', { kind: 'org' }),
    one('teams', { kind: 'team', slug: 'web' }),
    one('adas', { kind: 'user', id: 'ada' }),
    one('own', { kind: 'agent', name: 'nightly' }),
  ]

  it('has the agent’s, the person’s, the teams’ and the organization’s, in this order', () => {
    expect(resolve(asked, all).map(({ credential, scope }) => [credential?.id, scope])).toEqual([
      ['own', 'agent'],
      ['attached', 'agent'],
      ['adas', 'user'],
      ['teams', 'team'],
      ['orgs', 'organization'],
    ])
    expect(chosen(resolve({ ...asked, user: null }, all.slice(0, 3)))?.credential?.id).toBe('attached')
  })
})
