// Sign-ins under way: finding one's own, opening what is sealed of it, and being the only one who asks about it.

import type { Output } from '../../api/schemas.ts'
import { type Caller, mayCredential } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Secret } from '../../domain/secret.ts'
import { newId } from '../../lib/id.ts'
import type { SignIn } from '../../providers/provider.ts'
import type { GrantTwin } from '../../store/grant-groups.ts'
import type { LoginAttemptRow, LoginState } from '../../store/login-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { type Act, absent, canSee, type KeyPlace, keyContext } from '../guard.ts'
import { credentialView, rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

// A server that took so long to ask has died, or will find that it was overtaken.
const STALE_MS = 120_000

const SEALED_FIELD = 'sign-in'

type View = Output<'logins.get'>

/** A sign-in that this caller began. Throws as for an absent one when there is none, or it is somebody else's. */
export async function findLogin(
  { store }: Pick<Workshop, 'store'>,
  caller: Caller,
  id: string,
): Promise<LoginAttemptRow> {
  const row = await store.loginAttempts.get(caller.organizationId, id)
  if (row?.initiatorKind !== caller.kind || row.initiatorId !== caller.id) throw absent('login', id)
  return row
}

/** What it is in at this moment. */
export function stateOfLogin(
  { state, expiresAt }: Pick<LoginAttemptRow, 'state' | 'expiresAt'>,
  now: number,
): LoginState {
  return state === 'pending' && expiresAt <= now ? 'expired' : state
}

/** Where the data key of a sign-in belongs. */
function placeOf({ organizationId, id, owner, type, name }: Omit<LoginAttemptRow, 'sealed'>): KeyPlace {
  return { organizationId, id, owner, type, name, version: 1 }
}

/** Seals what the provider needs to go on. Called in the unit that stores it. */
export function sealLogin(
  { vault }: Pick<Workshop, 'vault'>,
  row: Omit<LoginAttemptRow, 'wrappedKey' | 'sealed'>,
  kept: Secret,
): LoginAttemptRow {
  const context = keyContext(placeOf({ ...row, wrappedKey: new Uint8Array() }))
  const wrappedKey = vault.createKey(context)
  const { organizationId, id: credentialId } = row
  const place = { organizationId, credentialId, field: SEALED_FIELD, version: 1, fields: [SEALED_FIELD] }
  return { ...row, wrappedKey, sealed: vault.seal(wrappedKey, context, place, kept) }
}

/** Opens it again, once the act is recorded. */
export async function openLogin(
  { guard }: Pick<Workshop, 'guard'>,
  caller: Caller,
  row: LoginAttemptRow,
  action: string,
): Promise<Secret> {
  const { opened } = await guard.release(caller, async (_, authorize) => {
    await authorize(aboutLogin(action, row))
    const values: Record<string, Uint8Array> = row.sealed === null ? {} : { [SEALED_FIELD]: row.sealed }
    const sealed = { row: { ...placeOf(row), wrappedKey: row.wrappedKey }, version: 1, values }
    return { result: null, open: [sealed] }
  })
  const kept = opened[0]?.[SEALED_FIELD]
  if (kept === undefined) throw overAlready()
  return kept
}

export function aboutLogin(action: string, { id, name, owner, type, method }: LoginAttemptRow): Act {
  return {
    action,
    needs: { general: 'manageLogins' },
    object: { kind: 'login', id, name },
    details: { owner, type, method },
  }
}

/** From now on nobody else asks about it; null when somebody does, or it is over. */
export async function claimLogin(
  { store, now }: Pick<Workshop, 'store' | 'now'>,
  { id }: LoginAttemptRow,
): Promise<string | null> {
  const claim = newId('claim')
  const at = now()
  const got = await store.loginAttempts.claim(id, { claim, at, staleBefore: at - STALE_MS })
  return got ? claim : null
}

/** Whoever signs people in for this type. Throws `unavailable` when nobody does, or another server holds the sign-in. */
export function signInOf(
  { signInOf, server }: Pick<Workshop, 'signInOf' | 'server'>,
  { type, server: holder }: Pick<LoginAttemptRow, 'type' | 'server'>,
): SignIn {
  const signIn = signInOf(type)
  if (signIn === undefined)
    throw new ClavigerError('unavailable', `This server cannot sign anybody in for ${type}.`)
  if (holder === null || holder === server.id) return signIn
  throw new ClavigerError(
    'unavailable',
    `The server ${holder} holds this sign-in, and this is ${server.id}.`,
    {
      hint: 'Go on where it was begun, or begin again here. A Claude sign-in ends with its server.',
    },
  )
}

export function overAlready(): ClavigerError {
  return new ClavigerError('conflict', 'This sign-in is over.', { hint: 'Start signing in again.' })
}

/** A sign-in as whoever began it sees it. */
export async function loginView(workshop: Workshop, caller: Caller, row: LoginAttemptRow): Promise<View> {
  const { store, now } = workshop
  const made =
    row.state === 'complete' ? await store.credentials.get(row.organizationId, row.credentialId) : undefined
  const grant = made && (await store.grants.get(made.id))
  return {
    ...{ id: row.id, type: row.type, method: row.method, owner: row.owner, name: row.name },
    ...{ state: stateOfLogin(row, now()), message: row.message, expiresAt: rfc3339(row.expiresAt) },
    intervalSeconds: row.intervalMs === null ? null : row.intervalMs / 1000,
    // Whoever came by a link need not see what they signed in for.
    credential: made === undefined || !canSee(caller, made, false) ? null : credentialView(caller, made),
    twins: grant === undefined ? [] : await twinViews(store, caller, await store.grants.twins(grant)),
  }
}

/**
 * Others with the same login, as this caller may know of them: those they may not see are shown without a name, and only
 * when they hold the very same token, which harms both.
 */
export async function twinViews(
  { credentials }: Pick<StoreGroups, 'credentials'>,
  caller: Caller,
  twins: readonly GrantTwin[],
): Promise<View['twins']> {
  const views: View['twins'] = []
  for (const { credentialId, organizationId, sameToken } of twins) {
    const isOurs = organizationId === caller.organizationId
    const row = isOurs ? await credentials.get(organizationId, credentialId) : undefined
    const seen = row !== undefined && mayCredential(caller, 'describe', parseOwner(row.owner))
    if (seen) views.push({ credential: { id: row.id, owner: row.owner, name: row.name }, sameToken })
    else if (sameToken) views.push({ credential: null, sameToken })
  }
  return views
}
