// What whoever keeps profiles needs of those who know what a credential is: values are sealed in the tables as they are in
// any store. The composition root gives it.

import type { FieldValues } from '../domain/values.ts'
import type { TokenSet } from '../providers/provider.ts'
import type { GrantRow } from '../store/grant-groups.ts'
import type { CredentialRow, VersionRow } from '../store/store.ts'

export type VersionFacts = Pick<
  VersionRow,
  'version' | 'createdAt' | 'createdBy' | 'note' | 'suffix' | 'shown'
>

export interface Sealer {
  /** A data key for this row, which need not have one yet. */
  createKey(row: Omit<CredentialRow, 'wrappedKey'>): Uint8Array
  /** The data key of a row whose version changes. */
  rewrapKey(row: CredentialRow, now: CredentialRow): Uint8Array
  /** These values as the version of this row that the facts say. */
  seal(row: CredentialRow, values: FieldValues, facts: VersionFacts): VersionRow
  /** The values of a version. Throws `unavailable` when it does not belong to this row. */
  open(row: CredentialRow, version: VersionRow): FieldValues
  /** The grant of a login that has arrived in this row; `before`: of the login it replaces. */
  grantOf(row: CredentialRow, tokens: TokenSet, before: GrantRow | null): GrantRow
}
