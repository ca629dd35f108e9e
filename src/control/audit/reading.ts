// Entries of the audit log as they are shown, and a signed note of where it ends.

import { type Anchor, anchorText } from '../../domain/audit/anchor.ts'
import type { ChainedEntry, ChainPlace } from '../../domain/audit/chain.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

// The last millisecond a Date can name, either way.
const LAST_TIME = 8_640_000_000_000_000

export function createReadingUseCases({ guard, vault, now }: Workshop): Pick<Control, 'audit.anchor'> {
  return {
    'audit.anchor': (caller) =>
      guard.perform(caller, async (unit, authorize) => {
        const { organizationId } = caller
        const { position, hash } = await unit.audit.head(organizationId)
        await authorize({
          action: 'audit.anchor',
          needs: { general: 'readAudit' },
          object: { kind: 'audit', id: organizationId, name: 'audit log' },
          details: { position, hash },
        })
        return signedEnd(vault, organizationId, { position, hash }, now())
      }),
  }
}

/** Where the log ends, signed. */
export function signedEnd(
  vault: Workshop['vault'],
  organizationId: string,
  { position, hash }: ChainPlace,
  now: number,
) {
  const anchor: Anchor = { organizationId, position, hash, at: rfc3339(now) }
  return { ...anchor, ...vault.sign('audit anchor', anchorText(anchor)) }
}

/** An entry as it is shown. */
export function entryView({ id, at, action, outcome, requestId, position, hash, ...entry }: ChainedEntry) {
  return {
    position,
    hash,
    id,
    // A time that others have put there may be none.
    at: rfc3339(Math.abs(at) <= LAST_TIME ? at : 0),
    actor: { kind: entry.actorKind, id: entry.actorId, name: entry.actorName },
    action,
    object: { kind: entry.objectKind, id: entry.objectId, name: entry.objectName },
    outcome,
    details: { ...entry.details },
    requestId,
  }
}
