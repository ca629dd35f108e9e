// Letting a terminal in, or turning it away: by somebody who is signed in elsewhere, or with e-mail and password.

import type { Output } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { readUserCode, showUserCode } from '../../domain/token.ts'
import { addressKey } from '../../lib/time/rate-limit.ts'
import type { DeviceLoginRow } from '../../store/people-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { absent } from '../guard.ts'
import type { SecondFactors } from '../sessions/second-factors.ts'
import type { Control, Result, Visitor } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import {
  type ByPassword,
  type Failure,
  isCalled,
  type Membership,
  membershipsBy,
  NOT_A_MEMBER,
  notIn,
  recordFailure,
} from './by-password.ts'
import type { Limits } from './limits.ts'
import { deedOf } from './records.ts'

type Names = 'device.describe' | 'device.signIn' | 'device.approve' | 'device.deny'
type Decision = 'approve' | 'deny'

export function createDecidingUseCases(
  workshop: Workshop,
  limits: Limits,
  factors: SecondFactors,
): Pick<Control, Names> {
  const { guard, store, identity, now } = workshop

  async function bySignedIn(caller: Caller, typed: string, decision: Decision) {
    limits.codes(`${caller.organizationId} ${caller.id}`)
    const organization = await identity.organization(caller.organizationId)
    if (!organization) throw absent('organization', caller.organizationId)
    return guard.perform(caller, async (unit, authorize) => {
      const row = await findPending(unit, typed, now())
      const { address, wanted } = row
      await authorize({
        action: `device.${decision}`,
        needs: { general: 'manageTokens' },
        object: terminal(row),
        details: { address },
      })
      if (decision === 'approve' && wanted !== null && !isCalled(organization, wanted))
        throw wantsAnother(wanted, organization.name)
      await decide(unit, row, decision, caller, now())
      return view(row)
    })
  }

  return {
    async 'device.describe'({ address }, { userCode }) {
      limits.codes(addressKey(address))
      return view(await findPending(store, userCode, now()))
    },
    'device.signIn': async (visitor, { userCode, email, password, decision, organization, secondFactor }) => {
      limits.codes(addressKey(visitor.address))
      const row = await findPending(store, userCode, now())
      limits.passwords(visitor, email, row.userCode)
      const shown = await membershipsBy(workshop, visitor, { email, password }, failure(row))
      const wanted = organization ?? row.wanted
      const fitting = shown.people.filter((one) => wanted === null || isCalled(one.organization, wanted))
      const [first, ...more] = fitting
      if (first === undefined) {
        await recordFailure(workshop, visitor, email, NOT_A_MEMBER, failure(row))
        throw notIn(wanted ?? '')
      }
      if (decision === 'approve' && more.length > 0) return choices(row, fitting)
      await factors.mustBeShown(visitor, first, secondFactor, failure(row))
      return byPassword(workshop, visitor, row, decision, { ...first, mustHold: shown.mustHold })
    },
    'device.approve': (caller, { userCode }) => bySignedIn(caller, userCode, 'approve'),
    'device.deny': (caller, { userCode }) => bySignedIn(caller, userCode, 'deny'),
  }
}

function failure({ clientName }: DeviceLoginRow): Failure {
  return { action: 'device.signIn', details: { terminal: clientName } }
}

async function byPassword(
  { store, identity, now }: Workshop,
  visitor: Visitor,
  row: DeviceLoginRow,
  decision: Decision,
  { organization, person, mustHold }: Membership & Pick<ByPassword, 'mustHold'>,
): Promise<Result<'device.signIn'>> {
  const organizationId = organization.id
  await store.atomically(async (unit) => {
    await mustHold(identity.changing(unit))
    const deed = { organizationId, at: now(), action: `device.${decision}`, object: terminal(row) }
    await unit.audit.append(
      deedOf(person, visitor, { ...deed, details: { by: 'password', from: row.address } }),
    )
    await decide(unit, row, decision, { organizationId, id: person.id, role: person.role }, now())
  })
  return { decided: true, client: row.clientName, organization }
}

async function decide(
  unit: Pick<StoreGroups, 'deviceLogins'>,
  row: DeviceLoginRow,
  decision: Decision,
  { organizationId, id: personId, role }: Pick<Caller, 'organizationId' | 'id' | 'role'>,
  decidedAt: number,
): Promise<void> {
  const state = decision === 'approve' ? 'approved' : 'denied'
  if (!(await unit.deviceLogins.decide(row.id, { state, organizationId, personId, role, decidedAt })))
    throw nobodyWaits()
}

// Unknown, expired and decided ones are answered alike: whoever guesses learns nothing.
async function findPending(
  { deviceLogins }: Pick<StoreGroups, 'deviceLogins'>,
  typed: string,
  now: number,
): Promise<DeviceLoginRow> {
  const userCode = readUserCode(typed)
  const row = userCode === null ? undefined : await deviceLogins.findByUserCode(userCode)
  if (row?.state !== 'pending' || row.expiresAt <= now) throw nobodyWaits()
  return row
}

function choices(row: DeviceLoginRow, fitting: readonly Membership[]): Result<'device.signIn'> {
  return { decided: false, client: row.clientName, choices: fitting.map(({ organization }) => organization) }
}

function terminal({ id, clientName }: DeviceLoginRow) {
  return { kind: 'terminal', id, name: clientName }
}

function view(row: DeviceLoginRow): Output<'device.describe'> {
  return {
    userCode: showUserCode(row.userCode),
    client: row.clientName,
    address: row.address,
    organization: row.wanted,
    createdAt: rfc3339(row.createdAt),
    expiresAt: rfc3339(row.expiresAt),
  }
}

function nobodyWaits(): ClavigerError {
  return new ClavigerError('not_found', 'No terminal waits under this code.', {
    hint: 'A code is good for ten minutes, and once: see what the terminal shows.',
  })
}

function wantsAnother(wanted: string, own: string): ClavigerError {
  return new ClavigerError(
    'conflict',
    `The terminal asks for ${printable(wanted)}, and you are signed in to ${printable(own)}.`,
    {
      hint: 'Approve it from a terminal that is signed in there, or on the page.',
    },
  )
}
