// Units that only add, on two servers of one Postgres: whatever the other server changes between what a unit reads and
// its commit, nothing is stored that relies on what was so before.

import { beforeEach, describe, expect, it } from 'vitest'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { audited, leaseFirst } from '../conformance/additions.conformance.ts'
import { auditEntry, credentialRow, leaseRow, versionRow } from '../conformance/rows.ts'
import { type AddingUnit, LeavesUnit, type Store, type StoreGroups } from '../store.ts'
import { openSqlStore } from './sql-store.ts'

const server = usePostgres()
let here: Store
let there: Store

beforeEach(async () => {
  const url = await server.furnishedDatabase('store')
  here = (await openSqlStore({ url })).store
  there = (await openSqlStore({ url })).store
  return async () => {
    await here.close()
    await there.close()
  }
})

const PLACE = ['org-a', '*', 'harness:claude'] as const

// Everything a lease depends on, read; then the lease, and how often it was decided.
async function decide(unit: AddingUnit, between: () => Promise<unknown>) {
  const [row] = await unit.credentials.candidates('org-a', 'claude', ['org'])
  const attached = await unit.attachments.candidates('org-a', 'claude', 'nightly')
  const disabled = (await unit.settings.get(...PLACE)) === 'off'
  const policy = (await unit.settings.some('org-a', ['*', 'user:bob'], ['policy:claude']))[0]?.value
  if (row !== undefined) await unit.versions.values(row.id, row.version)
  await between()
  if (row === undefined || disabled) throw new RangeError('nothing fits')
  const lease = leaseRow({ credentialId: row.id, generation: row.version })
  await unit.audit.append(auditEntry())
  await unit.leases.insert(lease)
  const { owner, version, state } = row
  return { lease, owner, version, state, attached: attached.length, policy }
}

async function furnished() {
  const row = credentialRow({ owner: 'org' })
  await here.credentials.insert(row)
  await here.versions.insert(versionRow(row.id))
  await here.agents.insert({
    ...{ organizationId: 'org-a', name: 'nightly', description: '', createdAt: 1, createdBy: 'ada' },
  })
  const attachment = { organizationId: 'org-a', agent: 'nightly', attachedAt: 1, attachedBy: 'ada' }
  await here.attachments.attach({ ...attachment, credentialId: row.id })
  return row
}

type Changed = (unit: StoreGroups, id: string, revision: number) => Promise<unknown>

const CHANGES: Record<string, readonly [change: Changed, seen: object | 'nothing fits']> = {
  deleted: [(unit, id) => unit.credentials.delete('org-a', id), 'nothing fits'],
  'moved away': [
    (unit, id, revision) => unit.credentials.update('org-a', id, revision, { owner: 'team:a' }),
    'nothing fits',
  ],
  rotated: [
    async (unit, id, revision) => {
      await unit.versions.insert(versionRow(id, { version: 2 }))
      await unit.credentials.update('org-a', id, revision, { version: 2, wrappedKey: new Uint8Array([2]) })
    },
    { version: 2 },
  ],
  rejected: [
    (unit, id, revision) => unit.credentials.update('org-a', id, revision, { state: 'rejected' }),
    { state: 'rejected' },
  ],
  detached: [(unit, id) => unit.attachments.detach('org-a', 'nightly', id), { attached: 0 }],
  'switched off': [(unit) => unit.settings.put(...PLACE, 'off'), 'nothing fits'],
  'under another policy': [
    (unit) => unit.settings.put('org-a', '*', 'policy:claude', 'owner'),
    { policy: 'owner' },
  ],
  'of a person who has accepted something': [
    (unit) => unit.settings.put('org-a', 'user:bob', 'policy:claude', 'own'),
    { policy: 'own' },
  ],
}

describe.each(Object.entries(CHANGES))('what is %s between reading and commit', (_, [change, seen]) => {
  // The second time what was read is remembered.
  it.each(['first', 'later'])('is decided again (%s)', async (time) => {
    const row = await furnished()
    if (time === 'later') await here.additively((unit) => decide(unit, async () => undefined))
    const before = await here.counts.runningLeases(0)
    let runs = 0
    const done = here.additively((unit) =>
      decide(unit, async () => {
        runs += 1
        if (runs === 1) await audited(there, (others) => change(others, row.id, row.revision))
      }),
    )
    const outcome = await done.catch((error: Error) => error.message)
    if (typeof seen === 'string') expect(outcome).toBe(seen)
    else expect(outcome).toMatchObject(seen)
    expect(runs).toBeGreaterThan(1)
    // What the first run had decided is not there.
    expect(await here.counts.runningLeases(0)).toBe(before + (typeof outcome === 'string' ? 0 : 1))
    expect(await there.audit.list('org-a', { limit: 10 })).toHaveLength(
      before + (typeof outcome === 'string' ? 1 : 2),
    )
  })
})

describe('units that only add', () => {
  it('wait for a change that has its place in the audit and is not committed yet', async () => {
    const row = await furnished()
    await here.additively(leaseFirst)
    const [lock, change] = [
      `select 1 from audit_head where organization_id = 'org-a' for update`,
      `delete from credential where id = '${row.id}'`,
    ]
    const database = (await here.describe()).address.split('/').at(-1) ?? ''
    // Another server, in the last moments of its transaction.
    const other = server.query(`begin; ${change}; ${lock}; select pg_sleep(0.5); commit`, database)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(await here.additively(leaseFirst)).toBeUndefined()
    await other
  })

  it('begin the chain of an organization that has none', async () => {
    await here.credentials.insert(credentialRow({ owner: 'org' }))
    const both = [here, there].map((store) => Promise.all([1, 2, 3].map(() => store.additively(leaseFirst))))
    const leases = (await Promise.all(both)).flat()
    expect(new Set(leases.map((lease) => lease?.id)).size).toBe(6)
    const positions = (await here.audit.list('org-a', { limit: 10 })).map((entry) => entry.position)
    expect(positions).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('are served, though what they read is changed each time it can be', async () => {
    const row = await furnished()
    let revision = row.revision
    let last: Promise<unknown> = Promise.resolve()
    const change = () => {
      last = last.then(() => {
        revision += 1
        return audited(there, (others) => others.credentials.update('org-a', row.id, revision - 1, {}))
      })
      return last
    }
    let runs = 0
    const { lease } = await here.additively((unit) =>
      decide(unit, async () => {
        runs += 1
        // Once it is decided where nothing changes, others wait for it.
        await Promise.race([change(), new Promise((resolve) => setTimeout(resolve, 300))])
      }),
    )
    await last
    expect([runs, revision]).toEqual([2, row.revision + 2])
    expect(await here.leases.get('org-a', lease.id)).toEqual(lease)
  })

  it('are decided once more where they refuse, and once where they are only left', async () => {
    await furnished()
    await here.additively((unit) => decide(unit, async () => undefined))
    const runsOf = async (error: Error) => {
      let runs = 0
      const done = here.additively((unit) =>
        decide(unit, async () => {
          runs += 1
          throw error
        }),
      )
      await expect(done).rejects.toThrow(error)
      return runs
    }
    expect(await runsOf(new RangeError('nothing fits'))).toBe(2)
    expect(await runsOf(new LeavesUnit('to renew something'))).toBe(1)
  })

  it('never lease what was deleted before, whatever many of them and another server do', async () => {
    for (let round = 0; round < 25; round += 1) {
      const row = credentialRow({ owner: 'org' })
      await here.credentials.insert(row)
      let gone = false
      const leasing = async () => {
        while (true) {
          const late = gone
          const lease = await here.additively(leaseFirst)
          if (late && lease !== undefined) return 'leased what was gone'
          if (lease === undefined) return 'nothing fits'
        }
      }
      const leases = [leasing(), leasing(), leasing()]
      await audited(there, (unit) => unit.credentials.delete('org-a', row.id))
      gone = true
      expect(await Promise.all(leases)).toEqual(['nothing fits', 'nothing fits', 'nothing fits'])
    }
  })
})
