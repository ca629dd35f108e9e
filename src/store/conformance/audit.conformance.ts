// The part of the conformance suite about the audit: entries get their places in one chain an organization when their
// unit is kept, and every chain verifies.

import { describe, expect, it } from 'vitest'
import { chained, chainStart } from '../../domain/audit/chain.ts'
import { checkChain, type Finding } from '../../domain/audit/check.ts'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { AuditFilter, AuditStretch } from '../../domain/audit/filter.ts'
import { sha256 } from '../../lib/digest.ts'
import type { Store } from '../store.ts'
import { auditEntry, type CurrentStore } from './rows.ts'

/** Everything that is wrong with the chain of an organization, read page by page. */
export async function faultsOf(store: Store, organizationId: string): Promise<Finding[]> {
  const check = checkChain(sha256, organizationId, chainStart(sha256, organizationId))
  const findings: Finding[] = []
  for (;;) {
    const page = await store.audit.list(organizationId, { after: check.last.position, limit: 500 })
    if (page.length === 0) break
    for (const entry of page) findings.push(...check.add(entry))
  }
  return [...findings, ...check.end(await store.audit.head(organizationId))]
}

/** What the store must make of these entries, appended in this order. */
function chainOf(entries: readonly AuditEntry[]) {
  let last = chainStart(sha256, 'org-a')
  return entries.map((entry) => {
    const next = chained(sha256, last, entry)
    last = next
    return next
  })
}

export function describeAudit(store: CurrentStore): void {
  describe('audit', () => {
    it('lists the entries of an organization in the order of their places, page after page', async () => {
      const entries = Array.from({ length: 5 }, (_, place) => auditEntry({ at: 1000 - place }))
      for (const entry of entries) await store().audit.append(entry)
      await store().audit.append(auditEntry({ organizationId: 'org-b', outcome: 'refused', details: {} }))
      const chain = chainOf(entries)
      expect(chain.map((entry) => entry.position)).toEqual([1, 2, 3, 4, 5])
      expect(await store().audit.list('org-a', { limit: 10 })).toEqual(chain)
      expect(await store().audit.list('org-a', { limit: 2 })).toEqual(chain.slice(0, 2))
      expect(await store().audit.list('org-a', { limit: 2, after: 2 })).toEqual(chain.slice(2, 4))
      expect(await store().audit.list('org-a', { limit: 2, after: 5 })).toEqual([])
      expect(await store().audit.list('org-b', { limit: 2 })).toMatchObject([{ position: 1 }])
    })

    it('finds the entries of a stretch that fit, from either end', async () => {
      const entries = [
        auditEntry({ actorId: 'ada', actorName: 'Ada@first.test', action: 'credential.create', at: 1000 }),
        auditEntry({
          actorId: 'bob',
          actorName: 'bob',
          action: 'credential.delete',
          objectName: '50%',
          at: 2000,
        }),
        auditEntry({ actorId: 'bob', actorName: 'bob', action: 'credentials', outcome: 'refused', at: 3000 }),
        auditEntry({ objectKind: 'run', objectId: 'run_1', details: { reason: 'Too late' }, at: 4000 }),
      ]
      for (const entry of entries) await store().audit.append(entry)
      await store().audit.append(auditEntry({ organizationId: 'org-b', actorId: 'ada' }))
      const find = async (filter: AuditFilter, stretch: Partial<AuditStretch> = {}) => {
        const whole = { after: 0, upTo: 100, newest: false, limit: 10, ...stretch }
        return (await store().audit.search('org-a', filter, whole)).map(({ position }) => position)
      }
      const cases: [AuditFilter, number[]][] = [
        [{}, [1, 2, 3, 4]],
        [{ actor: 'bob' }, [2, 3]],
        [{ actor: 'FIRST' }, [1]],
        [{ action: 'credential.' }, [1, 2]],
        [{ action: 'credentials' }, [3]],
        [{ object: '50%' }, [2]],
        [{ object: 'run_1' }, [4]],
        [{ objectKind: 'run' }, [4]],
        [{ outcome: 'refused' }, [3]],
        [{ from: 2000, to: 3000 }, [2, 3]],
        [{ text: 'too LATE' }, [4]],
        [{ actor: 'bob', outcome: 'allowed' }, [2]],
      ]
      for (const [filter, expected] of cases)
        expect(await find(filter), JSON.stringify(filter)).toEqual(expected)
      expect(await find({}, { newest: true, limit: 2 })).toEqual([4, 3])
      expect(await find({}, { after: 1, upTo: 3 })).toEqual([2, 3])
      const whole = { after: 0, upTo: 100, newest: false, limit: 10 }
      expect(await store().audit.search('org-a', {}, whole)).toEqual(chainOf(entries))
    })

    it('says where each chain ends', async () => {
      const start = chainStart(sha256, 'org-a')
      expect(await store().audit.head('org-a')).toEqual(start)
      expect(await store().audit.heads()).toEqual({})
      const entries = [auditEntry(), auditEntry()]
      for (const entry of entries) await store().audit.append(entry)
      await store().audit.append(auditEntry({ organizationId: 'org-b' }))
      const { position, hash } = chainOf(entries)[1] ?? start
      expect(await store().audit.head('org-a')).toEqual({ position, hash })
      expect(await store().audit.heads()).toEqual({
        'org-a': { position, hash },
        'org-b': await store().audit.head('org-b'),
      })
    })

    it('puts the entries of units that are kept into the chain, and none of the others', async () => {
      const units = Array.from({ length: 60 }, (_, place) =>
        store().atomically(async (unit) => {
          await unit.audit.append(auditEntry({ action: `first of ${place}` }))
          await unit.audit.append(auditEntry({ action: `second of ${place}`, organizationId: 'org-b' }))
          await unit.audit.append(auditEntry({ action: `third of ${place}` }))
          // Not even the unit sees them yet.
          const found = await unit.audit.list('org-a', { limit: 1000 })
          expect(found.filter((entry) => entry.action.endsWith(` of ${place}`))).toEqual([])
          if (place % 3 === 1) throw new RangeError('no')
        }),
      )
      await Promise.allSettled(units)
      const kept = Array.from({ length: 60 }, (_, place) => place).filter((place) => place % 3 !== 1)
      const listed = await store().audit.list('org-a', { limit: 1000 })
      expect(new Set(listed.map((entry) => entry.action))).toEqual(
        new Set(kept.flatMap((place) => [`first of ${place}`, `third of ${place}`])),
      )
      expect(await store().audit.list('org-b', { limit: 1000 })).toHaveLength(40)
      expect(await faultsOf(store(), 'org-a')).toEqual([])
      expect(await faultsOf(store(), 'org-b')).toEqual([])
    })

    it('takes back what a unit appended before a call of it failed', async () => {
      const unit = store().atomically(async (groups) => {
        await groups.audit.append(auditEntry())
        await groups.versions.insert({ ...BROKEN_VERSION }).catch(() => undefined)
        await groups.audit.append(auditEntry())
      })
      await expect(unit).rejects.toMatchObject({ code: 'not_found' })
      expect(await store().audit.list('org-a', { limit: 10 })).toEqual([])
      expect(await store().audit.head('org-a')).toEqual(chainStart(sha256, 'org-a'))
    })

    it('refuses an entry after the end of its unit', async () => {
      let append: Store['audit']['append'] | undefined
      await store().atomically(async (unit) => {
        append = unit.audit.append
      })
      await expect(append?.(auditEntry())).rejects.toMatchObject({ code: 'internal' })
      expect(await store().audit.list('org-a', { limit: 10 })).toEqual([])
    })

    it('keeps any text and any detail so that its hash fits what comes back', async () => {
      const odd = 'NUL \0, half \uD83D, emoji 😀, "quoted" \\ \u2028 \u001b[31m'
      const entry = auditEntry({
        actorName: odd,
        objectName: '',
        requestId: 'é as one, é as two',
        details: { z: 1, a: null, 10: 'ten', 9: odd, [odd]: true, half: 0.1, none: Number.NaN, minus: -0 },
      })
      await store().audit.append(entry)
      await store().audit.append(auditEntry({ details: {} }))
      expect(await faultsOf(store(), 'org-a')).toEqual([])
      const [first] = await store().audit.list('org-a', { limit: 1 })
      const normal = odd.replace('\0', '\uFFFD').replace('\uD83D', '\uFFFD')
      expect(first).toMatchObject({ actorName: normal, requestId: entry.requestId })
      expect(first?.details).toEqual({
        ...{ z: 1, a: null, 10: 'ten', 9: normal, [normal]: true, half: 0.1, none: null, minus: 0 },
      })
    })
  })
}

const BROKEN_VERSION = {
  credentialId: 'id-none',
  version: 1,
  createdAt: 1,
  createdBy: '',
  note: '',
  suffix: '',
  shown: {},
  values: {},
}
