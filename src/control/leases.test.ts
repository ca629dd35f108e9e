import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, LEASE_LIFE, rowOf } from '../../test/support/house.ts'
import { makeAgent } from '../../test/support/machines.ts'
import { tokenKind } from '../domain/token.ts'

describe('leases.create', () => {
  it('hands out the value with what a run must know, and a handle', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect(lease).toMatchObject({
      expiresAt: new Date(house.clock.now + LEASE_LIFE).toISOString(),
      credential: {
        id,
        name: 'main',
        owner: 'user:bob',
        type: 'claude/api-key',
        suffix: '6789',
        generation: 1,
      },
      reason: 'it belongs to the person the run is for',
    })
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('main'))
    expect(tokenKind(lease.handle.expose())).toBe('lease')
    expect(JSON.stringify(lease)).not.toContain(fakeKey('main'))
    const kept = await house.ports.store.leases.get('org-acme', lease.id)
    expect(JSON.stringify(kept)).not.toContain(lease.handle.expose())
  })

  it('says what to do when nothing fits, or nothing can be used now', async () => {
    const house = createHouse()
    const none = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect([none.code, none.message]).toEqual(['no_credential', 'No Claude Code credential fits.'])
    expect(none.hint).toContain('claviger credential create claude api-key')
    await house.give('bob', 'me', 'ANTHROPIC_API_KEY', { type: 'raw', fields: { value: fakeKey('raw') } })
    const raw = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect(raw.message).toContain('A raw secret cannot be used here')
    expect(house.opened()).toBe(0)
    expect((await house.audit()).filter((entry) => entry.action === 'lease.create')).toEqual([])
  })

  it('lets the login of the machine serve when nothing of ours fits, and records it', async () => {
    const house = createHouse()
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude', ambient: 'login' })
    expect(lease).toMatchObject({ credential: null, raw: [], reason: 'it is what the machine already has' })
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'lease.create', objectKind: 'ambient' })
    expect(house.opened()).toBe(0)
    const read = await house.ask('bob', 'leases.read', { id: lease.id })
    expect(read).toMatchObject({ id: lease.id, credential: null })

    const refused = await errorOf(
      house.ask('bob', 'leases.create', { harness: 'claude', ambient: 'refused' }),
    )
    expect([refused.code, refused.message]).toEqual([
      'no_credential',
      expect.stringContaining('--no-ambient'),
    ])
    await house.give('bob', 'me', 'main')
    const own = await house.ask('bob', 'leases.create', { harness: 'claude', ambient: 'environment' })
    expect(own.credential?.name).toBe('main')
  })

  it('is not for auditors, not even of what is their own', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'main')
    await house.give('aud', 'me', 'own')
    for (const credential of ['own', undefined]) {
      const request = { harness: 'claude', ...(credential && { credential }) } as const
      expect((await errorOf(house.ask('aud', 'leases.create', request))).code).toBe('forbidden')
    }
    expect(house.opened()).toBe(0)
  })

  it('for an agent is not for people', async () => {
    const house = createHouse()
    await makeAgent(house, 'nightly')
    const id = await house.give('ann', 'agent:nightly', 'its-own')
    await house.give('bob', 'me', 'main')
    for (const who of ['bob', 'ada'] as const) {
      const error = await errorOf(house.ask(who, 'leases.create', { harness: 'claude', agent: 'nightly' }))
      expect([error.code, error.message]).toEqual(['forbidden', expect.stringContaining('agent:nightly')])
      expect(error.hint).toContain('claviger admin agent token nightly')
      expect(error.message).not.toContain(id)
    }
    expect(house.opened()).toBe(0)
    expect((await house.audit()).filter((entry) => entry.outcome === 'refused')).toHaveLength(2)
  })

  it('never hands out a credential without one of its fields', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const { revision } = await rowOf(house, id)
    // As a pointer to a version without values would look after the database was tampered with.
    await house.ports.store.credentials.update('org-acme', id, revision, { version: 2 })
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect([error.code, error.message]).toEqual([
      'unavailable',
      'The sealed value of the credential main does not open.',
    ])
    expect(house.opened()).toBe(0)
  })
})

describe('leases.read', () => {
  it('gives the value as it is now, at its new generation', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    const read = await house.ask('bob', 'leases.read', { id: lease.id })
    expect(read.credential).toMatchObject({ id, generation: 2 })
    expect(read.credential?.fields['key']?.expose()).toBe(fakeKey('new'))
    expect(read.raw).toEqual([])
  })

  it('keeps a lease alive that is read, and says until when', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    house.clock.now += LEASE_LIFE * 0.4
    const early = await house.ask('bob', 'leases.read', { id: lease.id })
    expect(early.expiresAt).toBe(lease.expiresAt)
    house.clock.now += LEASE_LIFE * 0.5
    const late = await house.ask('bob', 'leases.read', { id: lease.id })
    expect(Date.parse(late.expiresAt)).toBe(house.clock.now + LEASE_LIFE)
    house.clock.now += LEASE_LIFE - 1
    await house.ask('bob', 'leases.read', { id: lease.id })
  })

  it('refuses a lease that has expired, was ended, or is somebody else’s', async () => {
    const house = createHouse()
    await house.give('ada', 'org', 'main')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const other = await house.ask('bob', 'leases.create', { harness: 'claude' })
    for (const who of ['ada', 'cyd', 'eve'] as const) {
      for (const name of ['leases.read', 'leases.end'] as const)
        expect((await errorOf(house.ask(who, name, { id: lease.id }))).code).toBe('not_found')
    }
    expect(await house.ask('bob', 'leases.end', { id: other.id })).toEqual({ ended: true })
    expect(await house.ask('bob', 'leases.end', { id: other.id })).toEqual({ ended: false })
    const ended = await errorOf(house.ask('bob', 'leases.read', { id: other.id }))
    expect([ended.code, ended.message]).toEqual(['no_credential', 'This lease is over: its holder ended it.'])
    house.clock.now += LEASE_LIFE
    const expired = await errorOf(house.ask('bob', 'leases.read', { id: lease.id }))
    expect([expired.code, expired.message]).toEqual(['no_credential', 'This lease is over: it has expired.'])
    expect((await errorOf(house.ask('bob', 'leases.read', { id: 'lease_none' }))).hint).toContain(
      'claviger exec',
    )
  })

  it('refuses a token of its holder that could not have leased it, and opens nothing', async () => {
    const house = createHouse()
    await house.give('ada', 'me', 'own')
    const { id } = await house.ask('ada', 'leases.create', { harness: 'claude' })
    const opened = house.opened()
    for (const leaseId of [null, id]) {
      const narrow = house.caller('ada', { role: 'auditor', leaseId })
      expect((await errorOf(house.ask(narrow, 'leases.read', { id }))).code).toBe('not_found')
    }
    expect(house.opened()).toBe(opened)
  })

  it('refuses once the holder may not use the credential any more', async () => {
    const house = createHouse()
    await house.give('bob', 'team:platform', 'teams')
    const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
    const outside = house.caller('bob', { teams: [] })
    expect((await errorOf(house.ask(outside, 'leases.read', { id: lease.id }))).code).toBe('not_found')
  })
})
