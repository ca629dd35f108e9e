import { beforeEach, describe, expect, it } from 'vitest'
import { errorOf, type House, LEASE_LIFE } from '../../../test/support/house.ts'
import { type HouseWithLogin, houseWithLogin } from '../../../test/support/house-with-login.ts'
import { readRefreshHandle } from '../../domain/token.ts'
import type { CodexTokens } from './endpoint.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let house: House
let world: HouseWithLogin

beforeEach(async () => {
  world = await houseWithLogin()
  house = world.house
})

const renew = (token: string, reason: string | null = 'unauthorized_recovery') =>
  world.codex.renew({ token, reason, requestId: 'request-1' })

async function access(asked: Promise<CodexTokens>): Promise<string> {
  return (await asked).accessToken.expose()
}

describe('renewing', () => {
  it('of what somebody was refused with makes a new one, once, however many were', async () => {
    const { held } = await world.lease('bob')
    const all = await Promise.all(Array.from({ length: 20 }, () => renew(held)))
    expect(new Set(all.map(({ accessToken }) => accessToken.expose()))).toEqual(new Set(['at-test-1']))
    expect(world.provider.calls).toBe(1)
    const [one] = all
    expect(readRefreshHandle(one?.refreshToken.expose() ?? '')?.generation).toBe(2)
    expect(one?.idToken.expose()).toBe('e30.e30.sig')
    expect(one?.expiresInSeconds).toBe(3600)
    expect(JSON.stringify(all)).not.toMatch(/at-test|rt-test|clv_lease/)
  })

  it('from a copy with an older generation answers the current one at once, as often as it is asked', async () => {
    const { held } = await world.lease('bob')
    await renew(held)
    for (const reason of ['unauthorized_recovery', 'proactive_expiry', null])
      expect(await access(renew(held, reason))).toBe('at-test-1')
    expect(world.provider.calls).toBe(1)
  })

  it('of what was renewed a moment ago for the same reason answers it again', async () => {
    const { held } = await world.lease('bob')
    const second = (await renew(held)).refreshToken.expose()
    expect(await access(renew(second))).toBe('at-test-1')
    expect(world.provider.calls).toBe(1)
    house.clock.now += 5 * 60_000
    expect(await access(renew(second))).toBe('at-test-2')
    expect(world.provider.calls).toBe(2)
  })

  it.each(['proactive_expiry', 'scheduled', 'forced'])(
    'in time (%s) renews what is due only',
    async (reason) => {
      const { held } = await world.lease('bob')
      expect(await access(renew(held, reason))).toBe('at-test-first')
      expect(world.provider.calls).toBe(0)
      house.clock.now += HOUR - 60_000
      expect(await access(renew(held, reason))).toBe('at-test-1')
      expect(world.provider.calls).toBe(1)
    },
  )

  it('without a reason, as older versions do, is for a refusal long before the end, and for the end near it', async () => {
    const { held } = await world.lease('bob')
    const next = (await renew(held, null)).refreshToken.expose()
    expect(world.provider.calls).toBe(1)
    house.clock.now += HOUR - 60_000
    expect(await access(renew(next, null))).toBe('at-test-2')
    expect(world.provider.calls).toBe(2)
  })

  it('is recorded, each time, as the act of the holder by the lease', async () => {
    const { held, id } = await world.lease('bob')
    await renew(held)
    const acts = (await house.audit()).filter(({ action }) => action === 'lease.renew')
    expect(acts).toMatchObject([
      {
        actorKind: 'person by lease',
        outcome: 'allowed',
        objectId: world.credential,
        details: { lease: id, generation: 2 },
      },
    ])
  })

  it('opens nothing when it cannot be recorded', async () => {
    const { held } = await world.lease('bob')
    const before = house.opened()
    house.auditFails('allowed')
    expect((await errorOf(renew(held))).code).toBe('storage_full')
    expect([house.opened() - before, world.provider.calls]).toEqual([0, 0])
  })

  it('never opens the refresh token for a holder', async () => {
    const { lease } = await world.lease('bob')
    expect(Object.keys(lease.credential?.fields ?? {}).sort()).toEqual(['access', 'accountId', 'id'])
  })
})

describe('what no waiting helps against', () => {
  it.each(['', 'rt_0123456789', 'clv_lease_x~1~000000'])(
    'is a token that is none of ours: %j',
    async (token) => {
      expect((await errorOf(renew(token))).code).toBe('unauthenticated')
    },
  )

  it('is a number, or a sum, that was changed', async () => {
    const { held } = await world.lease('bob')
    for (const token of [held.replace('~1~', '~7~'), `${held.slice(0, -1)}${held.endsWith('A') ? 'B' : 'A'}`])
      expect((await errorOf(renew(token))).code).toBe('no_credential')
    expect(world.provider.calls).toBe(0)
  })

  it('is a lease that was ended', async () => {
    const { held, id } = await world.lease('bob')
    await house.ask('bob', 'leases.end', { id })
    expect((await errorOf(renew(held))).code).toBe('unauthenticated')
    expect(world.provider.calls).toBe(0)
  })

  it('is a harness that was switched off, and a policy that forbids it', async () => {
    const { held } = await world.lease('bob')
    await house.ask('ann', 'harnesses.set', { harness: 'codex', enabled: false })
    expect((await errorOf(renew(held))).code).toBe('forbidden')
    await house.ask('ann', 'harnesses.set', { harness: 'codex', enabled: true })
    await house.ask('ann', 'policy.set', { harness: 'codex', policy: 'off' })
    expect((await errorOf(renew(held))).code).toBe('forbidden')
    expect(world.provider.calls).toBe(0)
  })

  it('is a credential that the holder may not use any more, and nothing is renewed for them', async () => {
    const { held } = await world.lease('bob')
    await house.ask('ann', 'credentials.move', { id: world.credential, owner: 'me' })
    expect(['not_found', 'no_credential', 'unauthenticated']).toContain((await errorOf(renew(held))).code)
    expect(world.provider.calls).toBe(0)
  })

  it('is a login that its provider has ended', async () => {
    const { held } = await world.lease('bob')
    world.provider.live = 'somebody-elses'
    expect((await errorOf(renew(held))).code).toBe('needs_login')
    expect((await errorOf(renew(held))).code).toBe('needs_login')
    expect(world.provider.calls).toBe(1)
  })

  it('is a login of another account than the lease was taken for', async () => {
    const { held } = await world.lease('bob')
    await world.signInAgain('acct-2')
    expect((await errorOf(renew(held))).code).toBe('no_credential')
    const { held: other } = await world.lease('bob')
    expect(await access(renew(other, 'proactive_expiry'))).toBe('at-test-again')
  })

  it('is the handle of a lease of something else', async () => {
    await house.give('bob', 'me', 'key', {
      type: 'codex/api-key',
      fields: { key: 'sk-test-0123456789012345' },
    })
    const { held } = await world.lease('bob', { credential: 'key' })
    expect((await errorOf(renew(held))).code).toBe('no_credential')
  })
})

it('a provider that fails is waited for, and one that works again is enough', async () => {
  const { held } = await world.lease('bob')
  world.provider.instead.push(() => ({
    kind: 'failed',
    doubtful: false,
    retryAfterMs: 9_000,
    message: 'busy',
  }))
  const error = await errorOf(renew(held))
  expect(error.code).toBe('upstream')
  expect(error.retryAfter).toBeGreaterThanOrEqual(1)
  house.clock.now += 60_000
  expect(await access(renew(held))).toBe('at-test-1')
})

it('a lease lives until after its token has ended, and each renewal carries it on', async () => {
  const { lease, held, id } = await world.lease('bob')
  expect(Date.parse(lease.expiresAt)).toBe(house.clock.now + HOUR + LEASE_LIFE)
  house.clock.now += HOUR - 1_000
  await renew(held, 'proactive_expiry')
  const row = await house.ports.store.leases.lookUp(id)
  expect(row?.expiresAt).toBe(house.clock.now + HOUR + LEASE_LIFE)
  house.clock.now += DAY
  expect((await errorOf(renew(held))).message).toContain('expired')
})

describe('signing out', () => {
  it('ends the lease, says why, and leaves the login alone', async () => {
    const { held, id } = await world.lease('bob')
    await world.codex.revoke({ token: held, requestId: 'request-1' })
    expect(await house.ports.store.leases.lookUp(id)).toMatchObject({ endReason: 'codex signed out' })
    expect((await errorOf(renew(held))).message).toContain('codex signed out')
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'lease.end', actorKind: 'person by lease' })
    const { held: other } = await world.lease('bob')
    expect(await access(renew(other, 'proactive_expiry'))).toBe('at-test-first')
    expect(world.provider.calls).toBe(0)
  })

  it('again, or with anything else, is no error', async () => {
    const { held } = await world.lease('bob')
    for (const token of [held, held, 'rt_something', ''])
      await world.codex.revoke({ token, requestId: 'request-1' })
  })
})
