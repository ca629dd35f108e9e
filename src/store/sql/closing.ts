// What ends a transaction: the rows its units have left, all of a kind together, and those that were decided before it
// began; what they relied on and is no longer so is decided again here. Every change of an organization is audited, and an audit entry takes its place behind the end of
// the chain; so whoever holds that end sees every change there is, and nobody else can commit one until they have.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { LeaseRow } from '../store.ts'
import type { Engine } from './engine.ts'
import type { GroupCommitOptions } from './group-commit.ts'
import { auditChaining } from './groups/audit.ts'
import { leaseWriting } from './groups/leases.ts'
import { organizationsOf, outdatedBy, type Seen } from './seen.ts'

/** A row that is written when the transaction ends. */
export type Left = { readonly entry: AuditEntry } | { readonly lease: LeaseRow }

type Close = NonNullable<GroupCommitOptions<Left, Seen>['closing']>

/** For group commit over the store's tables. */
export function closingOf({ database, shared }: Pick<Engine, 'database' | 'shared'>): Close {
  const chains = auditChaining(database, shared)
  const writeLeases = leaseWriting(database, shared)
  const findOutdated = outdatedBy(database)
  return async (left, prepared, execute) => {
    const all = [...left, ...prepared.flatMap((one) => one.left)]
    const organizations = new Set([
      ...entriesOf(all).map((entry) => entry.organizationId),
      ...prepared.flatMap((one) => organizationsOf(one.seen)),
    ])
    // Sent together; the second is carried out when the first holds what it asks for.
    const holding = chains.hold([...organizations], execute)
    const [held, found] = await Promise.all([holding, findOutdated(prepared, execute)])
    const outdated = held.begun ? await findOutdated(prepared, execute) : found
    const decisions = await allOf(
      prepared.map(async (one) => (outdated.has(one) ? await one.again(execute) : one)),
    )
    const kept = [...left, ...decisions.flatMap((one) => one.left)]
    const leases = kept.flatMap((one) => ('lease' in one ? [one.lease] : []))
    return { statements: [...writeLeases(leases), ...chains.write(entriesOf(kept), held)], decisions }
  }
}

// When one fails, the transaction does: not before nobody asks anything of it any more.
async function allOf<T>(asked: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(asked)
  return Promise.all(asked)
}

function entriesOf(left: readonly Left[]): AuditEntry[] {
  return left.flatMap((one) => ('entry' in one ? [one.entry] : []))
}
