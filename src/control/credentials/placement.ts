// Where a credential stands: its name and its owner.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkVariableName } from '../../domain/names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { isAttachable } from '../../domain/resolution/resolve.ts'
import { checkEnvironmentSize } from '../../domain/values.ts'
import type { CredentialChange, CredentialRow, StoreGroups } from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'
import {
  changedMeanwhile,
  findCredential,
  findOwner,
  manage,
  mustStand,
  nameTaken,
  storeFor,
} from '../find.ts'
import { clearAttachments } from '../machines/attachments.ts'
import { mustFitPolicy } from '../settings/rules.ts'
import type { Control } from '../use-case.ts'
import { credentialView } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { nameFor } from './naming.ts'
import { rebind } from './sealing.ts'

export function createPlacementUseCases(
  workshop: Workshop,
): Pick<Control, 'credentials.rename' | 'credentials.move'> {
  const { guard, vault, now } = workshop
  return {
    async 'credentials.rename'(caller, { id, name: asked }) {
      const { type } = await findCredential(workshop.store, caller, id)
      const name = nameFor(workshop, type, asked)
      return guard.perform(caller, async (unit, authorize) => {
        const row = await findCredential(unit, caller, id)
        await authorize(await manage(unit, caller, 'credential.rename', row, { to: name }))
        if (row.type === 'raw') await checkVariable(vault, unit, row, name)
        return place(unit, caller, row, { name, ...rebind(vault, row, { name }), updatedAt: now() })
      })
    },
    async 'credentials.move'(caller, input) {
      const owner = await findOwner(workshop, caller, input.owner)
      const to = formatOwner(owner)
      return guard.perform(caller, async (unit, authorize) => {
        const row = await findCredential(unit, caller, input.id)
        await authorize(await manage(unit, caller, 'credential.move', row, { to }))
        const receive = storeFor('credential.receive', { ...row, owner: to }, { from: row.owner })
        await authorize(receive)
        await mustStand(workshop.identity, unit, caller, owner)
        await mustFitPolicy(unit, authorize, row.organizationId, receive, { type: row.type, owner: to })
        const cleared = isAttachable(owner) ? [] : await clearAttachments(unit, row, now())
        const moved = { owner: to, ...rebind(vault, row, { owner: to }) }
        const view = await place(unit, caller, row, { ...moved, position: null, updatedAt: now() })
        await unit.signals.send('grants', row.id)
        return { ...view, cleared }
      })
    },
  }
}

// Every version, not only the current one: each can be rolled back to.
async function checkVariable(vault: Vault, unit: StoreGroups, row: CredentialRow, name: string) {
  checkVariableName(name)
  for (const { version } of await unit.versions.list(row.id)) {
    const sealed = Object.values(await unit.versions.values(row.id, version))
    for (const value of sealed) checkEnvironmentSize(name, vault.sizeOf(value))
  }
}

async function place(unit: StoreGroups, caller: Caller, row: CredentialRow, change: CredentialChange) {
  try {
    const done = await unit.credentials.update(caller.organizationId, row.id, row.revision, change)
    if (!done) throw changedMeanwhile(row.name)
  } catch (thrown) {
    // The store knows of a clash of names only as a conflict; a lost race has its own words already.
    const clash =
      thrown instanceof ClavigerError && thrown.code === 'conflict' && !thrown.message.includes('just now')
    throw clash ? nameTaken(change.name ?? row.name) : thrown
  }
  return credentialView(caller, await findCredential(unit, caller, row.id))
}
