// Everything somebody with SQL can do to an audit log, on SQLite and on Postgres, and the positions that must be named
// afterwards.

import { type Kysely, sql } from 'kysely'
import { linkOf } from '../../../src/domain/audit/chain.ts'
import type { Finding } from '../../../src/domain/audit/check.ts'
import { sha256 } from '../../../src/lib/digest.ts'
import { auditGroup } from '../../../src/store/sql/groups/audit.ts'
import type { AuditTable, Database } from '../../../src/store/sql/schema.ts'
import type { Random } from '../random.ts'
import { ORGANIZATION } from './log.ts'

export interface Alteration {
  readonly kind: string
  /** Carried out on a log of `size` entries; returns the positions that must be named. */
  make(log: Log, size: number, random: Random): Promise<readonly number[]>
  /** Only somebody who has seen the log before can notice. */
  readonly needsSeen?: true
}

/** A log that can be changed with SQL. */
export interface Log {
  /** Changes columns of the entry at this position. */
  set(position: number, change: Partial<AuditTable>): Promise<void>
  remove(from: number, to: number): Promise<void>
  /** Puts the entry of one position at another, with the columns given. */
  copy(position: number, change: Partial<AuditTable>): Promise<void>
  setHead(change: Partial<Pick<AuditTable, 'position' | 'hash'>>): Promise<void>
  removeHead(): Promise<void>
  hash(position: number): Promise<string>
  /** Makes the hashes from this position to that one fit again. */
  rehash(from: number, to: number): Promise<void>
}

/** Whether every position is named by some finding, in its numbers and in its words. */
export function names(findings: readonly Finding[], positions: readonly number[]): boolean {
  return positions.every((position) =>
    findings.some(({ from, to, message }) => {
      const said = [...message.matchAll(/\d+/g)].map(Number)
      return said.includes(position) || (from <= position && position <= to)
    }),
  )
}

export function openLog(database: Kysely<Database>): Log {
  const reader = auditGroup(database)(
    (query) => database.executeQuery(query),
    () => undefined,
  )
  const at = (position: number) => sql<boolean>`organization_id = ${ORGANIZATION} and position = ${position}`
  const entryAt = async (position: number) => {
    const [entry] = await reader.list(ORGANIZATION, { after: position - 1, limit: 1 })
    if (entry?.position !== position) throw new Error(`There is no entry ${position}.`)
    return entry
  }
  const set: Log['set'] = async (position, change) => {
    await database.updateTable('audit').set(change).where(at(position)).execute()
  }
  return {
    set,
    remove: async (from, to) => {
      await database
        .deleteFrom('audit')
        .where('organization_id', '=', ORGANIZATION)
        .where('position', '>=', from)
        .where('position', '<=', to)
        .execute()
    },
    copy: async (position, change) => {
      const row = await database.selectFrom('audit').selectAll().where(at(position)).executeTakeFirstOrThrow()
      await database
        .insertInto('audit')
        .values({ ...row, ...change })
        .execute()
    },
    setHead: async (change) => {
      await database
        .updateTable('audit_head')
        .set(change)
        .where('organization_id', '=', ORGANIZATION)
        .execute()
    },
    removeHead: async () => {
      await database.deleteFrom('audit_head').where('organization_id', '=', ORGANIZATION).execute()
    },
    hash: async (position) => (await entryAt(position)).hash,
    rehash: async (from, to) => {
      for (let position = from; position <= to; position += 1) {
        const before = (await entryAt(position - 1)).hash
        await set(position, { hash: linkOf(sha256, before, await entryAt(position), position) })
      }
    },
  }
}

// Column → another content for it.
const EDITS: readonly (readonly [column: keyof AuditTable, change: Partial<AuditTable>])[] = [
  ['id', { id: 'aud_forged' }],
  ['at', { at: 1 }],
  ['at', { at: 9_000_000_000_000_000 }],
  ['actor_kind', { actor_kind: 'worker' }],
  ['actor_id', { actor_id: 'user-forged' }],
  ['actor_name', { actor_name: 'somebody@else.test' }],
  ['action', { action: 'credential.delete' }],
  ['object_kind', { object_kind: 'token' }],
  ['object_id', { object_id: 'cred-forged' }],
  ['object_name', { object_name: 'another' }],
  ['outcome', { outcome: 'forged' as 'allowed' }],
  ['details', { details: '{"lease":"forged"}' }],
  ['details', { details: 'no JSON' }],
  ['details', { details: '{"lease": "lease-1"}' }],
  ['request_id', { request_id: '' }],
]

const edits = EDITS.map(
  ([column, change]): Alteration => ({
    kind: `${column} edited`,
    make: async (log, size, random) => {
      const position = random.between(1, size)
      await log.set(position, change)
      return [position]
    },
  }),
)

const inside: readonly Alteration[] = [
  ...edits,
  {
    kind: 'moved to another organization',
    make: async (log, size, random) => {
      const position = random.between(1, size)
      await log.set(position, { organization_id: 'org-other' })
      return [position]
    },
  },
  {
    kind: 'hash edited',
    make: async (log, size, random) => {
      const position = random.between(1, size)
      await log.set(position, { hash: 'f'.repeat(64) })
      return [position]
    },
  },
  {
    kind: 'edited, its own hash made to fit',
    make: async (log, size, random) => {
      const position = random.between(2, size)
      await log.set(position, { actor_id: 'user-forged' })
      await log.rehash(position, position)
      return [position]
    },
  },
  {
    kind: 'edited, all later hashes made to fit, not the recorded end',
    make: async (log, size, random) => {
      const position = random.between(Math.max(2, size - 50), size)
      await log.set(position, { actor_id: 'user-forged' })
      await log.rehash(position, size)
      return [size]
    },
  },
  {
    kind: 'deleted in the middle',
    make: async (log, size, random) => {
      const position = random.between(1, size - 1)
      await log.remove(position, position)
      return [position]
    },
  },
  {
    kind: 'several deleted in the middle',
    make: async (log, size, random) => {
      const from = random.between(1, size - 20)
      const to = from + random.between(1, 10)
      await log.remove(from, to)
      return [from, to]
    },
  },
  {
    kind: 'deleted in the middle, the next one made to fit',
    make: async (log, size, random) => {
      const position = random.between(3, size - 1)
      await log.set(position + 1, { hash: await log.hash(position) })
      await log.remove(position, position)
      return [position]
    },
  },
  {
    kind: 'two swapped',
    make: async (log, size, random) => {
      const [one, other] = [random.between(1, size / 2 - 2), random.between(size / 2 + 2, size)]
      await log.set(one, { position: -1 })
      await log.set(other, { position: one })
      await log.set(-1, { position: other })
      return [one, other]
    },
  },
  {
    kind: 'a forged one put between, the others moved up',
    make: async (log, size, random) => {
      const position = random.between(size - 30, size - 1)
      for (let last = size; last >= position; last -= 1) await log.set(last, { position: last + 1 })
      await log.copy(position - 1, { position, action: 'forged', hash: 'a'.repeat(64) })
      return [position]
    },
  },
  {
    kind: 'given another position',
    make: async (log, size, random) => {
      const position = random.between(1, size)
      await log.set(position, { position: random.pick([-position, size + 5, 9_000_000_000_000_000]) })
      return [position]
    },
  },
]

const atTheEnd: readonly Alteration[] = [
  {
    kind: 'duplicated at the end',
    make: async (log, size, random) => {
      await log.copy(random.between(1, size), { position: size + 1 })
      return [size + 1]
    },
  },
  {
    kind: 'duplicated at the end, the recorded end made to fit',
    make: async (log, size, random) => {
      const position = random.between(1, size)
      await log.copy(position, { position: size + 1 })
      await log.setHead({ position: size + 1, hash: await log.hash(position) })
      return [size + 1]
    },
  },
  {
    kind: 'deleted at the end',
    make: async (log, size, random) => {
      const from = size - random.between(0, 20)
      await log.remove(from, size)
      return [from, size]
    },
  },
  {
    kind: 'deleted at the end, the recorded end made to fit',
    needsSeen: true,
    make: async (log, size, random) => {
      const from = size - random.between(0, 20)
      await log.setHead({ position: from - 1, hash: await log.hash(from - 1) })
      await log.remove(from, size)
      return [from, size]
    },
  },
  {
    kind: 'edited, everything after it made to fit',
    needsSeen: true,
    make: async (log, size, random) => {
      const position = random.between(Math.max(2, size - 50), size)
      await log.set(position, { actor_id: 'user-forged' })
      await log.rehash(position, size)
      await log.setHead({ hash: await log.hash(size) })
      return [size]
    },
  },
  {
    kind: 'the recorded end lowered',
    make: async (log, size, random) => {
      const position = size - random.between(1, 20)
      await log.setHead({ position, hash: await log.hash(position) })
      return [position + 1, size]
    },
  },
  {
    kind: 'the recorded end raised',
    make: async (log, size) => {
      await log.setHead({ position: size + 3 })
      return [size + 1, size + 3]
    },
  },
  {
    kind: 'the recorded end given another hash',
    make: async (log, size) => {
      await log.setHead({ hash: 'b'.repeat(64) })
      return [size]
    },
  },
  {
    kind: 'the recorded end deleted',
    make: async (log, size) => {
      await log.removeHead()
      return [size]
    },
  },
  {
    kind: 'everything deleted but the recorded end',
    make: async (log, size) => {
      await log.remove(1, size)
      return [1, size]
    },
  },
]

export const ALTERATIONS: readonly Alteration[] = [...inside, ...atTheEnd]
