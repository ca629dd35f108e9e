// Whoever asks, as they are now. One call is of one moment; what goes on for long asks for them again and again.

import type { Caller } from '../domain/caller.ts'
import { weaker } from './tokens.ts'
import type { Ports } from './use-case.ts'

/** The same caller with the teams and the role they have now; null when they are gone. */
export async function presentCaller(
  { identity, store }: Pick<Ports, 'identity' | 'store'>,
  caller: Caller,
): Promise<Caller | null> {
  const { organizationId, kind, id } = caller
  if (kind === 'agent') return (await store.agents.get(organizationId, id)) === undefined ? null : caller
  if (kind === 'worker') {
    const worker = await store.workers.get(organizationId, id)
    return worker === undefined || worker.revokedAt !== null ? null : caller
  }
  const person = await identity.person(organizationId, id)
  const role = person === undefined ? null : weaker(caller.role, person.role)
  return person === undefined || role === null ? null : { ...caller, role, teams: person.teams }
}
