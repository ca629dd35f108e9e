// Finding what a request names, and the common words about it: a credential by id, an owner by its text.

import type { Caller } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { type Owner, parseOwner } from '../domain/owner.ts'
import type { Identity } from '../identity/identity.ts'
import type { CredentialRow, StoreGroups } from '../store/store.ts'
import { type Act, absent } from './guard.ts'

/** The credential with this id in the caller's organization; throws `not_found`. */
export async function findCredential(
  unit: Pick<StoreGroups, 'credentials'>,
  caller: Caller,
  id: string,
): Promise<CredentialRow> {
  const row = await unit.credentials.get(caller.organizationId, id)
  if (!row) throw absent('credential', id)
  return row
}

/** Reads an owner; `me` is the caller. An owner must exist: throws `not_found` for a team nobody made. */
export async function findOwner(identity: Identity, caller: Caller, text: string): Promise<Owner> {
  const owner = readOwner(caller, text)
  if (owner.kind === 'team' && !caller.teams.includes(owner.slug)) {
    const teams = await identity.teams(caller.organizationId)
    if (!teams.includes(owner.slug)) throw absent('team', owner.slug)
  }
  if (owner.kind === 'user' && !(caller.kind === 'person' && caller.id === owner.id)) {
    if (!(await identity.person(caller.organizationId, owner.id))) throw absent('member', owner.id)
  }
  return owner
}

function readOwner(caller: Caller, text: string): Owner {
  if (text !== 'me') return parseOwner(text)
  if (caller.kind === 'person') return { kind: 'user', id: caller.id }
  if (caller.kind === 'agent') return { kind: 'agent', name: caller.id }
  throw new ClavigerError('invalid', 'A worker has no credentials of its own.')
}

/** The error for a change that lost the race against another one. */
export function changedMeanwhile(name: string): ClavigerError {
  return new ClavigerError('conflict', `${name} was changed by somebody else just now.`, {
    hint: 'Look at it again, then repeat your change.',
  })
}

type Named = Pick<CredentialRow, 'id' | 'owner' | 'type' | 'name'>

/** The act of managing a stored credential. */
export function manage(action: string, row: Named, details: Record<string, string | number> = {}): Act {
  return {
    action,
    needs: { right: 'manage', owner: parseOwner(row.owner) },
    object: { kind: 'credential', id: row.id, name: row.name },
    details: { owner: row.owner, type: row.type, ...details },
  }
}

/** The act of giving a credential to the owner of this row, who need not have it yet. */
export function storeFor(action: string, row: Named, details: Record<string, string | number> = {}): Act {
  return {
    ...manage(action, row, details),
    needs: { right: 'manage', owner: parseOwner(row.owner), into: true },
  }
}

/** The error for a name the owner uses already. */
export function nameTaken(name: string): ClavigerError {
  return new ClavigerError('conflict', `That owner already has a credential named ${name}.`, {
    hint: `Change its value with: claviger credential update --value ${name}, or choose another name.`,
  })
}
