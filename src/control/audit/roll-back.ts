// A database that was put back to an older copy: what is kept of it until somebody has seen to it, and what happens then.
// Credentials that rotate are set aside: what an older copy holds of them was replaced since, and using it may end the
// whole grant.

import type { ChainPlace } from '../../domain/audit/chain.ts'
import type { Finding } from '../../domain/audit/check.ts'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { after as afterEvent } from '../../domain/grants/grant.ts'
import { newId } from '../../lib/id.ts'
import type { CredentialRow, Store, StoreGroups } from '../../store/store.ts'
import { rfc3339 } from '../views.ts'

// Kept as settings of no organization: one for each that it happened to.
const INSTALLATION = '*'
const NAME = 'rolled-back'

const PAGE = 500

export interface RollBack {
  /** When a server noticed, in milliseconds since 1970. */
  readonly at: number
  /** The last place that server had seen. */
  readonly seen: ChainPlace
  /** Where the log ended, or what was in that place instead. */
  readonly found: ChainPlace
}

/** What nobody has acknowledged: organization id → one of them. */
export async function readRollBacks({
  settings,
}: Pick<StoreGroups, 'settings'>): Promise<Record<string, RollBack>> {
  return (await settings.all(INSTALLATION, NAME)) as Record<string, RollBack>
}

/** Records it, and sets the organization's rotating credentials aside; all in one unit. Returns how many there were. */
export async function recordRollBack(
  store: Store,
  organizationId: string,
  rollBack: RollBack,
): Promise<number> {
  return store.atomically(async (unit) => {
    const set = await setAside(unit, organizationId, rollBack)
    // Several servers may notice the same one; the one that had seen most says most.
    const noted = (await readRollBacks(unit))[organizationId]
    if (noted === undefined || noted.seen.position <= rollBack.seen.position) {
      await unit.settings.put(INSTALLATION, organizationId, NAME, rollBack)
    }
    await unit.audit.append(rollBackEntry(organizationId, rollBack, set))
    return set
  })
}

/** Forgets what `readRollBacks` returned. */
export async function forgetRollBacks(
  { settings }: Pick<StoreGroups, 'settings'>,
  organizations: readonly string[],
): Promise<void> {
  for (const organizationId of organizations) await settings.remove(INSTALLATION, organizationId, NAME)
}

export function rollBackSentence({ at, seen, found }: RollBack): string {
  const when = rfc3339(at).slice(0, 16).replace('T', ' ')
  return found.position < seen.position
    ? `On ${when} UTC the audit log ended at entry ${found.position}, and entry ${seen.position} had been seen before: the database is an older copy.`
    : `On ${when} UTC entry ${seen.position} of the audit log was another than had been seen before: the database is another copy.`
}

export function rollBackFinding(rollBack: RollBack): Finding {
  const { seen, found } = rollBack
  const from = Math.min(found.position + 1, seen.position)
  return { kind: 'rolled-back', from, to: seen.position, message: rollBackSentence(rollBack) }
}

async function setAside(unit: StoreGroups, organizationId: string, { at }: RollBack): Promise<number> {
  const rotating = CREDENTIAL_TYPE_NAMES.filter((type) => CREDENTIAL_TYPES[type].entry === 'sign-in')
  let count = 0
  for (const type of rotating) {
    let after: string | undefined
    do {
      const rows: CredentialRow[] = await unit.credentials.list(
        organizationId,
        { type },
        { limit: PAGE, ...(after !== undefined && { after }) },
      )
      for (const row of rows) {
        if (await quarantine(unit, row, at)) count += 1
      }
      after = rows.length < PAGE ? undefined : rows.at(-1)?.id
    } while (after !== undefined)
  }
  return count
}

// Another server may be changing the row: what it wrote is looked at again.
async function quarantine(unit: StoreGroups, row: CredentialRow, at: number): Promise<boolean> {
  if (!(await mayHaveMovedOn(unit, row.id))) return false
  let current: CredentialRow | undefined = row
  while (current !== undefined && current.state !== 'quarantined') {
    const change = {
      state: 'quarantined',
      stateReason: 'the database was put back to an older copy',
      stateUntil: null,
      updatedAt: at,
    } as const
    if (await unit.credentials.update(row.organizationId, row.id, current.revision, change)) return true
    current = await unit.credentials.get(row.organizationId, row.id)
  }
  return false
}

// False for a login that cannot be renewed: nobody can have. One that can is to be verified first.
async function mayHaveMovedOn(unit: StoreGroups, credentialId: string): Promise<boolean> {
  for (;;) {
    const there = await unit.grants.get(credentialId)
    if (there === undefined) return true
    const grant = afterEvent(there.grant, { kind: 'restored' })
    const change = { grant, dueAt: grant.unverified ? 0 : there.dueAt }
    if (await unit.grants.update(credentialId, there.revision, change)) return grant.unverified
  }
}

function rollBackEntry(organizationId: string, { at, seen, found }: RollBack, set: number): AuditEntry {
  return {
    ...{ id: newId('aud'), organizationId, at },
    ...{ actorKind: 'server', actorId: 'serve', actorName: 'claviger serve' },
    action: 'database.rolled-back',
    ...{ objectKind: 'database', objectId: 'database', objectName: 'database' },
    outcome: 'allowed',
    details: {
      seenPosition: seen.position,
      seenHash: seen.hash,
      foundPosition: found.position,
      foundHash: found.hash,
      quarantined: set,
    },
    requestId: '',
  }
}
