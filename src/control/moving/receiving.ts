// Taking in a credential that another holder has handed out whole. It may be asked for again and again, by whoever does
// not know whether it has arrived: it is stored once.

import type { Caller } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { importedFact } from '../../domain/moving/taken.ts'
import { formatOwner } from '../../domain/owner.ts'
import { checkFields } from '../../domain/values.ts'
import { newId } from '../../lib/id.ts'
import type { TokenSet } from '../../providers/provider.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { nameFor } from '../credentials/naming.ts'
import { stateOfNew } from '../credentials/probing.ts'
import { storeNew } from '../credentials/storing.ts'
import { findOwner, manage, storeFor } from '../find.ts'
import { importTokens } from '../logins/importing.ts'
import { createLimits, type Limits } from '../logins/limits.ts'
import type { Control, Result } from '../use-case.ts'
import { credentialView } from '../views.ts'
import type { Workshop } from '../workshop.ts'

type Received = Parameters<Control['credentials.receive']>[1]
type Answer = Result<'credentials.receive'>

export function createReceivingUseCases(workshop: Workshop): Pick<Control, 'credentials.receive'> {
  const desk = { ...workshop, limits: createLimits(workshop.now) }
  return { 'credentials.receive': (caller, input) => receive(desk, caller, input) }
}

interface Desk extends Workshop {
  readonly limits: Pick<Limits, 'starts'>
}

async function receive(workshop: Desk, caller: Caller, given: Received): Promise<Answer> {
  const owner = await findOwner(workshop, caller, given.owner)
  const name = nameFor(workshop, given.type, given.name)
  const place = { id: newId('cred'), owner: formatOwner(owner), name, type: given.type } as const
  await workshop.guard.check(caller, storeFor('credential.take-in', place))
  const there = await alreadyThere(workshop, caller, given)
  if (there !== null) return { credential: credentialView(caller, there), ...standing(there), twins: [] }
  const input = { ...given, name }
  const came = {
    ...{ action: 'credential.take-in', note: `moved from ${given.from}` },
    also: (unit: StoreGroups, id: string) => noteArrival(unit, given, id),
    forget: (unit: StoreGroups) => unit.installation.remove(factOf(given)),
  }
  const { type } = given
  if (CREDENTIAL_TYPES[type].entry === 'sign-in') {
    // Its provider is asked at once.
    workshop.limits.starts(caller)
    const tokens = tokensIn(workshop, input)
    return importTokens(workshop, caller, owner, input, { type, tokens }, came)
  }
  const checked = checkFields(type, name, given.fields)
  const content = { ...checked, suffix: checked.suffix ?? '' }
  const state = { ...stateOfNew(null), expiresAt: millisecondsOf(given.expiresAt) }
  const credential = await storeNew(workshop, caller, owner, input, content, state, came)
  return { credential, renewed: 'static', twins: [] }
}

function tokensIn({ providerOf, now }: Workshop, { type, name, fields, ...ends }: Received): TokenSet {
  const { values } = checkFields(type, name, fields)
  const [expiresAt, endsAt] = [millisecondsOf(ends.expiresAt), millisecondsOf(ends.endsAt)]
  const tokens = providerOf(type)?.renewer?.tokensOf?.(type, values, { expiresAt, endsAt }, now())
  if (tokens) return tokens
  throw new ClavigerError('invalid', `What was handed out holds no login that can be renewed here.`, {
    hint: 'Nothing was stored. Sign in instead.',
  })
}

const factOf = ({ source }: Pick<Received, 'source'>) => `received:${source}`

async function alreadyThere(
  { store, guard }: Workshop,
  caller: Caller,
  given: Received,
): Promise<CredentialRow | null> {
  const id = await store.installation.get(factOf(given))
  if (id === undefined) return null
  const row = await store.credentials.get(caller.organizationId, id)
  if (row === undefined) throw deletedSince()
  // For whomever it was stored then.
  await guard.check(caller, await manage(store, caller, 'credential.take-in', row))
  return row
}

async function noteArrival({ installation }: StoreGroups, given: Received, id: string): Promise<void> {
  if ((await installation.putIfAbsent(factOf(given), id)) === id) {
    for (const digest of given.digests) await installation.put(importedFact(digest), id)
    return
  }
  throw new ClavigerError('unavailable', 'This credential arrives here at this moment.', {
    hint: 'Repeat the command.',
  })
}

// Whoever hands it out must not go on with it: it was renewed here.
function deletedSince(): ClavigerError {
  return new ClavigerError('needs_login', 'This credential has arrived here before, and was deleted since.', {
    hint: 'Sign in again where it is needed.',
  })
}

function standing({ type, version }: CredentialRow): Pick<Answer, 'renewed'> {
  if (CREDENTIAL_TYPES[type].entry !== 'sign-in') return { renewed: 'static' }
  return { renewed: version > 1 ? 'yes' : 'later' }
}

function millisecondsOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time)
}
