// Credentials as a person's own files of profiles keep them (profiles/): sealed in the tables as in any store.

import type { FieldValues } from '../../domain/values.ts'
import type { TokenSet } from '../../providers/provider.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { CredentialRow, VersionRow } from '../../store/store.ts'
import { type ArrivalPorts, grantOf } from '../grants/arriving.ts'
import { keyContext, openToKeep } from '../guard.ts'
import { sealVersion } from './sealing.ts'

type VersionFacts = Omit<VersionRow, 'credentialId' | 'values'>

/** What a keeper of profiles seals and opens with. */
export function createProfileSealer(ports: ArrivalPorts) {
  const { vault } = ports
  return {
    createKey: (row: Omit<CredentialRow, 'wrappedKey'>) => vault.createKey(keyContext(row)),
    rewrapKey: (row: CredentialRow, now: CredentialRow) =>
      vault.rewrapKey(row.wrappedKey, keyContext(row), keyContext(now)),
    seal: (row: CredentialRow, values: FieldValues, facts: VersionFacts) => {
      const { version, note, createdAt, createdBy, suffix, shown } = facts
      return sealVersion(vault, row, { values, suffix, shown }, { version, note, createdAt, createdBy })
    },
    open: (row: CredentialRow, version: VersionRow): FieldValues =>
      openToKeep(vault, { row, version: version.version, values: version.values }),
    grantOf: (row: CredentialRow, tokens: TokenSet, before: GrantRow | null) =>
      grantOf(ports, row, tokens, before),
  }
}
