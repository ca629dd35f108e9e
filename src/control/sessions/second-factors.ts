// Codes beside a password: of an authenticator app, or one of the recovery codes. Either works once. What the app has is
// opened by the guard, so that each look at it is an entry of the audit log.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import type { SecondFactorRow } from '../../store/people-groups.ts'
import type { Act } from '../guard.ts'
import { type Failure, type Membership, NO_CODE, recordFailure } from '../signing-in/by-password.ts'
import type { Limits } from '../signing-in/limits.ts'
import type { Visitor } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { FACTOR_FIELD, sealedFactor } from './sealed-factor.ts'
import { isOn } from './views.ts'

export interface SecondFactors {
  /** Whether this person is asked for a code. */
  isOn(personId: string): Promise<boolean>
  /** Whether the code is good; it is used up then. Throws `rate_limited` after a few. */
  isRight(caller: Caller, code: string): Promise<boolean>
  /** Throws `unauthenticated`, and records it, when the code of somebody who has shown their password is not good. */
  mustBeRight(visitor: Visitor, who: Membership, code: string, failure: Failure): Promise<void>
  /** As `mustBeRight` for somebody who is asked for one; nothing for others. */
  mustBeShown(visitor: Visitor, who: Membership, code: string | undefined, failure: Failure): Promise<void>
}

export function createSecondFactors(workshop: Workshop, limits: Pick<Limits, 'secondFactor'>): SecondFactors {
  const { guard, store, identity, now } = workshop

  async function isAppCode(caller: Caller, row: SecondFactorRow, code: string): Promise<boolean> {
    const { opened } = await guard.release(caller, async (_, authorize) => {
      await authorize(factorAct('secondFactor.check', row))
      return { result: null, open: [sealedFactor(row)] }
    })
    const secret = opened[0]?.[FACTOR_FIELD]
    if (secret === undefined) throw new ClavigerError('internal', 'A second factor has no secret.')
    const step = identity.appCodes.stepOf(secret, code, now())
    return step !== null && store.secondFactors.useStep(row.id, step)
  }

  async function isRecoveryCode(caller: Caller, row: SecondFactorRow, code: string): Promise<boolean> {
    const digest = recoveryDigest(code)
    if (!row.recovery.includes(digest)) return false
    const left = row.recovery.filter((one) => one !== digest)
    return guard.perform(caller, async (unit, authorize) => {
      await authorize(factorAct('secondFactor.recoveryCode', row, { left: left.length }))
      return unit.secondFactors.changeRecovery(row.id, row.recovery, left)
    })
  }

  const factors: SecondFactors = {
    isOn: async (personId) => isOn(await store.secondFactors.get(personId)),
    async isRight(caller, given) {
      limits.secondFactor(caller.id)
      const row = await store.secondFactors.get(caller.id)
      if (!isOn(row)) return false
      const code = given.replace(/[\s-]/g, '')
      return /^\d{6}$/.test(code) ? isAppCode(caller, row, code) : isRecoveryCode(caller, row, code)
    },
    async mustBeRight(visitor, who, code, failure) {
      if (await factors.isRight(callerFor(workshop, who, visitor), code)) return
      await recordFailure(workshop, visitor, who.person.email, 'wrong code', failure)
      throw wrongCode('unauthenticated')
    },
    async mustBeShown(visitor, who, code, failure) {
      if (!(await factors.isOn(who.person.id))) return
      if (code === undefined) {
        await recordFailure(workshop, visitor, who.person.email, NO_CODE, failure)
        throw codeMissing()
      }
      await factors.mustBeRight(visitor, who, code, failure)
    },
  }
  return factors
}

/** What an entry about it says; what every person may do with what is their own. */
export function factorAct(
  action: string,
  { id, personId }: Pick<SecondFactorRow, 'id' | 'personId'>,
  details: NonNullable<Act['details']> = {},
): Act {
  const object = { kind: 'second-factor', id, name: 'authenticator app' }
  return { action, needs: { right: 'manage', owner: { kind: 'user', id: personId } }, object, details }
}

/** As it is stored, whatever the case, dashes and blanks. */
export function recoveryDigest(code: string): string {
  return sha256(`recovery code ${code.replace(/[\s-]/g, '').toUpperCase()}`)
}

/** `forbidden`: for somebody who is signed in. */
export function wrongCode(code: 'unauthenticated' | 'forbidden'): ClavigerError {
  return new ClavigerError(code, 'This code is not right, or was used already.', {
    hint: 'Type the one that the app shows now, or a recovery code. Without either, ask an admin.',
    missing: 'second-factor',
  })
}

function codeMissing(): ClavigerError {
  return new ClavigerError('unauthenticated', 'A code of your authenticator app is needed, too.', {
    hint: 'Type the one that the app shows now, or a recovery code.',
    missing: 'second-factor',
  })
}

function callerFor(
  { operatorOrganization }: Pick<Workshop, 'operatorOrganization'>,
  { organization, person }: Membership,
  { requestId }: Visitor,
): Caller {
  const { id, email, role, teams } = person
  return {
    ...{ organizationId: organization.id, kind: 'person', id, name: email, role, teams, agent: null },
    ...{ operator: organization.id === operatorOrganization, tokenId: null, leaseId: null, requestId },
  }
}
