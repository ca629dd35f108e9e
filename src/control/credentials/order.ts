// The order an owner has set for its credentials of one harness.

import { type Caller, mayCredential } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { formatOwner } from '../../domain/owner.ts'
import type { CandidateRow, StoreGroups } from '../../store/store.ts'
import { changedMeanwhile, findOwner } from '../find.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

export function createOrderUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.getOrder' | 'credentials.setOrder'> {
  const { guard, store, now } = workshop
  return {
    async 'credentials.getOrder'(caller, { owner: text, harness }) {
      const of = await findOwner(workshop, caller, text)
      const owner = formatOwner(of)
      if (!mayCredential(caller, 'describe', of)) throw notYours(owner)
      const rows = await ownedBy(store, caller, owner, harness)
      return { owner, harness, credentials: inOrder(rows) }
    },
    async 'credentials.setOrder'(caller, { owner: text, harness, credentials: ids }) {
      const to = await findOwner(workshop, caller, text)
      const owner = formatOwner(to)
      return guard.perform(caller, async (unit, authorize) => {
        const object = { kind: 'owner', id: owner, name: owner }
        const details = { harness, order: ids.join(' ') }
        await authorize({
          action: 'credential.order',
          needs: { right: 'manage', owner: to, into: true },
          object,
          details,
        })
        const rows = await ownedBy(unit, caller, owner, harness)
        checkIds(rows, ids, owner, harness)
        for (const row of rows) {
          const index = ids.indexOf(row.id)
          const position = index === -1 ? null : index
          if (position === row.position) continue
          const change = { position, updatedAt: now() }
          if (!(await unit.credentials.update(caller.organizationId, row.id, row.revision, change)))
            throw changedMeanwhile(row.name)
        }
        return { owner, harness, credentials: inOrder(await ownedBy(unit, caller, owner, harness)) }
      })
    },
  }
}

function notYours(owner: string): ClavigerError {
  return new ClavigerError('forbidden', `You may not see the credentials of ${owner}.`, {
    hint: 'Ask an admin of the organization.',
  })
}

async function ownedBy(
  groups: Pick<StoreGroups, 'credentials'>,
  caller: Caller,
  owner: string,
  harness: HarnessName,
): Promise<CandidateRow[]> {
  const rows = await groups.credentials.candidates(caller.organizationId, harness, [owner])
  return rows.filter((row) => row.type !== 'raw')
}

function inOrder(rows: readonly CandidateRow[]): { id: string; name: string }[] {
  const placed = rows.filter((row) => row.position !== null)
  placed.sort((a, b) => (a.position ?? 0) - (b.position ?? 0))
  return placed.map(({ id, name }) => ({ id, name }))
}

function checkIds(
  rows: readonly CandidateRow[],
  ids: readonly string[],
  owner: string,
  harness: HarnessName,
): void {
  const unknown = ids.find((id) => !rows.some((row) => row.id === id))
  if (unknown !== undefined) {
    throw new ClavigerError('invalid', `${owner} has no ${harness} credential ${unknown}.`, {
      hint: `See what it has: claviger credential list --harness ${harness}`,
    })
  }
  if (new Set(ids).size !== ids.length)
    throw new ClavigerError('invalid', 'A credential is named twice in the order.')
}
