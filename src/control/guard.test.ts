import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { contentsOf, createHouse, errorOf, type House } from '../../test/support/house.ts'
import { createVault } from '../vault/envelope.ts'
import { createGuard, opens } from './guard.ts'

async function furnished(): Promise<{ house: House; id: string; lease: string }> {
  const house = createHouse()
  const id = await house.give('bob', 'me', 'main')
  await house.ask('bob', 'credentials.update', { id, fields: { key: 'sk-ant-test-second-0123456789' } })
  await house.give('bob', 'team:platform', 'TOOL', { type: 'raw', fields: { value: 'tool-value-test' } })
  const lease = await house.ask('bob', 'leases.create', { harness: 'claude' })
  house.steps.length = 0
  return { house, id, lease: lease.id }
}

const RELEASES: Record<string, (house: House, id: string, lease: string) => Promise<unknown>> = {
  'a lease': (house) => house.ask('bob', 'leases.create', { harness: 'claude' }),
  'reading a lease': (house, _, lease) => house.ask('bob', 'leases.read', { id: lease }),
  'a rollback': (house, id) => house.ask('bob', 'credentials.rollback', { id, version: 1 }),
  'a test': (house, id) => house.ask('bob', 'credentials.test', { id }),
}

describe.each(Object.entries(RELEASES))('%s', (_, release) => {
  it('fails, with the vault never opened and nothing changed, when the audit row cannot be written', async () => {
    const { house, id, lease } = await furnished()
    const before = await contentsOf(house)
    house.auditFails('allowed')
    expect((await errorOf(release(house, id, lease))).code).toBe('storage_full')
    expect(house.steps).toEqual([])
    expect(await contentsOf(house)).toBe(before)
    expect(house.provider.asked).toBe(0)
  })

  it('opens only after the audit row is durable', async () => {
    const { house, id, lease } = await furnished()
    await release(house, id, lease)
    expect(house.steps[0]).toBe('committed')
    expect(house.steps).toContain('opened')
  })
})

describe('the audit log', () => {
  it('has one row for each value handed out: as many as the vault opened', async () => {
    const { house, lease } = await furnished()
    const before = (await house.audit()).length
    for (let i = 0; i < 5; i += 1) await house.ask('bob', 'leases.create', { harness: 'claude' })
    await Promise.all(Array.from({ length: 7 }, () => house.ask('bob', 'leases.read', { id: lease })))
    await house.ask('bob', 'leases.create', { harness: 'claude', raw: false })
    const rows = (await house.audit()).slice(before)
    const released = rows.filter((row) => ['lease.create', 'lease.read'].includes(row.action))
    expect(released).toHaveLength(5 * 2 + 7 + 1)
    expect(house.opened()).toBe(released.length)
    for (const row of released) {
      expect(row).toMatchObject({ outcome: 'allowed', actorId: 'bob', requestId: 'request-of-bob' })
      expect(row).toMatchObject({ objectKind: 'credential', details: { generation: expect.any(Number) } })
    }
  })

  it('says of an act by handle that it was one', async () => {
    const { house, lease } = await furnished()
    await house.ask(house.caller('bob', { tokenId: null, leaseId: lease }), 'leases.read', { id: lease })
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'lease.read', actorKind: 'person by lease' })
  })

  it('is read by owners, admins and auditors of the organization only, page by page', async () => {
    const { house } = await furnished()
    for (const who of ['ada', 'ann', 'aud'] as const) {
      const { entries } = await house.ask(who, 'audit.list', {})
      const created = entries.find((entry) => entry.action === 'credential.create')
      expect(created).toMatchObject({ actor: { id: 'bob' }, outcome: 'allowed' })
    }
    expect((await errorOf(house.ask('bob', 'audit.list', {}))).code).toBe('forbidden')
    expect((await house.ask('eve', 'audit.list', {})).entries).toEqual([])
    const all = (await house.ask('ada', 'audit.list', {})).entries
    const first = await house.ask('ada', 'audit.list', { limit: 2 })
    const rest = await house.ask('ada', 'audit.list', { after: first.next ?? '' })
    expect([...first.entries, ...rest.entries]).toEqual(all)
    expect(JSON.stringify(all)).not.toMatch(/sk-ant-test|tool-value-test/)
  })
})

describe('a refusal', () => {
  it('fails all the same when its row cannot be written', async () => {
    const { house, id } = await furnished()
    house.auditFails('refused')
    expect((await errorOf(house.ask('cyd', 'credentials.delete', { id }))).code).toBe('storage_full')
  })
})

describe('guard', () => {
  const act = {
    action: 'test.act',
    needs: { general: 'lease' },
    object: { kind: 'credential', id: 'cred_1', name: 'one' },
  } as const

  it('fails a use-case that did not ask, and takes back what it did', async () => {
    const { house } = await furnished()
    const guard = createGuard(house.ports)
    const forgetful = guard.perform(house.caller('bob'), (unit) => unit.installation.put('planted', 'yes'))
    expect((await errorOf(forgetful)).code).toBe('internal')
    expect(await house.ports.store.installation.get('planted')).toBeUndefined()
  })

  it('opens only what was asked for', async () => {
    const { house, id } = await furnished()
    const guard = createGuard(house.ports)
    const caller = house.caller('bob')
    const cheat = guard.release(caller, async (unit, authorize) => {
      await authorize(act)
      const row = await unit.credentials.get(caller.organizationId, id)
      if (!row) throw new Error('no row')
      return { result: null, open: [{ row, version: 2, values: await unit.versions.values(id, 2) }] }
    })
    expect((await errorOf(cheat)).code).toBe('internal')
    expect(house.opened()).toBe(0)
  })

  it('does not open a value that was swapped for another', async () => {
    const { house, id } = await furnished()
    const row = await house.ports.store.credentials.get('org-acme', id)
    if (!row) throw new Error('no row')
    await house.ports.store.credentials.update('org-acme', id, row.revision, { wrappedKey: randomBytes(77) })
    const error = await errorOf(house.ask('bob', 'leases.create', { harness: 'claude' }))
    expect([error.code, error.message]).toEqual([
      'unavailable',
      'The sealed value of the credential main does not open.',
    ])
  })
})

describe('opens', () => {
  it('says whether all of a version opens, and lets nothing out', async () => {
    const { house, id } = await furnished()
    const { store, vault } = house.ports
    const row = await store.credentials.get('org-acme', id)
    if (!row) throw new Error('no row')
    const sealed = async (version: number) => ({
      row,
      version,
      values: await store.versions.values(id, version),
    })
    expect([opens(vault, await sealed(1)), opens(vault, await sealed(2))]).toEqual([true, true])
    const first = await sealed(1)
    expect(opens(createVault(randomBytes(32)), first)).toBe(false)
    expect(opens(vault, { ...first, version: 2 })).toBe(false)
    expect(opens(vault, { ...first, row: { ...row, name: 'other' } })).toBe(false)
    expect(opens(vault, { ...first, values: { ...first.values, more: new Uint8Array([1, 2]) } })).toBe(false)
  })
})
