// Finding what a request names, and the common words about it: a credential by id, an owner by its text.

import { type Caller, mayCredential } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { formatOwner, type Owner, parseOwner } from '../domain/owner.ts'
import { isAttachable } from '../domain/resolution/resolve.ts'
import type { Identity } from '../identity/identity.ts'
import type { CredentialRow, StoreGroups } from '../store/store.ts'
import { type Act, absent } from './guard.ts'
import type { Ports } from './use-case.ts'

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

/** Reads an owner; `me` is the caller. An owner must exist: throws `not_found` for a team or an agent nobody made. */
export async function findOwner(
  { identity, store }: Pick<Ports, 'identity' | 'store'>,
  caller: Caller,
  text: string,
): Promise<Owner> {
  const owner = readOwner(caller, text)
  // Who may not know which teams, members and agents there are is refused by the guard, whether there is one or not.
  if (!mayCredential(caller, 'exists', owner)) return owner
  if (owner.kind === 'team' && !caller.teams.includes(owner.slug)) {
    const teams = await identity.teams(caller.organizationId)
    if (!teams.includes(owner.slug)) throw absent('team', owner.slug)
  }
  if (owner.kind === 'user' && !(caller.kind === 'person' && caller.id === owner.id)) {
    if (!(await identity.person(caller.organizationId, owner.id))) throw absent('member', owner.id)
  }
  if (owner.kind === 'agent' && caller.agent !== owner.name) {
    if (!(await store.agents.get(caller.organizationId, owner.name))) throw absent('agent', owner.name)
  }
  return owner
}

/**
 * In the unit that gives something to this owner: throws `not_found` when the team, member or agent has gone meanwhile.
 * Who stands does so until the unit has ended, so nothing is left behind by those who go.
 */
export async function mustStand(
  identity: Identity,
  unit: StoreGroups,
  caller: Pick<Caller, 'organizationId'>,
  owner: Owner,
): Promise<void> {
  if (owner.kind === 'agent') return holdAgent(unit, caller, owner.name)
  if (await identity.changing(unit).stands(caller.organizationId, owner)) return
  if (owner.kind === 'team') throw absent('team', owner.slug)
  throw absent('member', owner.kind === 'user' ? owner.id : formatOwner(owner))
}

/** Keeps the agent from being deleted until the unit has ended. Throws `not_found` when there is none. */
export async function holdAgent(
  unit: Pick<StoreGroups, 'agents'>,
  { organizationId }: Pick<Caller, 'organizationId'>,
  name: string,
): Promise<void> {
  if (!(await unit.agents.hold(organizationId, name))) throw absent('agent', name)
}

/** Whether the credential is attached to the agent that the caller runs as. */
export async function isAttached(
  groups: Pick<StoreGroups, 'attachments'>,
  caller: Caller,
  row: Pick<CredentialRow, 'id' | 'owner'>,
): Promise<boolean> {
  if (caller.agent === null || !isAttachable(parseOwner(row.owner))) return false
  return groups.attachments.has(caller.organizationId, caller.agent, row.id)
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

/** The act of managing a stored credential. An agent may know of what is attached to it, and so is refused in its name. */
export async function manage(
  groups: Pick<StoreGroups, 'attachments'>,
  caller: Caller,
  action: string,
  row: Named,
  details: Details = {},
): Promise<Act> {
  const attached = await isAttached(groups, caller, row)
  return {
    ...about(action, row, details),
    needs: { right: 'manage', owner: parseOwner(row.owner), attached },
  }
}

/** The act of giving a credential to the owner of this row, who need not have it yet. */
export function storeFor(action: string, row: Named, details: Details = {}): Act {
  return {
    ...about(action, row, details),
    needs: { right: 'manage', owner: parseOwner(row.owner), into: true },
  }
}

type Details = Record<string, string | number>

function about(action: string, { id, name, owner, type }: Named, details: Details) {
  return { action, object: { kind: 'credential', id, name }, details: { owner, type, ...details } }
}

/** The error for a name the owner uses already. */
export function nameTaken(name: string): ClavigerError {
  return new ClavigerError('conflict', `That owner already has a credential named ${name}.`, {
    hint: `Change its value with: claviger credential update --value ${name}, or choose another name.`,
  })
}
