// The switch of a harness (O9) and the subscriptions policy (R13): who may turn them, and what follows at once.

import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import type { PersonName } from '../../../test/support/people.ts'
import type { Input } from '../../api/schemas.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { HARNESSES } from '../../domain/harness-names.ts'
import { SUBSCRIPTION_POLICIES } from '../../domain/resolution/policy.ts'

const TOKEN = { type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test' } } as const
const CODEX_TOKEN = { type: 'codex/access-token', fields: { token: 'at-test-0123456789' } } as const
const SHARED = { harness: 'claude', policy: 'shared', acceptTerms: true } as const

let house: House

beforeEach(() => {
  house = createHouse()
})

const disable = (who: PersonName, harness: 'claude' | 'codex') =>
  house.ask(who, 'harnesses.set', { harness, enabled: false })
const choose = (policy: Input<'policy.set'>['policy'], who: PersonName = 'ada') =>
  house.ask(who, 'policy.set', { harness: 'claude', policy, acceptTerms: true })
const lastRow = async (who: PersonName = 'ada') => (await house.audit(who)).at(-1)

describe('the switch of a harness', () => {
  it('says when it was turned and by whom, to everybody who may see settings', async () => {
    const never = { enabled: true, since: null, by: null }
    expect((await house.ask('bob', 'harnesses.list', {})).harnesses).toEqual([
      { harness: 'claude', title: 'Claude Code', ...never },
      { harness: 'codex', title: 'Codex', ...never },
    ])
    house.clock.now = Date.UTC(2026, 4, 6, 7, 8, 9)
    const turned = await disable('ann', 'codex')
    expect(turned).toEqual({
      ...{ harness: 'codex', title: 'Codex', enabled: false },
      ...{ since: '2026-05-06T07:08:09.000Z', by: 'ann@example.test' },
    })
    for (const who of ['ada', 'ann', 'bob', 'aud'] as const)
      expect((await house.ask(who, 'harnesses.list', {})).harnesses[1]).toEqual(turned)
    expect((await house.ask('eve', 'harnesses.list', {})).harnesses[1]).toMatchObject(never)
    expect(await lastRow()).toMatchObject({ action: 'harness.disable', objectName: 'codex' })
  })

  it('refuses every run of the harness, whatever would have served it, and records that', async () => {
    await house.give('bob', 'me', 'main', { type: 'codex/api-key', fields: { key: 'sk-test-1' } })
    await disable('ann', 'codex')
    const before = (await house.audit()).length
    const requests = [{}, { credential: 'main' }, { credential: 'nobody' }, { ambient: 'login' }] as const
    for (const request of requests) {
      const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'codex', ...request }))
      expect([error.code, error.message]).toEqual([
        'forbidden',
        'Codex is disabled for this organization. Ask an admin, or choose another harness.',
      ])
    }
    const rows = (await house.audit()).slice(before)
    expect(rows.map(({ action, outcome, objectName }) => [action, outcome, objectName])).toEqual(
      requests.map(() => ['lease.create', 'refused', 'codex']),
    )
    expect(house.opened()).toBe(0)
  })

  it('of Claude Code has its own name, and leaves the other harness and other organizations alone', async () => {
    for (const who of ['bob', 'eve'] as const) {
      await house.give(who, 'me', 'main')
      await house.give(who, 'me', 'oai', { type: 'codex/api-key', fields: { key: 'sk-test-1' } })
    }
    await disable('ada', 'claude')
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect(error.message).toBe(
      'Claude Code is disabled for this organization. Ask an admin, or choose another harness.',
    )
    expect((await house.ask('bob', 'leases.create', { harness: 'codex' })).credential?.name).toBe('oai')
    expect((await house.ask('eve', 'leases.create', { harness: 'claude' })).credential?.name).toBe('main')
  })

  it('is felt by leases that are running, their handles too, until it is turned on again', async () => {
    await house.give('bob', 'me', 'main')
    const { id } = await house.ask('bob', 'leases.create', { harness: 'claude' })
    await disable('ada', 'claude')
    for (const caller of [house.caller('bob'), house.caller('bob', { tokenId: null, leaseId: id })]) {
      const error = await errorOf(house.ask(caller, 'leases.read', { id }))
      expect([error.code, error.message]).toEqual(['forbidden', expect.stringContaining('is disabled')])
      expect(await lastRow()).toMatchObject({ action: 'lease.read', outcome: 'refused' })
    }
    await house.ask('ann', 'harnesses.set', { harness: 'claude', enabled: true })
    const again = await house.ask('bob', 'leases.read', { id })
    expect(again.credential?.fields['key']?.expose()).toBe(fakeKey('main'))
    await disable('ada', 'claude')
    expect(await house.ask('bob', 'leases.end', { id })).toEqual({ ended: true })
  })

  it('is the reason for everything in an explanation, and does not stand against storing', async () => {
    await disable('ada', 'claude')
    await house.give('bob', 'me', 'main')
    const { decisions } = await house.ask('bob', 'explain', { harness: 'claude', ambient: 'login' })
    expect(decisions.map(({ scope, verdict, reason }) => [scope, verdict, reason])).toEqual([
      ['user', 'skipped', 'Claude Code is disabled for this organization'],
      ['ambient', 'skipped', 'Claude Code is disabled for this organization'],
    ])
  })

  it('is not for members and auditors', async () => {
    for (const who of ['bob', 'aud'] as const)
      expect((await errorOf(disable(who, 'claude'))).code).toBe('forbidden')
    expect(await lastRow()).toMatchObject({ action: 'harnesses.set', outcome: 'refused' })
    expect((await house.ask('bob', 'harnesses.list', {})).harnesses[0]?.enabled).toBe(true)
  })

  it('stays as it was when the audit row cannot be written', async () => {
    house.auditFails('allowed')
    expect((await errorOf(disable('ada', 'claude'))).code).toBe('storage_full')
    expect((await house.ask('bob', 'harnesses.list', {})).harnesses[0]?.enabled).toBe(true)
  })
})

describe('the subscriptions policy', () => {
  it('says what holds in the organization, and what follows for the caller', async () => {
    const of = async (who: PersonName) =>
      (await house.ask(who, 'policy.get', {})).policies.map((one) => [
        ...[one.harness, one.policy, one.isDefault, one.effective, one.noticeAccepted, one.by],
      ])
    const codex = ['codex', 'shared', true, 'shared', null, null]
    expect(await of('bob')).toEqual([['claude', 'owner', true, 'off', false, null], codex])
    await house.give('bob', 'me', 'mine', { ...TOKEN, acceptNotice: true })
    expect(await of('bob')).toEqual([['claude', 'owner', true, 'owner', true, null], codex])
    await choose('shared')
    expect(await of('bob')).toEqual([['claude', 'shared', false, 'shared', true, 'ada@example.test'], codex])
    expect(await of('cyd')).toEqual([['claude', 'shared', false, 'shared', false, 'ada@example.test'], codex])
    await choose('default', 'ann')
    expect((await of('cyd'))[0]).toEqual(['claude', 'owner', true, 'off', false, null])
    expect((await of('eve'))[0]?.[2]).toBe(true)
  })

  it('may be narrowed by admins; only an owner may share Claude’s, and only having accepted the terms', async () => {
    for (const policy of ['off', 'owner', 'default'] as const) await choose(policy, 'ann')
    await house.ask('ann', 'policy.set', { harness: 'codex', policy: 'shared' })
    for (const who of ['ann', 'bob', 'aud'] as const) {
      const error = await errorOf(house.ask(who, 'policy.set', SHARED))
      expect([who, error.code]).toEqual([who, 'forbidden'])
      expect(await lastRow()).toMatchObject({ outcome: 'refused', actorId: who })
    }
    const unread = await errorOf(house.ask('ada', 'policy.set', { harness: 'claude', policy: 'shared' }))
    expect([unread.code, unread.message]).toEqual(['invalid', expect.stringContaining("Anthropic's terms")])
    expect((await house.ask('ada', 'policy.get', {})).policies[0]?.policy).toBe('owner')
    expect((await house.ask('ada', 'policy.set', SHARED)).policy).toBe('shared')
    expect((await lastRow())?.details).toEqual({ from: 'owner', to: 'shared', acceptedTerms: true })
  })

  it('refuses to store or move one for others without `shared`, naming the switch, and records it', async () => {
    const id = await house.give('bob', 'me', 'mine', { ...TOKEN, acceptNotice: true })
    const refused = [
      () => house.give('ada', 'org', 'x', TOKEN),
      () => house.give('bob', 'team:platform', 'x', { ...TOKEN, acceptNotice: true }),
      () => house.ask('bob', 'credentials.move', { id, owner: 'team:platform' }),
    ]
    for (const call of refused) {
      const error = await errorOf(call())
      expect([error.code, error.message]).toEqual([
        'forbidden',
        expect.stringContaining('the subscriptions policy for claude is owner'),
      ])
      expect(error.hint).toContain('claviger admin policy set claude shared')
      expect((await lastRow())?.outcome).toBe('refused')
    }
    await choose('shared')
    for (const call of refused) await call()
  })

  it('asks the provider nothing about what it forbids', async () => {
    const request = { ...TOKEN, owner: 'org', name: 'x', test: true }
    expect((await errorOf(house.ask('ada', 'credentials.create', request))).code).toBe('forbidden')
    expect(house.provider.asked).toBe(0)
  })

  it('off serves nobody, and says so in lease and explanation', async () => {
    const id = await house.give('bob', 'me', 'mine', { ...TOKEN, acceptNotice: true })
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    await choose('off', 'ann')
    const { decisions } = await house.ask('bob', 'explain', { harness: 'claude' })
    expect(decisions[0]?.reason).toBe(
      'the subscriptions policy for claude is off: no subscription may serve a run',
    )
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude', credential: id }))
    expect([error.code, error.message]).toEqual(['no_credential', expect.stringContaining('claude is off')])
    const held = await errorOf(house.ask('bob', 'leases.read', { id: lease.id }))
    expect([held.code, held.message]).toEqual(['forbidden', expect.stringContaining('claude is off')])
    const stored = await errorOf(house.give('cyd', 'me', 'x', { ...TOKEN, acceptNotice: true }))
    expect(stored.hint).toContain('claviger admin policy set claude owner')
    await house.give('bob', 'me', 'key')
    expect((await house.ask('bob', 'leases.create', { harness: 'claude' })).credential?.name).toBe('key')
  })

  it('shared still waits for each person’s notice before a subscription of their own serves', async () => {
    await choose('shared')
    const error = await errorOf(house.give('bob', 'me', 'mine', TOKEN))
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining('personal Claude subscription token'),
      expect.stringContaining('--accept-notice'),
    ])
    await house.give('ada', 'org', 'everybodys', TOKEN)
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(lease.credential?.name).toBe('everybodys')
    await choose('owner')
    expect((await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))).message).toContain(
      "only a person's own subscription serves that person",
    )
  })

  it('of Codex can be narrowed and opened again by an admin', async () => {
    await house.give('ada', 'org', 'everybodys', CODEX_TOKEN)
    await house.ask('ann', 'policy.set', { harness: 'codex', policy: 'owner' })
    expect((await errorOf(house.ask('bob', 'leases.create', { harness: 'codex' }))).code).toBe(
      'no_credential',
    )
    expect((await errorOf(house.give('ada', 'org', 'second', CODEX_TOKEN))).hint).toContain(
      'An admin of the organization may allow it: claviger admin policy set codex shared',
    )
    await house.give('bob', 'me', 'bobs', CODEX_TOKEN)
    expect((await house.ask('bob', 'leases.create', { harness: 'codex' })).credential?.name).toBe('bobs')
  })
})

describe('whatever was chosen, stored and accepted in whatever order', () => {
  const people = ['ada', 'bob', 'cyd'] as const
  const act = fc.oneof(
    fc.record({
      kind: fc.constant('choose' as const),
      harness: fc.constantFrom(...HARNESSES),
      policy: fc.constantFrom(...SUBSCRIPTION_POLICIES, 'default' as const),
    }),
    fc.record({
      kind: fc.constant('store' as const),
      who: fc.constantFrom(...people),
      owner: fc.constantFrom('me', 'org', 'team:platform', 'team:mobile', 'agent:nightly'),
      what: fc.constantFrom(TOKEN, CODEX_TOKEN),
      acceptNotice: fc.boolean(),
    }),
  )

  it('no lease and no explanation ever yields a subscription against the policy', async () => {
    const lived = fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
      const at = createHouse()
      const policies = { claude: 'owner', codex: 'shared' }
      const accepted = new Set<string>()
      for (const [i, one] of acts.entries()) {
        if (one.kind === 'choose') {
          const { harness, policy } = one
          await at.ask('ada', 'policy.set', { harness, policy, acceptTerms: true })
          policies[harness] = policy === 'default' ? { claude: 'owner', codex: 'shared' }[harness] : policy
          continue
        }
        const { who, owner, what, acceptNotice } = one
        const stored = await at.give(who, owner, `n${i}`, { ...what, acceptNotice }).then(
          () => true,
          () => false,
        )
        if (stored && acceptNotice && what === TOKEN) accepted.add(who)
      }
      for (const who of people) {
        for (const harness of HARNESSES) {
          const { decisions } = await at.ask(who, 'explain', { harness })
          const usable = decisions.filter(({ verdict }) => verdict !== 'skipped')
          const lease = await at.ask(who, 'leases.create', { harness }).catch(() => null)
          for (const credential of [...usable.map((one) => one.credential), lease?.credential]) {
            if (!credential || !CREDENTIAL_TYPES[credential.type].subscription) continue
            const own = credential.owner === `user:${who}`
            const mayServe = own
              ? policies[harness] !== 'off' && (harness === 'codex' || accepted.has(who))
              : policies[harness] === 'shared'
            expect({ who, credential, policies, mayServe }).toMatchObject({ mayServe: true })
          }
        }
      }
    })
    await fc.assert(lived, { numRuns: 150 })
  })
})
