// Whether a credential is on its way to another holder, for whoever must leave it alone then.

import { CREDENTIAL_TYPES, isRenewed, signInWords } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type Leaving, leavingFact, leavingOf } from '../../domain/moving/leaving.ts'
import { printable } from '../../domain/names.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'

/** Throws `conflict` for a credential that is on its way to another holder. */
export async function mustStay(
  unit: Pick<StoreGroups, 'installation'>,
  row: Pick<CredentialRow, 'id' | 'version'> & Named,
): Promise<void> {
  const found = await leaving(unit, row)
  if (found !== null) throw onItsWay(row, found)
}

/** Where it is going, or null. */
export async function leaving(
  { installation }: Pick<StoreGroups, 'installation'>,
  row: Pick<CredentialRow, 'id' | 'version'>,
): Promise<Leaving | null> {
  return leavingOf(await installation.get(leavingFact(row.id)), row)
}

type Named = Pick<CredentialRow, 'name' | 'type' | 'expiresAt' | 'shown'>

/** The error for what is wanted of it all the same. */
export function onItsWay(row: Named, { title, by }: Leaving): ClavigerError {
  const name = printable(row.name)
  const instead = isLogin(row)
    ? `give it a new login: ${signInWords({ ...row, name })}`
    : `give it a new value: claviger credential update --value ${name}`
  return new ClavigerError('conflict', `${name} is on its way to ${title}, which was asked for by ${by}.`, {
    hint: `Repeat that command there to finish it. Or ${instead}`,
  })
}

/** Whether it gets a new login, and not a new value, by whoever does not want to wait for the other holder. */
export function isLogin(row: Pick<CredentialRow, 'type' | 'expiresAt' | 'shown'>): boolean {
  return CREDENTIAL_TYPES[row.type].entry === 'sign-in' || isRenewed(row)
}
