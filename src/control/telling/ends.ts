// When a credential ends although it is renewed, or because it cannot be.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { estimatedEnd } from '../../domain/telling/endings.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'

export interface End {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Nobody has said it: it follows from when the value was stored. */
  readonly estimated: boolean
  /** Tells it from the end of another login or value of the credential. */
  readonly of: string
}

/** Null: there is none, or nobody knows of it, or it is over already. */
export async function endOf(
  { versions }: Pick<StoreGroups, 'versions'>,
  row: CredentialRow,
  grant: GrantRow | undefined,
): Promise<End | null> {
  if (grant !== undefined) return endOfGrant(grant)
  if (CREDENTIAL_TYPES[row.type].entry !== 'typed') return null
  if (row.expiresAt !== null) return { at: row.expiresAt, estimated: false, of: `${row.id} ${row.version}` }
  if (estimatedEnd(row.type, 0) === null) return null
  // The oldest version with what is the current value by its looks: a rollback makes nothing younger.
  const same = (await versions.list(row.id)).filter(({ suffix }) => suffix === row.suffix)
  const at = estimatedEnd(row.type, same.at(-1)?.createdAt ?? row.createdAt)
  return at === null ? null : { at, estimated: true, of: `${row.id} ${row.suffix}` }
}

function endOfGrant({ credentialId, grant }: GrantRow): End | null {
  // A login that is over has been told of.
  if (grant.endsAt === null || grant.refusal !== null) return null
  return { at: grant.endsAt, estimated: false, of: `${credentialId} ${grant.login}` }
}
