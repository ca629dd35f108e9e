// Handing a credential out whole, to a holder that keeps it from now on: a file of profiles, or another server. That is
// the one answer with a refresh token in it (decision 0020). From then on it is neither used nor renewed here, and it goes
// when its new holder has it: at no moment may two renew it.

import type { Caller } from '../../domain/caller.ts'
import { CREDENTIAL_TYPES, type CredentialTypeDefinition } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { dueAt } from '../../domain/grants/decide.ts'
import { stateOf } from '../../domain/grants/state.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { type Leaving, leavingFact, leavingOf } from '../../domain/moving/leaving.ts'
import { formerTokens, IMPORTED, TAKEN } from '../../domain/moving/taken.ts'
import { printable } from '../../domain/names.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { sealedVersion } from '../credentials/sealing.ts'
import { changedMeanwhile, findCredential, isAttached } from '../find.ts'
import { situationOf } from '../grants/tools.ts'
import type { Act, Authorize } from '../guard.ts'
import { mayBeTaken } from '../settings/taking.ts'
import type { Control } from '../use-case.ts'
import { credentialView, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { isLogin, leaving, onItsWay } from './leaving.ts'

type Names = 'credentials.handOver' | 'credentials.handedOver' | 'credentials.keep'
type HandOver = Parameters<Control['credentials.handOver']>[1]

export function createHandingOverUseCases(workshop: Workshop): Pick<Control, Names> {
  return {
    'credentials.handOver': (caller, input) => handOver(workshop, caller, input),
    'credentials.handedOver': (caller, { id, to }) => handedOver(workshop, caller, id, to),
    'credentials.keep': (caller, { id, to }) => keep(workshop, caller, id, to),
  }
}

async function handOver(workshop: Workshop, caller: Caller, { id, to }: HandOver) {
  const { store, guard, grants } = workshop
  const asked = await findCredential(store, caller, id)
  const lesser = await lesserToken(workshop, caller)
  await guard.check(caller, await takeAct(store, caller, 'credential.release-whole', asked, to.title))
  if ((await leaving(store, asked)) === null) await calm({ store, grants }, id)
  const { result, opened } = await guard.release(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    const act = await takeAct(unit, caller, 'credential.release-whole', row, to.title)
    await authorize(act)
    await mustBeFree(unit, authorize, row, act, lesser)
    const again = (await leaving(unit, row)) !== null
    const endsAt = await stop(workshop, unit, caller, row, to)
    const digests = await digestsOf(unit, row)
    return { result: { row, endsAt, again, digests }, open: [await sealedVersion(unit, row)] }
  })
  const { row, endsAt, again, digests } = result
  const { type, name, description } = row
  // A new login of it that is sent later is not the one that has arrived.
  const source = `${id}.${row.version}`
  const ends = { expiresAt: rfc3339OrNull(row.expiresAt), endsAt: rfc3339OrNull(endsAt) }
  return { ...{ id, source, type, name, description }, ...ends, again, digests, fields: opened[0] ?? {} }
}

// A renewal by a program takes a few seconds.
const LOOKS = 40
const LOOK_EVERY = 250

// What is under way is waited for, also where nobody has to wait who only uses it: its answer is the one to hand out.
async function calm({ store, grants }: Pick<Workshop, 'store' | 'grants'>, id: string): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    await grants.want(id, { kind: 'use' })
    const known = await store.grants.get(id)
    if (known === undefined || !isBusy(known)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
}

function isBusy({ grant: { attempt, orphans } }: GrantRow): boolean {
  return attempt !== null || orphans.length > 0
}

async function digestsOf({ installation }: StoreGroups, row: CredentialRow): Promise<string[]> {
  if (CREDENTIAL_TYPES[row.type].entry !== 'sign-in') return []
  const facts = {
    ...(await installation.beginningWith(IMPORTED)),
    ...(await installation.beginningWith(TAKEN)),
  }
  return formerTokens(facts, row).slice(0, 1000)
}

// What stands in the way whoever asks, recorded as a refusal.
async function mustBeFree(
  unit: StoreGroups,
  authorize: Authorize,
  row: CredentialRow,
  act: Act,
  lesser: ClavigerError | null,
): Promise<void> {
  const { harness }: CredentialTypeDefinition = CREDENTIAL_TYPES[row.type]
  if (harness === null)
    throw new ClavigerError('invalid', `${printable(row.name)} is a raw secret, and no profile can hold it.`)
  const isSwitchedOff = !(await mayBeTaken(unit, row.organizationId, harness))
  const forbiddenBy = lesser ?? (isSwitchedOff ? switchedOff(harness) : null)
  if (forbiddenBy !== null) await authorize({ ...act, needs: { forbiddenBy } })
}

// Ends it here, unless that was done. Returns when no renewing helps any more.
async function stop(
  { now }: Workshop,
  unit: StoreGroups,
  caller: Caller,
  row: CredentialRow,
  to: HandOver['to'],
): Promise<number | null> {
  const before = await leaving(unit, row)
  if (before !== null && before.to !== to.id) throw onItsWay(row, before)
  const known = await unit.grants.get(row.id)
  if (before !== null) return known?.grant.endsAt ?? null
  const at = now()
  if (known !== undefined) {
    const { grant, revision } = known
    if (row.state === 'needs_login' || row.state === 'expiring') throw over(row)
    if (isBusy(known)) throw busy(row)
    const stopped = { grant: { ...grant, renewable: false }, dueAt: null }
    if (!(await unit.grants.update(row.id, revision, stopped))) throw changedMeanwhile(row.name)
  }
  const instead = isLogin(row) ? 'sign in again' : 'give it a new value'
  const stateReason = `on its way to ${to.title}: finish that with the command it was begun with, or ${instead}`
  const change = { state: 'blocked', stateReason, stateUntil: null, updatedAt: at } as const
  if (!(await unit.credentials.update(row.organizationId, row.id, row.revision, change)))
    throw changedMeanwhile(row.name)
  const fact: Leaving = { to: to.id, title: to.title, version: row.version, by: caller.name, at }
  await unit.installation.put(leavingFact(row.id), JSON.stringify(fact))
  await unit.leases.endAllOf(row.id, at, `the credential was handed over to ${to.title}`)
  await unit.signals.send('holders', row.id)
  await unit.signals.send('grants', row.id)
  return known?.grant.endsAt ?? null
}

function handedOver({ guard, now }: Workshop, caller: Caller, id: string, to: string) {
  return guard.perform(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    await authorize(await takeAct(unit, caller, 'credential.handed-over', row))
    const found = await mustBeLeaving(unit, row, to)
    await unit.installation.remove(leavingFact(id))
    // A new login has arrived meanwhile: that is another one.
    if (found === null) return { deleted: false }
    await unit.leases.endAllOf(id, now(), 'the credential was handed over')
    await unit.credentials.delete(caller.organizationId, id)
    await unit.signals.send('holders', id)
    return { deleted: true }
  })
}

function keep({ guard, now, grantTimings: timings }: Workshop, caller: Caller, id: string, to: string) {
  return guard.perform(caller, async (unit, authorize) => {
    const row = await findCredential(unit, caller, id)
    await authorize(await takeAct(unit, caller, 'credential.keep', row))
    const found = await mustBeLeaving(unit, row, to)
    await unit.installation.remove(leavingFact(id))
    if (found === null) return credentialView(caller, row)
    const known = await unit.grants.get(id)
    const grant = known && { ...known.grant, renewable: true }
    if (known !== undefined && grant !== undefined) {
      const situation = situationOf({ now, timings }, { credentialId: id, grant }, null)
      const change = { grant, dueAt: dueAt(grant, situation) }
      if (!(await unit.grants.update(id, known.revision, change))) throw changedMeanwhile(row.name)
    }
    const { state, reason, until } = grant
      ? stateOf(grant, now())
      : { state: 'ok' as const, reason: '', until: null }
    const change = { state, stateReason: reason, stateUntil: until, updatedAt: now() }
    if (!(await unit.credentials.update(row.organizationId, id, row.revision, change)))
      throw changedMeanwhile(row.name)
    await unit.signals.send('grants', id)
    return credentialView(caller, await findCredential(unit, caller, id))
  })
}

// Null: it was, and has had a new login or value since.
async function mustBeLeaving(
  { installation }: StoreGroups,
  row: CredentialRow,
  to: string,
): Promise<Leaving | null> {
  const fact = await installation.get(leavingFact(row.id))
  const known = fact === undefined ? null : (JSON.parse(fact) as Leaving)
  if (known === null || known.to !== to)
    throw new ClavigerError('conflict', `${printable(row.name)} is not on its way there.`, {
      hint: 'See how it stands: claviger credential list',
    })
  return leavingOf(fact, row)
}

async function takeAct(
  groups: Pick<StoreGroups, 'attachments'>,
  caller: Caller,
  action: string,
  { id, name, owner, type }: CredentialRow,
  to = '',
): Promise<Act> {
  const attached = await isAttached(groups, caller, { id, owner })
  return {
    ...{ action, object: { kind: 'credential', id, name } },
    details: { owner, type, ...(to !== '' && { to }) },
    needs: { right: 'take', owner: parseOwner(owner), attached },
  }
}

// A token that was made to do less than its person may does not get more out of here than a lease.
async function lesserToken({ identity }: Workshop, caller: Caller): Promise<ClavigerError | null> {
  if (caller.kind !== 'person') return null
  const person = await identity.person(caller.organizationId, caller.id)
  if (person?.role === caller.role) return null
  return new ClavigerError('forbidden', `This token has the role ${caller.role}, and its person has more.`, {
    hint: 'A login leaves only by a token with all the rights of its person: claviger login',
  })
}

function switchedOff(harness: HarnessName): ClavigerError {
  return new ClavigerError('forbidden', `Credentials of ${harness} may not be taken out of this server.`, {
    hint: `An admin may allow it: claviger admin policy take-out ${harness} on. Or sign in on your machine: claviger models auth login`,
  })
}

function over({ name }: CredentialRow): ClavigerError {
  return new ClavigerError('conflict', `The login of ${printable(name)} is over: there is nothing to move.`, {
    hint: 'Sign in again, there or here.',
  })
}

function busy({ name }: CredentialRow): ClavigerError {
  return new ClavigerError('conflict', `${printable(name)} is being renewed just now.`, {
    hint: 'Repeat the command in a moment. Nothing was changed.',
  })
}
