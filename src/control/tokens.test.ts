import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House, LEASE_LIFE } from '../../test/support/house.ts'
import type { PersonName } from '../../test/support/people.ts'
import { formatHandle, formatToken } from '../domain/token.ts'
import { sha256 } from '../lib/digest.ts'
import type { SignalListener } from '../store/signal-group.ts'
import type { Store } from '../store/store.ts'
import { createAuthenticator } from './authenticate.ts'

async function tokenOf(house: House, who: PersonName, name: string, changed = {}): Promise<string> {
  const request = { name, role: house.caller(who).role as 'member', expiresInSeconds: null, ...changed }
  return (await house.ask(who, 'tokens.create', request)).token.expose()
}

describe('tokens.create', () => {
  it('shows the token once and keeps its digest only', async () => {
    const house = createHouse()
    const made = await house.ask('bob', 'tokens.create', {
      name: 'laptop',
      role: 'member',
      expiresInSeconds: 3600,
    })
    expect(made).toMatchObject({ name: 'laptop', role: 'member', holder: 'bob', revokedAt: null })
    expect(made.holderName).toBe(house.caller('bob').name)
    expect(Date.parse(made.expiresAt ?? '')).toBe(house.clock.now + 3_600_000)
    expect(JSON.stringify(made)).not.toContain(made.token.expose())
    const rows = await house.ports.store.tokens.list('org-acme')
    expect(JSON.stringify(rows)).not.toContain(made.token.expose())
    expect(rows[0]?.digest).toBe(sha256(made.token.expose()))
    expect(JSON.stringify(await house.audit())).not.toContain(made.token.expose())
  })

  it.each([
    ['bob', 'owner'],
    ['bob', 'admin'],
    ['bob', 'auditor'], // it may read more than a member: the audit log and all teams' metadata
    ['ann', 'owner'],
    ['aud', 'member'],
    ['aud', 'admin'],
  ] as const)('does not give %s the role %s', async (who, role) => {
    const house = createHouse()
    const error = await errorOf(house.ask(who, 'tokens.create', { name: 'x', role, expiresInSeconds: null }))
    expect(error.code).toBe('forbidden')
    expect(error.hint).toBeTruthy()
    expect(await house.ports.store.tokens.list('org-acme')).toEqual([])
  })

  it.each([
    ['ada', 'owner'],
    ['ada', 'auditor'],
    ['ann', 'admin'],
    ['ann', 'member'],
    ['bob', 'member'],
    ['aud', 'auditor'], // of their own, for the machines they audit from
  ] as const)('gives %s the role %s', async (who, role) => {
    const house = createHouse()
    const token = await tokenOf(house, who, 'x', { role })
    expect(await createAuthenticator(house.ports)(token, 'r')).toMatchObject({ id: who, role })
  })

  it('refuses a bad or a taken name', async () => {
    const house = createHouse()
    await tokenOf(house, 'bob', 'laptop')
    expect((await errorOf(tokenOf(house, 'bob', 'laptop'))).code).toBe('conflict')
    expect((await errorOf(tokenOf(house, 'bob', 'a b'))).code).toBe('invalid')
    await house.ask('bob', 'tokens.revoke', { name: 'laptop' })
    await tokenOf(house, 'bob', 'laptop')
  })
})

describe('tokens.list and tokens.revoke', () => {
  it('are about one’s own; those who manage and audit see all', async () => {
    const house = createHouse()
    await tokenOf(house, 'bob', 'bobs')
    await tokenOf(house, 'cyd', 'cyds')
    await tokenOf(house, 'eve', 'eves')
    const names = async (who: PersonName) =>
      (await house.ask(who, 'tokens.list', {})).tokens.map((one) => one.name).sort()
    expect(await names('bob')).toEqual(['bobs'])
    expect(await names('ann')).toEqual(['bobs', 'cyds'])
    expect(await names('aud')).toEqual(['bobs', 'cyds'])
    for (const [who, name] of [
      ['bob', 'cyds'],
      ['ada', 'eves'],
      ['bob', 'none'],
    ] as const) {
      const error = await errorOf(house.ask(who, 'tokens.revoke', { name }))
      expect([error.code, error.hint]).toEqual([
        'not_found',
        expect.stringContaining('claviger admin tokens list'),
      ])
    }
    expect((await errorOf(house.ask('aud', 'tokens.revoke', { name: 'bobs' }))).code).toBe('not_found')
    expect(await house.ask('ann', 'tokens.revoke', { name: 'cyds' })).toEqual({ revoked: true })
  })

  it('say what holds each, and when it was used last, to a minute', async () => {
    const house = createHouse()
    const token = await tokenOf(house, 'bob', 'bobs')
    await house.ask('ann', 'agents.create', { name: 'nightly' })
    await house.ask('ann', 'agents.token', { agent: 'nightly', name: 'robots', expiresInSeconds: null })
    const listed = async () => (await house.ask('ann', 'tokens.list', {})).tokens
    expect(await listed()).toMatchObject([
      { name: 'bobs', holderKind: 'person', holder: 'bob', lastUsedAt: null },
      { name: 'robots', holderKind: 'agent', holder: 'nightly', holderName: 'nightly', lastUsedAt: null },
    ])
    const authenticate = createAuthenticator(house.ports)
    const usedAt = async () => Date.parse((await listed())[0]?.lastUsedAt ?? '')
    const first = house.clock.now
    await authenticate(token, 'r')
    await expect.poll(usedAt).toBe(first)
    house.clock.now = first + 59_000
    await authenticate(token, 'r')
    expect(await usedAt()).toBe(first)
    house.clock.now = first + 61_000
    await authenticate(token, 'r')
    await expect.poll(usedAt).toBe(first + 61_000)
  })
})

describe('whoami', () => {
  it('says who holds the token', async () => {
    const house = createHouse()
    expect(await house.ask('bob', 'whoami', {})).toEqual({
      ...{ kind: 'person', id: 'bob', name: 'bob@example.test', role: 'member', teams: ['platform'] },
      agent: null,
      operator: true,
      organization: { id: 'org-acme', name: 'Acme' },
    })
  })
})

describe('authentication', () => {
  it('lets the handles of a token fall with it', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    const authenticate = createAuthenticator(house.ports)
    const caller = await authenticate(await tokenOf(house, 'bob', 'leaked'), 'r')
    const lease = await house.control['leases.create'](caller, {
      harness: 'claude',
      ambient: 'none',
      raw: true,
    })
    const handle = lease.handle.expose()
    expect((await authenticate(handle, 'r')).leaseId).toBe(lease.id)
    await house.ask('bob', 'tokens.revoke', { name: 'leaked' })
    house.clock.now += 501
    expect((await errorOf(authenticate(handle, 'r'))).message).toBe('The token leaked was revoked.')
  })

  it('refuses what is no token, unknown, expired or revoked, and never repeats it', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const unknown = formatToken(house.ports.random(48))
    const expired = await tokenOf(house, 'bob', 'expired', { expiresInSeconds: 60 })
    const revoked = await tokenOf(house, 'bob', 'revoked')
    await house.ask('bob', 'tokens.revoke', { name: 'revoked' })
    house.clock.now += 60_000
    const flipped = `${revoked.slice(0, -1)}${revoked.endsWith('0') ? '1' : '0'}`
    for (const [token, message] of [
      ['nonsense', 'not a Claviger token'],
      [flipped, 'not a Claviger token'],
      [unknown, 'unknown'],
      [formatHandle(`lease_${'0a'.repeat(16)}`, house.ports.random(48)), 'unknown'],
      [expired, 'expired has expired'],
      [revoked, 'revoked was revoked'],
    ] as const) {
      const error = await errorOf(authenticate(token, 'r'))
      expect([error.code, error.message]).toEqual(['unauthenticated', expect.stringContaining(message)])
      expect(`${error.message} ${error.hint}`).not.toContain(token)
    }
  })

  it('refuses a revoked token within a second, whatever the clock does', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const token = await tokenOf(house, 'bob', 'laptop')
    await authenticate(token, 'r')
    await house.ask('ada', 'tokens.revoke', { name: 'laptop' })
    house.clock.now += 999
    expect((await errorOf(authenticate(token, 'r'))).message).toContain('was revoked')

    const second = await tokenOf(house, 'bob', 'second')
    await authenticate(second, 'r')
    await house.ask('ada', 'tokens.revoke', { name: 'second' })
    house.clock.now -= 3_600_000 // the clock of the machine was set back
    expect((await errorOf(authenticate(second, 'r'))).message).toContain('was revoked')
  })

  it('refuses a revoked token and its handles at once where the signal arrives', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    const authenticate = createAuthenticator(house.ports)
    const token = await tokenOf(house, 'bob', 'laptop')
    const caller = await authenticate(token, 'r')
    const lease = await house.control['leases.create'](caller, {
      harness: 'claude',
      ambient: 'none',
      raw: true,
    })
    await authenticate(lease.handle.expose(), 'r')
    await house.ask('ada', 'tokens.revoke', { name: 'laptop' })
    for (const one of [token, lease.handle.expose()])
      expect((await errorOf(authenticate(one, 'r'))).message).toBe('The token laptop was revoked.')
  })

  it('forgets whom it knew after a gap in the signals, and asks once more only', async () => {
    const house = createHouse()
    const { store, identity } = house.ports
    let hear: SignalListener = () => undefined
    const listen: Store['signals']['listen'] = (listener) => {
      hear = listener
      return () => undefined
    }
    let asked = 0
    const counting = {
      ...identity,
      person: (organizationId: string, id: string) => {
        asked += 1
        return identity.person(organizationId, id)
      },
    }
    const deaf = { ...store, signals: { ...store.signals, listen } }
    const authenticate = createAuthenticator({ ...house.ports, store: deaf, identity: counting })
    const token = await tokenOf(house, 'bob', 'laptop')
    for (let times = 0; times < 3; times += 1) await authenticate(token, 'r')
    expect(asked).toBe(1)
    hear('missed')
    for (let times = 0; times < 3; times += 1) await authenticate(token, 'r')
    expect(asked).toBe(2)
    // A signal that was lost: the memory is short.
    await house.ask('ada', 'tokens.revoke', { name: 'laptop' })
    expect(await authenticate(token, 'r')).toMatchObject({ id: 'bob' })
    house.clock.now += 500
    expect((await errorOf(authenticate(token, 'r'))).message).toContain('was revoked')
  })

  it('does not remember what it was looking up when the signal arrived', async () => {
    const house = createHouse()
    const { identity } = house.ports
    const token = await tokenOf(house, 'bob', 'laptop')
    let revoking: (() => Promise<unknown>) | undefined = () =>
      house.ask('ada', 'tokens.revoke', { name: 'laptop' })
    const slow = {
      ...identity,
      // The token has been found to be live already.
      person: async (organizationId: string, id: string) => {
        await revoking?.()
        revoking = undefined
        return identity.person(organizationId, id)
      },
    }
    const authenticate = createAuthenticator({ ...house.ports, identity: slow })
    await authenticate(token, 'r')
    expect((await errorOf(authenticate(token, 'r'))).message).toContain('was revoked')
  })

  it('counts that second from when it asked, not from when it had the answer', async () => {
    const house = createHouse()
    const { identity } = house.ports
    const slow = {
      ...identity,
      person: async (organizationId: string, id: string) => {
        const person = await identity.person(organizationId, id)
        house.clock.now += 800
        return person
      },
    }
    const authenticate = createAuthenticator({ ...house.ports, identity: slow })
    const token = await tokenOf(house, 'bob', 'laptop')
    await authenticate(token, 'r')
    await house.ask('ada', 'tokens.revoke', { name: 'laptop' })
    house.clock.now += 300
    expect((await errorOf(authenticate(token, 'r'))).message).toContain('was revoked')
  })

  it('does not outlive an expiry that comes before the second is over', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const token = await tokenOf(house, 'bob', 'short', { expiresInSeconds: 60 })
    house.clock.now += 59_900
    await authenticate(token, 'r')
    house.clock.now += 100
    expect((await errorOf(authenticate(token, 'r'))).message).toContain('has expired')
  })

  it('gives the weaker of the token’s and the person’s role, as it is now', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const owners = await tokenOf(house, 'ada', 'owners')
    const weak = await tokenOf(house, 'ada', 'weak', { role: 'member' })
    const auditing = await tokenOf(house, 'ada', 'auditing', { role: 'auditor' })
    expect(await authenticate(owners, 'r1')).toMatchObject({ role: 'owner', requestId: 'r1', leaseId: null })
    expect(await authenticate(weak, 'r2')).toMatchObject({ role: 'member', requestId: 'r2' })
    house.people.change('ada', { role: 'member', teams: ['mobile'] })
    house.clock.now += 1000
    expect(await authenticate(owners, 'r')).toMatchObject({ role: 'member', teams: ['mobile'] })
    expect((await errorOf(authenticate(auditing, 'r'))).message).toContain('has a role')
    house.people.change('ada', null)
    house.clock.now += 1000
    expect((await errorOf(authenticate(owners, 'r'))).message).toContain('no longer a member')
  })

  it('takes the handle of a running lease for that lease', async () => {
    const house = createHouse()
    const authenticate = createAuthenticator(house.ports)
    const id = await house.give('bob', 'me', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const other = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const ending = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(await authenticate(lease.handle.expose(), 'r')).toMatchObject({
      id: 'bob',
      leaseId: lease.id,
      tokenId: null,
    })
    await house.ask('bob', 'leases.end', { id: ending.id })
    const ended = await errorOf(authenticate(ending.handle.expose(), 'r'))
    expect([ended.code, ended.message]).toEqual([
      'unauthenticated',
      'This lease is over: its holder ended it.',
    ])
    expect(ended.hint).toContain('claviger exec')
    await house.ask('bob', 'credentials.delete', { id })
    house.clock.now += 1000
    expect((await errorOf(authenticate(lease.handle.expose(), 'r'))).message).toContain('was deleted')
    house.clock.now += LEASE_LIFE
    expect((await errorOf(authenticate(other.handle.expose(), 'r'))).code).toBe('unauthenticated')
  })
})
