import { describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { HOUR, tokenSet } from '../../../test/support/grants.ts'
import { createHouse, errorOf, fakeKey, type House, LEASE_LIFE } from '../../../test/support/house.ts'
import { codexKey, houseWithLogins, reject } from '../../../test/support/rejections.ts'
import type { Caller } from '../../domain/caller.ts'
import { replaceLogin } from '../grants/arriving.ts'
import { grantAct } from '../grants/renewing/keeping.ts'
import { upkeep } from '../grants/tools.ts'
import type { LeaseEvent } from './lease-event.ts'

async function follow(house: House, id: string, who: 'bob' | Caller = 'bob', generation?: number) {
  const events = await house.ask(who, 'leases.events', {
    id,
    ...(generation !== undefined && { generation }),
  })
  return {
    events,
    /** The next thing that happened; undefined when it has ended. */
    async next(): Promise<LeaseEvent | undefined> {
      for (;;) {
        const { done, value } = await events.next()
        if (done === true) return undefined
        if (value !== null) return value
      }
    },
  }
}

describe('the events of a lease', () => {
  it('tell of a renewed login, once, without a value', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    const following = await follow(house, lease.id)
    expect(await following.events.next()).toEqual({ done: false, value: null })
    const next = following.next()
    await reject(house, lease)
    expect(await next).toEqual({ type: 'rotated', generation: 2 })
    await following.events.return?.()
    expect(await following.next()).toBeUndefined()
  })

  it('tell at once of what happened before somebody listened', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    await reject(house, lease)
    const late = await follow(house, lease.id, 'bob', 1)
    expect(await late.next()).toEqual({ type: 'rotated', generation: 2 })
    await late.events.return?.()
  })

  it('tell of a new sign-in', async () => {
    const { house, world } = houseWithLogins()
    const id = await world.signIn(HOUR)
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    const following = await follow(house, lease.id)
    await following.events.next()
    const row = await house.ports.store.credentials.get('org-acme', id)
    if (row === undefined) throw new Error('no row')
    const { ports } = world.server('two')
    await ports.guard.perform(upkeep(ports, 'org-acme'), async (unit, authorize) => {
      await authorize(grantAct('grant.test', row))
      const tokens = tokenSet('at-test-new', 'rt-test-new', 'acct-1', house.clock.now + HOUR)
      await replaceLogin(ports, unit, row, tokens, { by: 'ada', note: 'signed in', otherAccount: false })
    })
    expect(await following.next()).toEqual({ type: 'rotated', generation: 2 })
    expect(await following.next()).toEqual({ type: 'login-arrived', generation: 2 })
    await following.events.return?.()
  })

  it('tell who waits that another credential has come', async () => {
    const { house, world } = houseWithLogins()
    await world.signIn(HOUR)
    world.provider.live = 'somebody-else'
    const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
    expect(await reject(house, lease)).toMatchObject({ verdict: 'wait' })
    const key = await house.give('bob', 'me', 'key', codexKey('a'))
    const following = await follow(house, lease.id)
    await following.events.next()
    const next = following.next()
    await house.ask('bob', 'credentials.update', { id: key, fields: codexKey('b').fields })
    expect(await next).toEqual({ type: 'login-arrived', generation: null })
    expect(await reject(house, lease)).toMatchObject({
      verdict: 'switch',
      lease: { credential: { id: key } },
    })
    await following.events.return?.()
  })

  it.each(['stored', 'moved there', 'tested again'])(
    'tell who waits that a credential was %s',
    async (how) => {
      const { house, world } = houseWithLogins()
      await world.signIn(HOUR)
      world.provider.live = 'somebody-else'
      const there =
        how === 'stored'
          ? ''
          : await house.give('ada', how === 'tested again' ? 'org' : 'me', 'key', codexKey('a'))
      if (how === 'tested again') {
        const row = await house.ports.store.credentials.get('org-acme', there)
        await house.ports.store.credentials.update('org-acme', there, row?.revision ?? 0, {
          state: 'rejected',
        })
      }
      const lease = await house.ask('bob', 'leases.create', { harness: 'codex' })
      expect(await reject(house, lease)).toMatchObject({ verdict: 'wait' })
      const following = await follow(house, lease.id)
      await following.events.next()
      const next = following.next()
      if (how === 'stored') await house.give('ada', 'org', 'key', codexKey('a'))
      else if (how === 'moved there') await house.ask('ada', 'credentials.move', { id: there, owner: 'org' })
      else await house.ask('ada', 'credentials.test', { id: there })
      expect(await next).toEqual({ type: 'login-arrived', generation: null })
      await following.events.return?.()
    },
  )

  it('tell of a value that was changed by hand', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const following = await follow(house, lease.id)
    await following.events.next()
    const next = following.next()
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    expect(await next).toEqual({ type: 'rotated', generation: 2 })
    await following.events.return?.()
  })

  it('end when its holder has left the team whose credential it is, whose handle reads nothing then', async () => {
    const house = createHouse()
    const { app } = createTestApp(house)
    await house.give('ada', 'team:platform', 'ours')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const authorization = `Bearer ${lease.handle.expose()}`
    const ask = (method: string, path = '', body?: unknown) =>
      app.fetch(
        new Request(`${ORIGIN}/api/v1/leases/${lease.id}${path}`, {
          ...{ method, headers: { authorization, 'content-type': 'application/json' } },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
      )
    expect((await ask('GET')).status).toBe(200)
    const following = await follow(house, lease.id)
    await following.events.next()
    const next = following.next()
    await house.ask('ada', 'teams.leave', { team: 'platform', member: house.caller('bob').name })
    expect(await next).toEqual({ type: 'revoked', reason: 'its credential is for others now' })
    expect((await ask('GET')).status).toBe(404)
    expect((await ask('GET', '/events')).status).toBe(404)
    expect((await ask('POST', '/rejections', { generation: 1, status: 401 })).status).toBe(404)
  })

  it('end with the credential, and say why', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const following = await follow(house, lease.id)
    await following.events.next()
    const next = following.next()
    await house.ask('bob', 'credentials.delete', { id })
    expect(await next).toMatchObject({ type: 'revoked', reason: expect.any(String) })
    expect(await following.next()).toBeUndefined()
  })

  it('are for the holder and its handle only, and not of a lease that is over', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    for (const who of ['ada', 'cyd', 'eve'] as const) {
      expect((await errorOf(house.ask(who, 'leases.events', { id: lease.id }))).code).toBe('not_found')
    }
    const handle = house.caller('bob', { leaseId: lease.id, tokenId: null })
    const following = await follow(house, lease.id, handle)
    expect(await following.events.next()).toEqual({ done: false, value: null })
    await following.events.return?.()
    await house.ask('bob', 'leases.end', { id: lease.id })
    expect((await errorOf(house.ask('bob', 'leases.events', { id: lease.id }))).code).toBe('no_credential')
  })

  it('keep a lease alive, and are followed by a few only', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const all = []
    for (let one = 0; one < 8; one += 1) all.push(await follow(house, lease.id))
    const error = await errorOf(house.ask('bob', 'leases.events', { id: lease.id }))
    expect(error.code).toBe('rate_limited')
    expect((await errorOf(house.ask('eve', 'leases.events', { id: lease.id }))).code).toBe('not_found')
    const [first] = all
    await first?.events.next()
    house.clock.now += LEASE_LIFE - 1_000
    const next = first?.next()
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    expect(await next).toMatchObject({ type: 'rotated' })
    const kept = await house.ports.store.leases.get('org-acme', lease.id)
    expect(kept?.expiresAt).toBe(house.clock.now + LEASE_LIFE)
    for (const { events } of all) await events.return?.()
    for (let one = 0; one < 8; one += 1) await follow(house, lease.id)
  })
})
