// The audit chain on Postgres: several servers write one, and whatever somebody does to it with SQL is found. SQLite's
// alterations are in test/proofs.

import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { faultsOf } from '../../src/store/conformance/audit.conformance.ts'
import { auditEntry } from '../../src/store/conformance/rows.ts'
import { openSqlStore, type SqlStore } from '../../src/store/sql/sql-store.ts'
import { ALTERATIONS, type Alteration } from '../proofs/audit/alterations.ts'
import { fill, ORGANIZATION, verify } from '../proofs/audit/log.ts'
import { alterAndVerify } from '../proofs/audit-chain.ts'
import { seededRandom } from '../proofs/random.ts'
import { usePostgres } from '../support/use-postgres.ts'

const SIZE = 120

const server = usePostgres()
const cleanups: (() => unknown)[] = []

beforeAll(async () => {
  await server.query('create database filled')
  const { store, close } = await openSqlStore({ url: server.urlOf('filled') })
  await fill(store, SIZE)
  await close()
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(url: string): Promise<SqlStore> {
  const opened = await openSqlStore({ url })
  cleanups.push(() => opened.close())
  return opened
}

async function servers(count: number): Promise<SqlStore[]> {
  const url = await server.furnishedDatabase('store')
  return Promise.all(Array.from({ length: count }, () => open(url)))
}

describe('three servers on one database', () => {
  it('write one chain an organization, without gaps and forks', async () => {
    const all = await servers(3)
    const organizations = ['org-a', 'org-b', 'org-c']
    const unit = ({ store }: SqlStore, place: number) =>
      store.atomically(async (groups) => {
        // Each in an order of its own.
        for (let i = 0; i < 3; i += 1) {
          const organizationId = organizations[(place + i) % 3] ?? ''
          await groups.audit.append(auditEntry({ organizationId, requestId: `unit-${place}` }))
        }
        if (place % 10 === 0) throw new RangeError('no')
      })
    const units: Promise<unknown>[] = []
    for (let place = 0; place < 600; place += 1) {
      const asked = unit(all[place % 3] as SqlStore, place)
      // Those that fail are looked at below.
      asked.catch(() => undefined)
      units.push(asked)
      if (place % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const failed = (await Promise.allSettled(units)).filter((result) => result.status === 'rejected')
    expect(failed.map(({ reason }) => String(reason))).toEqual(Array(60).fill('RangeError: no'))
    const kept = Array.from({ length: 600 }, (_, place) => place).filter((place) => place % 10 !== 0)
    for (const organizationId of organizations) {
      for (const { store } of all) expect(await faultsOf(store, organizationId)).toEqual([])
      const entries = await all[0]?.store.audit.list(organizationId, { limit: 1000 })
      expect(entries?.map(({ requestId }) => requestId).sort()).toEqual(
        kept.map((place) => `unit-${place}`).sort(),
      )
    }
  })

  it('find nothing wrong while the others write', async () => {
    const [one, ...others] = await servers(3)
    let writing = true
    const writers = others.map(async ({ store }) => {
      while (writing) await fill(store, 5)
    })
    try {
      for (let round = 0; round < 30; round += 1) {
        const { findings } = await verify((one as SqlStore).store)
        expect(findings).toEqual([])
      }
    } finally {
      writing = false
      await Promise.all(writers)
    }
    expect((await verify((one as SqlStore).store)).entries).toBeGreaterThan(30)
  })
})

describe('on Postgres', () => {
  it.each(ALTERATIONS.map((one): [string, Alteration] => [one.kind, one]))(
    '%s: it is found',
    async (_, alteration) => {
      const opened = await open(await server.createDatabase('template filled'))
      expect(await alterAndVerify(opened, SIZE, alteration, seededRandom(7))).toBeNull()
    },
  )

  it('what was not altered is whole, and nothing that did not happen is found', async () => {
    const opened = await open(await server.createDatabase('template filled'))
    const nothing: Alteration = { kind: 'nothing', make: async () => [1] }
    expect(await alterAndVerify(opened, SIZE, nothing, seededRandom(7))).toBe(
      'nothing at 1: nothing was found.',
    )
    expect(await opened.store.audit.head(ORGANIZATION)).toMatchObject({ position: SIZE })
  })
})
