// The audit rows of people who are not callers yet: they have just shown who they are by a code or a password, or failed
// to. Written in the same unit as what they record.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import type { Person } from '../../identity/identity.ts'
import { newId } from '../../lib/id.ts'
import type { Visitor } from '../use-case.ts'

export interface Deed {
  readonly organizationId: string
  readonly at: number
  readonly action: string
  readonly object: { readonly kind: string; readonly id: string; readonly name: string }
  readonly outcome?: AuditEntry['outcome']
  readonly details?: AuditEntry['details']
}

/** What this person did, from where. */
export function deedOf(person: Pick<Person, 'id' | 'email'>, visitor: Visitor, deed: Deed): AuditEntry {
  return entry({ kind: 'person', id: person.id, name: person.email }, visitor, deed)
}

/** What somebody did who did not show who they are. */
export function deedOfNobody(visitor: Visitor, deed: Deed): AuditEntry {
  return entry({ kind: 'visitor', id: visitor.address, name: visitor.address }, visitor, deed)
}

function entry(
  actor: { readonly kind: string; readonly id: string; readonly name: string },
  { address, requestId }: Visitor,
  { organizationId, at, action, object, outcome = 'allowed', details = {} }: Deed,
): AuditEntry {
  return {
    id: newId('aud'),
    organizationId,
    at,
    actorKind: actor.kind,
    actorId: actor.id,
    actorName: actor.name,
    action,
    objectKind: object.kind,
    objectId: object.id,
    objectName: object.name,
    outcome,
    details: { ...details, address },
    requestId,
  }
}
