// Whether a credential is on its way to another holder, for whoever must leave it alone then.

import { ClavigerError } from '../../domain/errors.ts'
import { type Leaving, leavingFact, leavingOf } from '../../domain/moving/leaving.ts'
import { printable } from '../../domain/names.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'

/** Throws `conflict` for a credential that is on its way to another holder. */
export async function mustStay(
  unit: Pick<StoreGroups, 'installation'>,
  row: Pick<CredentialRow, 'id' | 'name' | 'version'>,
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

/** The error for what is wanted of it all the same. */
export function onItsWay({ name }: Pick<CredentialRow, 'name'>, { title, by }: Leaving): ClavigerError {
  return new ClavigerError('conflict', `${printable(name)} is on its way to ${title}, as ${by} has asked.`, {
    hint: `Repeat that command there to finish it. Or give it a new login: claviger credential login ${printable(name)}`,
  })
}
