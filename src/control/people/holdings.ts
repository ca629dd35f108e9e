// What a person has in an organization, and how all of it ends with the membership: tokens are revoked, running leases
// and browser sessions ended, personal credentials deleted, each with an audit row of its own where it is a thing of its own.

import { counted } from '../../domain/counted.ts'
import { formatOwner, type OwnerText } from '../../domain/owner.ts'
import type { Holder } from '../../store/people-groups.ts'
import type { CredentialRow, StoreGroups, TokenRow } from '../../store/store.ts'
import type { Act, Authorize } from '../guard.ts'
import { endWorker } from '../machines/workers.ts'
import { cancelRunsOf } from '../runs/leaving.ts'
import { forgetPreferences } from '../settings/preferences.ts'
import { forgetNotice } from '../settings/rules.ts'

export interface Held {
  readonly tokens: number
  readonly leases: number
  readonly credentials: number
}

const PAGE = 500
const REASON = 'its holder left the organization'

/** How many there are of each. */
export async function countHeld(
  groups: Pick<StoreGroups, 'tokens' | 'credentials' | 'holdings'>,
  holder: Holder,
  now: number,
): Promise<Held> {
  const tokens = await liveTokens(groups, holder)
  const leases = await groups.holdings.countRunning(holder, now)
  const owned = await groups.holdings.countOwned(holder.organizationId, 'user')
  return { tokens: tokens.length, leases, credentials: owned[ownerOf(holder)] ?? 0 }
}

/** For a person: `2 tokens`, `1 running lease` … Nothing of what there is none of. */
export function inWords({ tokens, leases, credentials }: Held): string[] {
  const words = (count: number, what: string) => (count === 0 ? [] : [counted(count, what)])
  return [
    ...words(tokens, 'token'),
    ...words(leases, 'running lease'),
    ...words(credentials, 'personal credential'),
  ]
}

/**
 * Revokes the codes this person has made that no worker has used yet: whoever may make none any more must not hold a
 * spare one. Workers that have joined stay; they are the organization's.
 */
export async function endEnrolments(
  { unit, authorize, needs, holder, now }: Ending,
  email: string,
): Promise<void> {
  for (const row of await unit.workers.list(holder.organizationId)) {
    if (row.createdBy !== email || row.enrolledAt !== null || row.revokedAt !== null) continue
    const { id, name } = row
    const details = { reason: 'its maker may not enrol workers any more' }
    await authorize({ action: 'worker.revoke', needs, object: { kind: 'worker', id, name }, details })
    await endWorker(unit, row, now, details.reason)
  }
}

export interface Ending {
  readonly unit: StoreGroups
  readonly authorize: Authorize
  /** The right that ends the membership. */
  readonly needs: Act['needs']
  readonly holder: Holder
  readonly now: number
}

/** Ends all of it; returns how many of each. */
export async function endHeld({ unit, authorize, needs, holder, now }: Ending): Promise<Held> {
  const { organizationId, id: user } = holder
  const details = { reason: REASON }
  const tokens = await liveTokens(unit, holder)
  for (const { id, name } of tokens) {
    await authorize({ action: 'token.revoke', needs, object: { kind: 'token', id, name }, details })
    await unit.tokens.revoke(organizationId, name, now)
  }
  await cancelRunsOf(unit, holder, now, REASON)
  const leases = await unit.holdings.endRunning(holder, now, REASON)
  const credentials = await allOwned(unit, holder)
  for (const { id, name, owner, type } of credentials) {
    const object = { kind: 'credential', id, name }
    await authorize({ action: 'credential.delete', needs, object, details: { ...details, owner, type } })
    await unit.leases.endAllOf(id, now, 'the credential was deleted')
    await unit.credentials.delete(organizationId, id)
  }
  await forgetNotice(unit, organizationId, user)
  await forgetPreferences(unit, organizationId, user)
  await unit.sessions.end({ personId: user, organizationId })
  return { tokens: tokens.length, leases, credentials: credentials.length }
}

/** Revokes all tokens of this holder, as whatever made the unit has recorded. */
export async function endTokens(
  unit: Pick<StoreGroups, 'tokens'>,
  holder: Holder,
  now: number,
): Promise<void> {
  for (const { name } of await liveTokens(unit, holder))
    await unit.tokens.revoke(holder.organizationId, name, now)
}

// Expired ones too: their names are free again.
async function liveTokens(
  { tokens }: Pick<StoreGroups, 'tokens'>,
  { organizationId, kind, id }: Holder,
): Promise<TokenRow[]> {
  const all = await tokens.list(organizationId)
  return all.filter((row) => row.holderKind === kind && row.holderId === id && row.revokedAt === null)
}

async function allOwned({ credentials }: Pick<StoreGroups, 'credentials'>, holder: Holder) {
  const all: CredentialRow[] = []
  for (;;) {
    const after = all.at(-1)?.id
    const page = { limit: PAGE, ...(after !== undefined && { after }) }
    const found = await credentials.list(holder.organizationId, { owners: [ownerOf(holder)] }, page)
    all.push(...found)
    if (found.length < PAGE) return all
  }
}

function ownerOf({ id }: Holder): OwnerText {
  return formatOwner({ kind: 'user', id })
}
