// The end of a good sign-in: its tokens become a credential, or the new login of one, in one unit with the end itself.
// Whether that is allowed is asked again: ten minutes may have passed.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type Owner, parseOwner } from '../../domain/owner.ts'
import type { TokenSet } from '../../providers/provider.ts'
import type { LoginAttemptRow } from '../../store/login-groups.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { findCredential, manage, mustStand, nameTaken, storeFor } from '../find.ts'
import { type ArrivalPorts, insertLogin, replaceLogin, rowOf } from '../grants/arriving.ts'
import { persistently } from '../grants/renewing/persistently.ts'
import type { Authorize } from '../guard.ts'
import { acceptNotice, mustFitPolicy } from '../settings/rules.ts'
import type { Workshop } from '../workshop.ts'
import { overAlready } from './attempts.ts'
import { landByLink } from './links.ts'

// Others may change the same credential at the same time; the tokens are there once only.
const TRIES = 5
// So long a database may be away: its person waits, and their code is used up.
const AWAY_MS = 10_000

/** What arriving.ts needs. */
export function arrivalPorts({ vault, now, grantTimings: timings }: Workshop): ArrivalPorts {
  return { vault, now, timings }
}

/** Stores the tokens and ends the sign-in. Throws `conflict`, `forbidden` or `not_found`, and then nothing is stored. */
export async function land(
  workshop: Workshop,
  caller: Caller,
  row: LoginAttemptRow,
  claim: string,
  tokens: TokenSet,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      const once = () => landOnce(workshop, caller, row, claim, tokens)
      return await persistently(once, AbortSignal.timeout(AWAY_MS))
    } catch (thrown) {
      if (!isOvertaken(thrown) || tries === TRIES) throw thrown
    }
  }
}

function isOvertaken(thrown: unknown): boolean {
  return thrown instanceof ClavigerError && thrown.code === 'conflict' && thrown.message.includes('just now')
}

function landOnce(
  workshop: Workshop,
  caller: Caller,
  row: LoginAttemptRow,
  claim: string,
  tokens: TokenSet,
): Promise<void> {
  const { guard, now } = workshop
  return guard.perform(caller, async (unit, authorize) => {
    const end = { state: 'complete', message: '', endedAt: now() } as const
    const there = row.request.relogin ? row.credentialId : await ofSameAccount(unit, row, tokens)
    const credentialId = there ?? row.credentialId
    if (!(await unit.loginAttempts.end(row.id, claim, { ...end, credentialId }))) throw overAlready()
    if (there !== null) await renew(workshop, unit, authorize, caller, { ...row, credentialId }, tokens)
    else await create(workshop, unit, authorize, caller, row, tokens)
    if (row.request.acceptNotice) await acceptNotice(unit, caller, row.type, now())
  })
}

// The one that gets this login instead of a new credential. Where an account is not known its e-mail has to do.
async function ofSameAccount(
  unit: StoreGroups,
  { organizationId, owner, type, request: { orInto = [] } }: LoginAttemptRow,
  { account: { id: account, email } }: TokenSet,
): Promise<string | null> {
  for (const id of orInto) {
    const there = await unit.credentials.get(organizationId, id)
    const grant = await unit.grants.get(id)
    if (there?.type !== type || there.owner !== owner || grant === undefined) continue
    const isKnown = grant.account !== '' && account !== ''
    if (isKnown ? grant.account === account : email !== '' && there.shown['email'] === email) return id
  }
  return null
}

async function renew(
  workshop: Workshop,
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  { credentialId, type, request }: LoginAttemptRow,
  tokens: TokenSet,
): Promise<void> {
  const found = await findCredential(unit, caller, credentialId)
  const account = tokens.account.email
  const act =
    request.linkBy === undefined
      ? await manage(unit, caller, 'credential.sign-in', found, { account })
      : await landByLink(workshop, unit, caller, found, { by: request.linkBy, account })
  await authorize(act)
  const subscription = { type, owner: found.owner, accepted: request.acceptNotice }
  await mustFitPolicy(unit, authorize, found.organizationId, act, subscription)
  const bringing = { by: caller.name, note: 'signed in again', otherAccount: request.replaceAccount }
  await replaceLogin(arrivalPorts(workshop), unit, found, tokens, bringing)
}

async function create(
  workshop: Workshop,
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  { organizationId, credentialId: id, owner, name, type, request }: LoginAttemptRow,
  tokens: TokenSet,
): Promise<void> {
  const place = { organizationId, id, owner: parseOwner(owner), name, type, description: request.description }
  const made = rowOf(arrivalPorts(workshop), place, tokens, caller.name)
  await admitLogin(workshop, unit, authorize, caller, made, {
    ...{ action: 'credential.sign-in', accepted: request.acceptNotice, account: tokens.account.email },
  })
  await insertLoginNamed(workshop, unit, made, tokens, { by: caller.name, note: 'signed in' })
}

/** What a new credential of a login has to pass; `account` is only for the record. */
export async function admitLogin(
  { identity }: Pick<Workshop, 'identity'>,
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  row: Pick<CredentialRow, 'organizationId' | 'id' | 'owner' | 'name' | 'type'>,
  { action, accepted, account = '' }: { action: string; accepted: boolean; account?: string },
): Promise<void> {
  const act = storeFor(action, row, account === '' ? {} : { account })
  await authorize(act)
  const subscription = { type: row.type, owner: row.owner, accepted }
  await mustFitPolicy(unit, authorize, row.organizationId, act, subscription)
  const owner: Owner = parseOwner(row.owner)
  await mustStand(identity, unit, caller, owner)
  const taken = { owners: [row.owner], name: row.name }
  if ((await unit.credentials.list(row.organizationId, taken, { limit: 1 })).length > 0)
    throw nameTaken(row.name)
}

/** Inserts it; throws `conflict` in the words for a name that is taken. */
export async function insertLoginNamed(
  workshop: Workshop,
  unit: StoreGroups,
  row: CredentialRow,
  tokens: TokenSet,
  bringing: { readonly by: string; readonly note: string },
): Promise<void> {
  try {
    await insertLogin(arrivalPorts(workshop), unit, row, tokens, bringing)
  } catch (thrown) {
    const isTaken = thrown instanceof ClavigerError && thrown.code === 'conflict'
    throw isTaken ? nameTaken(row.name) : thrown
  }
}
