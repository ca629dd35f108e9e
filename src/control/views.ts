// Rows as callers may see them.

import type { CredentialView } from '../api/schemas.ts'
import type { Caller } from '../domain/caller.ts'
import { CREDENTIAL_TYPES, isRenewed } from '../domain/credential-types.ts'
import type { CredentialRow } from '../store/store.ts'
import { seesNameOnly } from './guard.ts'

export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

export function rfc3339OrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : rfc3339(milliseconds)
}

/** A credential for this caller. A member learns of the organization's only what R3 allows: its name and type. */
export function credentialView(caller: Caller, row: CredentialRow): CredentialView {
  const base = {
    id: row.id,
    owner: row.owner,
    name: row.name,
    type: row.type,
    harness: CREDENTIAL_TYPES[row.type].harness ?? ('raw' as const),
    state: row.state,
    stateReason: row.stateReason,
    stateUntil: rfc3339OrNull(row.stateUntil),
  }
  if (seesNameOnly(caller, row)) return base
  return {
    ...base,
    description: row.description,
    suffix: row.suffix,
    fields: { ...row.shown },
    version: row.version,
    createdAt: rfc3339(row.createdAt),
    updatedAt: rfc3339(row.updatedAt),
    ...(isRenewed(row) && { expiresAt: rfc3339OrNull(row.expiresAt) }),
  }
}
