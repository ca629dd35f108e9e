// A browser that somebody is signed in with, as answers and audit entries show it.

import type { Output } from '../../api/schemas.ts'
import type { SecondFactorRow, SessionRow } from '../../store/people-groups.ts'
import { absent } from '../guard.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

/** Who is signed in, and to what. */
export async function sessionView(
  { identity, store, operatorOrganization }: Pick<Workshop, 'identity' | 'store' | 'operatorOrganization'>,
  { organizationId, personId }: Pick<SessionRow, 'organizationId' | 'personId'>,
  row: SessionRow | null,
): Promise<Output<'session.read'>> {
  const organizations = await identity.organizationsOf(personId)
  const organization = organizations.find(({ id }) => id === organizationId)
  const person = await identity.person(organizationId, personId)
  if (organization === undefined || person === undefined) throw absent('member', personId)
  const hasPassword = await identity.hasPassword(personId)
  const secondFactor = isOn(await store.secondFactors.get(personId))
  return {
    person: { ...person, teams: [...person.teams], hasPassword, secondFactor },
    ...{ organization, organizations, operator: organizationId === operatorOrganization },
    session: row && {
      ...{ id: row.id, method: row.method },
      ...{ createdAt: rfc3339(row.createdAt), expiresAt: rfc3339(row.expiresAt) },
    },
  }
}

/** Whether a code is asked for beside the password. */
export function isOn(row: SecondFactorRow | undefined): row is SecondFactorRow {
  return row !== undefined && row.enabledAt !== null
}

/** What an audit entry about it names. */
export function sessionObject({ id, method }: Pick<SessionRow, 'id' | 'method'>) {
  return { kind: 'session', id, name: `browser, by ${method}` }
}
