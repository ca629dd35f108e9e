// Taking over the login in a file of another program. There is one holder of a login: ours is renewed at once, and the
// copy in the file is dead.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { importedFact } from '../../domain/moving/taken.ts'
import { formatOwner, type Owner } from '../../domain/owner.ts'
import { Secret } from '../../domain/secret.ts'
import { newId } from '../../lib/id.ts'
import type { ForeignLogin, TokenSet } from '../../providers/provider.ts'
import type { GrantTwin } from '../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { nameFor } from '../credentials/naming.ts'
import { type Coming, storeNew } from '../credentials/storing.ts'
import { findCredential, findOwner, manage, storeFor } from '../find.ts'
import { rowOf, twinsOf } from '../grants/arriving.ts'
import { acceptNotice } from '../settings/rules.ts'
import type { Control, Result } from '../use-case.ts'
import { credentialView } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { signInOf, twinViews } from './attempts.ts'
import { admitLogin, arrivalPorts, insertLoginNamed } from './landing.ts'

type Import = Parameters<Control['logins.import']>[1]
type Imported = Result<'logins.import'>

/** See `logins.import`. Throws `invalid` for a file that holds no login, `rejected` when it is dead; then nothing is stored. */
export async function importLogin(workshop: Workshop, caller: Caller, input: Import): Promise<Imported> {
  const owner = await findOwner(workshop, caller, input.owner)
  const type = input.from === 'codex' ? 'codex/oauth' : 'claude/oauth'
  const name = nameFor(workshop, type, input.name)
  // Whoever may not store one there need not know what is wrong with the file.
  const place = { id: newId('cred'), owner: formatOwner(owner), name, type } as const
  await workshop.guard.check(caller, storeFor('credential.import', place))
  const found = signInOf(workshop, { type, server: null }).read(new Secret(input.file), workshop.now())
  const came = { action: 'credential.import', note: 'imported' }
  if (found.kind === 'login') return importTokens(workshop, caller, owner, { ...input, name }, found, came)
  const content = { ...found.content, suffix: found.content.suffix ?? '' }
  const named = { ...input, type: found.type, name: nameFor(workshop, found.type, input.name) }
  const credential = await storeNew(workshop, caller, owner, named, content)
  return { credential, renewed: 'static', twins: [] }
}

/** How a login has come here; `forget` is done in the unit that takes it back. */
export interface ComingLogin extends Coming {
  readonly forget?: (unit: StoreGroups) => Promise<void>
}

/** Stores the login and renews it at once. Throws `rejected` when it is dead; then nothing is stored. */
export async function importTokens(
  workshop: Workshop,
  caller: Caller,
  owner: Owner,
  input: Pick<Import, 'name' | 'description' | 'acceptNotice'>,
  { type, tokens }: Pick<Extract<ForeignLogin, { kind: 'login' }>, 'type' | 'tokens'>,
  { action, note, also, forget }: ComingLogin,
): Promise<Imported> {
  const { guard, grants } = workshop
  const { organizationId } = caller
  const place = {
    organizationId,
    id: newId('cred'),
    owner,
    name: input.name,
    type,
    description: input.description,
  }
  const twins = await guard.perform(caller, async (unit, authorize) => {
    const row = rowOf(arrivalPorts(workshop), place, tokens, caller.name)
    await admitLogin(workshop, unit, authorize, caller, row, {
      ...{ action, accepted: input.acceptNotice, account: tokens.account.email },
    })
    const others = await mustBeNew(unit, caller, row, tokens)
    await insertLoginNamed(workshop, unit, row, tokens, { by: caller.name, note })
    await also?.(unit, row.id)
    if (input.acceptNotice) await acceptNotice(unit, caller, type, row.createdAt)
    return others
  })
  const seen = 1
  const outcome = await grants.want(place.id, { kind: 'forced', seen })
  if (outcome.kind === 'sign-in' || outcome.kind === 'gone') {
    await takeBack(workshop, caller, place.id, forget)
    throw dead(type)
  }
  return {
    credential: credentialView(caller, await findCredential(workshop.store, caller, place.id)),
    renewed: outcome.kind === 'good' && outcome.generation > seen ? 'yes' : 'later',
    ...(outcome.kind === 'later' && outcome.why !== undefined && { why: outcome.why }),
    twins: await twinViews(workshop.store, caller, twins),
  }
}

// Renewing it here would end it there; and what was renewed with it once before ends when it is tried again.
async function mustBeNew(
  unit: StoreGroups,
  caller: Caller,
  row: CredentialRow,
  tokens: TokenSet,
): Promise<readonly GrantTwin[]> {
  const others = await twinsOf(unit, row, tokens)
  const taken = await takenOver(unit, row, tokens)
  const same = [...others.filter(({ sameToken }) => sameToken), ...taken]
  if (same.length === 0) return others
  const [view] = await twinViews(unit, caller, same)
  const where = whereItIs(caller, view?.credential ?? null)
  throw new ClavigerError('conflict', `The login in this file is stored already${where}.`, {
    hint: `A login has one holder. Use that one, or sign in to have another: claviger credential create ${row.type.replace('/', ' ')} NAME`,
  })
}

function whereItIs({ kind, id }: Caller, stored: Imported['twins'][number]['credential']): string {
  if (stored === null) return ''
  const isOwn = kind === 'person' && stored.owner === formatOwner({ kind: 'user', id })
  return ` as ${stored.name} (${isOwn ? 'personal' : stored.owner})`
}

// A file is copied easily, and its token is spent once it was imported: sent again, it would end the login that was made
// of it. So it is remembered which credential that is, for as long as there is one.
async function takenOver(
  { installation, grants }: StoreGroups,
  { id }: CredentialRow,
  { digest }: TokenSet,
): Promise<readonly GrantTwin[]> {
  const fact = importedFact(digest)
  const known = await installation.putIfAbsent(fact, id)
  if (known === id) return []
  const there = await grants.get(known)
  if (there === undefined) await installation.put(fact, id)
  return there === undefined
    ? []
    : [{ credentialId: known, organizationId: there.organizationId, sameToken: true }]
}

async function takeBack(
  { guard }: Workshop,
  caller: Caller,
  id: string,
  forget: ComingLogin['forget'],
): Promise<void> {
  await guard.perform(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    await authorize(await manage(unit, caller, 'credential.delete', row, { because: 'its login is dead' }))
    await unit.credentials.delete(caller.organizationId, id)
    await forget?.(unit)
    await unit.signals.send('holders', id)
  })
}

function dead(type: CredentialRow['type']): ClavigerError {
  return new ClavigerError('rejected', 'This login was ended, used up or is too old.', {
    hint: `Nothing was stored. Sign in instead: claviger credential create ${type.replace('/', ' ')} NAME`,
  })
}
