// Setting up an authenticator app, and taking it away again. An app counts once it has shown a code; from then on the
// password alone lets nobody in. Whoever is signed in already shows password and code again to change any of it.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { makeUserCode, showUserCode } from '../../domain/token.ts'
import { newId } from '../../lib/id.ts'
import type { SecondFactorRow } from '../../store/people-groups.ts'
import { absent } from '../guard.ts'
import { findMember } from '../people/members.ts'
import { belongsElsewhere, isOnlyOurs } from '../signing-in/invitations.ts'
import type { Control } from '../use-case.ts'
import { rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { renewSessions } from './opening.ts'
import { mustBePerson, mustBeWhole } from './own.ts'
import type { OwnPassword } from './password.ts'
import { FACTOR_FIELD, sealedFactor, sealFactor } from './sealed-factor.ts'
import { factorAct, recoveryDigest, type SecondFactors, wrongCode } from './second-factors.ts'
import { isOn } from './views.ts'

const SET_UP_MS = 600_000
const RECOVERY_CODES = 10

interface Shown {
  readonly factors: SecondFactors
  readonly ownPassword: OwnPassword
}

type SettingUp = 'secondFactor.read' | 'secondFactor.begin' | 'secondFactor.enable'
type Changing = 'secondFactor.disable' | 'secondFactor.recoveryCodes' | 'members.resetSecondFactor'

export function createSecondFactorUseCases(
  workshop: Workshop,
  shown: Shown,
): Pick<Control, SettingUp | Changing> {
  return { ...settingUp(workshop, shown), ...changing(workshop, shown) }
}

function settingUp(workshop: Workshop, { ownPassword }: Shown): Pick<Control, SettingUp> {
  const { guard, store, identity, now, random, vault } = workshop
  return {
    async 'secondFactor.read'(caller) {
      const row = await store.secondFactors.get(mustBePerson(caller))
      return isOn(row)
        ? { enabled: true, since: rfc3339OrNull(row.enabledAt), recoveryCodesLeft: row.recovery.length }
        : { enabled: false, since: null, recoveryCodesLeft: 0 }
    },
    async 'secondFactor.begin'(caller, { password }) {
      const personId = mustBePerson(caller)
      const person = await ownPassword(caller, password, 'secondFactor.begin')
      const secret = identity.appCodes.newSecret(random(20))
      const place = { id: newId('sef'), personId }
      await guard.perform(caller, async (unit, authorize) => {
        await authorize(factorAct('secondFactor.begin', place))
        const row: SecondFactorRow = {
          ...{ ...place, ...sealFactor(vault, place, secret) },
          ...{ recovery: [], lastStep: 0, createdAt: now(), enabledAt: null },
        }
        if (!(await unit.secondFactors.begin(row))) throw setUpAlready()
      })
      return { secret, uri: identity.appCodes.uri(secret, person.email) }
    },
    async 'secondFactor.enable'(caller, { code }) {
      const personId = await mustBeWhole(workshop, caller, 'secondFactor.enable')
      const row = await store.secondFactors.get(personId)
      if (row === undefined || row.createdAt + SET_UP_MS <= now()) throw notSetUp()
      if (row.enabledAt !== null) throw setUpAlready()
      const { opened } = await guard.release(caller, async (_, authorize) => {
        await authorize(factorAct('secondFactor.check', row))
        return { result: null, open: [sealedFactor(row)] }
      })
      const secret = opened[0]?.[FACTOR_FIELD]
      const shown = code.replace(/\s/g, '')
      const lastStep = secret === undefined ? null : identity.appCodes.stepOf(secret, shown, now())
      if (lastStep === null) throw otherCode()
      const recovery = makeRecoveryCodes(random)
      const { cookie } = await guard.perform(caller, async (unit, authorize) => {
        await authorize(factorAct('secondFactor.enable', row))
        const enabled = { at: now(), recovery: recovery.kept, lastStep }
        if (!(await unit.secondFactors.enable(row.id, enabled))) throw setUpAlready()
        // The others came in by the password alone.
        return renewSessions(workshop, unit, caller)
      })
      return { recoveryCodes: recovery.shown, ...(cookie !== undefined && { cookie }) }
    },
  }
}

function changing(workshop: Workshop, { factors, ownPassword }: Shown): Pick<Control, Changing> {
  const { guard, store, random } = workshop

  // Who changes it shows both, and a refusal is recorded.
  async function mustShowBoth(caller: Caller, given: { password: string; code: string }, action: string) {
    const row = await store.secondFactors.get(await mustBeWhole(workshop, caller, action))
    if (!isOn(row)) throw notSetUp()
    await ownPassword(caller, given.password, action)
    if (await factors.isRight(caller, given.code)) return row
    const refused = wrongCode('forbidden')
    await guard.check(caller, { ...factorAct(action, row), needs: { code: refused } })
    throw refused
  }

  return {
    async 'secondFactor.disable'(caller, given) {
      const row = await mustShowBoth(caller, given, 'secondFactor.disable')
      await guard.perform(caller, async (unit, authorize) => {
        await authorize(factorAct('secondFactor.disable', row))
        await unit.secondFactors.remove(row.personId)
      })
      return { enabled: false }
    },
    async 'secondFactor.recoveryCodes'(caller, given) {
      await mustShowBoth(caller, given, 'secondFactor.recoveryCodes')
      const recovery = makeRecoveryCodes(random)
      await guard.perform(caller, async (unit, authorize) => {
        const row = await unit.secondFactors.get(caller.id)
        if (!isOn(row)) throw notSetUp()
        await authorize(factorAct('secondFactor.recoveryCodes', row))
        await unit.secondFactors.changeRecovery(row.id, row.recovery, recovery.kept)
      })
      return { recoveryCodes: recovery.shown }
    },
    'members.resetSecondFactor': (caller, input) => reset(workshop, caller, input.member),
  }
}

function makeRecoveryCodes(random: Workshop['random']) {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const [first, second] = [makeUserCode(random(8)), makeUserCode(random(8))]
    return `${showUserCode(first)}-${showUserCode(second)}`
  })
  return { shown: codes.map((code) => new Secret(code)), kept: codes.map(recoveryDigest) }
}

// For somebody who has lost their app and the recovery codes. As with their password, it opens every organization they are in.
async function reset(workshop: Workshop, caller: Caller, member: string): Promise<{ reset: boolean }> {
  const { guard, identity } = workshop
  const { organizationId } = caller
  const { id } = await findMember(workshop, caller, member)
  if (!(await isOnlyOurs(workshop, organizationId, id, caller.operator && caller.role === 'owner')))
    throw belongsElsewhere(member)
  return guard.perform(caller, async (unit, authorize) => {
    const person = await identity.changing(unit).member(organizationId, id)
    if (!person) throw absent('member', member)
    await authorize({
      action: 'member.resetSecondFactor',
      needs: { general: person.role === 'owner' ? 'manageOwners' : 'managePeople' },
      object: { kind: 'member', id, name: person.email },
    })
    return { reset: await unit.secondFactors.remove(id) }
  })
}

function notSetUp(): ClavigerError {
  return new ClavigerError('conflict', 'No authenticator app is being set up, or is there.', {
    hint: 'Begin again: a set-up is good for ten minutes.',
  })
}

function setUpAlready(): ClavigerError {
  return new ClavigerError('conflict', 'There is an authenticator app already.', {
    hint: 'Take it away first, with your password and a code of it.',
  })
}

function otherCode(): ClavigerError {
  return new ClavigerError('invalid', 'The app shows another code.', {
    hint: 'Type the one it shows now. If that stays so, look whether the clock of its device is right.',
  })
}
