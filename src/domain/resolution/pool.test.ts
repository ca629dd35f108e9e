// S8: whatever a pool says, it changes only the order of credentials of one type and one owner that nobody has ordered.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatOwner, type Owner } from '../owner.ts'
import { DEFAULT_POLICIES } from './policy.ts'
import { POOL_ORDERS, type Pool } from './pool.ts'
import { type Candidate, chosen, type Decision, type ResolveRequest, resolve } from './resolve.ts'

const ids = ['a', 'b', 'c', 'd', 'e', 'f']

const candidates: fc.Arbitrary<Candidate[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ids),
    owner: fc.constantFrom<Owner>({ kind: 'org' }, { kind: 'user', id: 'bob' }),
    name: fc.constantFrom('one', 'two', 'three'),
    type: fc.constantFrom('claude/api-key' as const, 'claude/bedrock-api-key' as const),
    state: fc.constantFrom('ok' as const, 'cooling_down' as const),
    stateReason: fc.constant(''),
    stateUntil: fc.constantFrom(500, 1500),
  }),
  { selector: ({ id }) => id },
)

const pool: fc.Arbitrary<Pool> = fc.record({
  order: fc.constantFrom(...POOL_ORDERS),
  stays: fc.option(fc.constantFrom(...ids, 'gone')),
  lastUsed: fc.dictionary(fc.constantFrom(...ids), fc.nat(9)),
})

const request: ResolveRequest = {
  ...{ harness: 'claude', user: 'bob', teams: [], agent: null, ambient: 'none', orders: {} },
  ...{ policies: DEFAULT_POLICIES, disabled: false, now: 1000 },
}

const groupOf = ({ credential }: Decision) =>
  credential === null ? '' : `${formatOwner(credential.owner)} ${credential.type}`

const idsOf = (decisions: readonly Decision[]) => decisions.map(({ credential }) => credential?.id)

describe('a pool', () => {
  it('changes who goes first among its own, and nothing else', () => {
    fc.assert(
      fc.property(candidates, pool, (all, one) => {
        const [plain, pooled] = [resolve(request, all), resolve({ ...request, pool: one }, all)]
        expect(pooled.map(groupOf)).toEqual(plain.map(groupOf))
        expect(idsOf(pooled).sort()).toEqual(idsOf(plain).sort())
        const verdicts = (list: readonly Decision[]) =>
          new Map(list.map(({ credential, verdict }) => [credential?.id, verdict === 'skipped']))
        expect(verdicts(pooled)).toEqual(verdicts(plain))
      }),
    )
  })

  it('keeps a run with the one it had for as long as that one serves, and hops by turns', () => {
    fc.assert(
      fc.property(candidates, pool, (all, one) => {
        const pooled = resolve({ ...request, pool: one }, all)
        const first = chosen(pooled)
        if (first === null) return
        const usable = pooled.filter(
          (decision) => decision.verdict !== 'skipped' && groupOf(decision) === groupOf(first),
        )
        if (usable.some(({ credential }) => credential?.id === one.stays))
          expect(first.credential?.id).toBe(one.stays)
        else if (one.order === 'least-recently-used') {
          const used = (decision: Decision) => one.lastUsed[decision.credential?.id ?? ''] ?? 0
          expect(used(first)).toBe(Math.min(...usable.map(used)))
        }
      }),
    )
  })

  it('does not touch an order that the owner has set, nor the one that was asked for by name', () => {
    fc.assert(
      fc.property(candidates, pool, fc.constantFrom(...ids), (all, one, explicit) => {
        const orders = { org: ids, 'user:bob': ids }
        const plain = resolve({ ...request, orders }, all)
        expect(resolve({ ...request, orders, pool: one }, all)).toEqual(plain)
        const named = resolve({ ...request, explicit, pool: one }, all)
        expect(named).toEqual(resolve({ ...request, explicit }, all))
      }),
    )
  })
})
