// An audit log of any length, made quickly; and verified as the server does it, call after call.

import type { Output } from '../../../src/api/schemas.ts'
import { createVerifyingUseCases } from '../../../src/control/audit/verifying.ts'
import type { Workshop } from '../../../src/control/workshop.ts'
import type { ChainPlace } from '../../../src/domain/audit/chain.ts'
import type { AuditEntry } from '../../../src/domain/audit/entry.ts'
import type { Caller } from '../../../src/domain/caller.ts'
import type { Store } from '../../../src/store/store.ts'

export const ORGANIZATION = 'org-proof'

const PER_UNIT = 1_000

/** Appends so many entries, a thousand a unit. */
export async function fill(store: Store, size: number, log: (done: number) => void = () => undefined) {
  for (let from = 0; from < size; from += PER_UNIT) {
    await store.atomically(async (unit) => {
      for (let i = from; i < Math.min(from + PER_UNIT, size); i += 1) await unit.audit.append(entry(i))
    })
    log(Math.min(from + PER_UNIT, size))
  }
}

export function entry(i: number): AuditEntry {
  return {
    id: `aud_${i.toString().padStart(12, '0')}`,
    organizationId: ORGANIZATION,
    at: 1_700_000_000_000 + i,
    actorKind: 'person',
    actorId: `user-${i % 50}`,
    actorName: `person-${i % 50}@example.test`,
    action: 'lease.create',
    objectKind: 'credential',
    objectId: `cred-${i % 1000}`,
    objectName: `key-${i % 1000}`,
    outcome: i % 97 === 0 ? 'refused' : 'allowed',
    details: { owner: 'org', type: 'claude/api-key', lease: `lease-${i}`, generation: 1 },
    requestId: `request-${i}`,
  }
}

export interface Verified {
  readonly entries: number
  readonly calls: number
  readonly findings: Output<'audit.verify'>['findings']
  readonly last: ChainPlace
}

/** Asks the use-case until the end; `seen` is what a server has noted outside of the database. */
export async function verify(
  store: Store,
  { seen, anchor, between }: { seen?: ChainPlace; anchor?: ChainPlace; between?: () => void } = {},
): Promise<Verified> {
  const workshop = { store, ...(seen && { auditSeen: () => seen }) } as Partial<Workshop> as Workshop
  const ask = createVerifyingUseCases(workshop)['audit.verify']
  const caller = { organizationId: ORGANIZATION } as Partial<Caller> as Caller
  const noted = anchor && { anchorPosition: anchor.position, anchorHash: anchor.hash }
  const verified = { entries: 0, calls: 0, findings: [] as Verified['findings'] }
  let next: ChainPlace | null = null
  for (;;) {
    const answer: Output<'audit.verify'> = await ask(caller, { ...noted, ...(next ?? { position: 0 }) })
    verified.entries += answer.entries
    verified.calls += 1
    verified.findings.push(...answer.findings)
    between?.()
    if (answer.next === null) return { ...verified, last: { position: answer.to, hash: answer.hash } }
    next = answer.next
  }
}
