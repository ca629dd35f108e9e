// Making the rows of one version of a credential: every field sealed to its place.

import { CREDENTIAL_TYPES, enteredFields } from '../../domain/credential-types.ts'
import type { FieldValues } from '../../domain/values.ts'
import type {
  AddingUnit,
  CandidateRow,
  CredentialChange,
  CredentialRow,
  VersionRow,
} from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'
import { doesNotOpen, type KeyPlace, keyContext, type Sealed } from '../guard.ts'

/** Older versions than this many are forgotten when a new one is stored. */
export const VERSIONS_KEPT = 10

type Place = KeyPlace & Pick<CredentialRow, 'wrappedKey'>

/** A complete set of fields, and what people may see of it. */
export interface Content extends Pick<CredentialRow, 'suffix' | 'shown'> {
  readonly values: FieldValues
}

/** The version row that holds this content, sealed under the credential's data key. */
export function sealVersion(
  vault: Vault,
  place: Place,
  content: Content,
  made: Pick<VersionRow, 'version' | 'note' | 'createdAt' | 'createdBy'>,
): VersionRow {
  const { organizationId, id: credentialId } = place
  const { version } = made
  const fields = Object.keys(content.values).sort()
  const values: Record<string, Uint8Array> = {}
  for (const [field, value] of Object.entries(content.values)) {
    const valuePlace = { organizationId, credentialId, field, version, fields }
    values[field] = vault.seal(place.wrappedKey, keyContext(place), valuePlace, value)
  }
  return { credentialId, suffix: content.suffix, shown: content.shown, values, ...made }
}

/** A version to be opened. Throws `unavailable` when it lacks a field its type requires: half a value is a wrong one. */
export async function sealedVersion(
  unit: Pick<AddingUnit, 'versions'>,
  row: CandidateRow,
  version = row.version,
): Promise<Sealed> {
  const values = await unit.versions.values(row.id, version)
  for (const { name, required } of CREDENTIAL_TYPES[row.type].fields) {
    if (required && values[name] === undefined) {
      throw doesNotOpen(row.name, {
        hint: 'The database was altered. Restore a backup, or enter the value again.',
        detail: `version ${version} of ${row.id} has no ${name}`,
      })
    }
  }
  return { row, version, values }
}

/**
 * The data key of a row that is about to change place; goes into the same change. Called in the unit of that change:
 * what is wrapped outside of one may be stored after the master key has been exchanged (operating/rekeying.ts).
 */
export function rebind(
  vault: Vault,
  row: Place,
  change: Partial<Pick<CredentialRow, 'owner' | 'name' | 'version'>>,
): Pick<CredentialRow, 'wrappedKey'> {
  return { wrappedKey: vault.rewrapKey(row.wrappedKey, keyContext(row), keyContext({ ...row, ...change })) }
}

/** The change that makes `version` with this content current; a new value clears what was held against the old one. */
export function activation(
  vault: Vault,
  row: Place,
  content: Content,
  version: number,
  now: number,
): CredentialChange {
  const cleared = { state: 'ok', stateReason: '', stateUntil: null, expiresAt: null } as const
  return { ...pointer(vault, row, content, version), ...cleared, updatedAt: now }
}

/** Of that change what the values themselves ask for. */
export function pointer(vault: Vault, row: Place, content: Content, version: number): CredentialChange {
  const { suffix, shown } = content
  return { suffix, shown, version, ...rebind(vault, row, { version }) }
}

/** The type's fields that the given ones leave as they are. What a plugin brings is in a key of a plugin only. */
export function keptFields(
  { type, shown }: Pick<CredentialRow, 'type' | 'shown'>,
  given: FieldValues,
): string[] {
  const fields = shown['plugin'] === undefined ? enteredFields(type) : CREDENTIAL_TYPES[type].fields
  return fields.map(({ name }) => name).filter((name) => given[name] === undefined)
}
