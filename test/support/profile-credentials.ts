// For tests of profiles: credentials as their use-cases store and change them, over any store that a keeper keeps.

import { createProfileSealer } from '../../src/control/credentials/keeping-profiles.ts'
import { Secret } from '../../src/domain/secret.ts'
import { newId } from '../../src/lib/id.ts'
import type { CredentialChange, CredentialRow, Store, StoreGroups } from '../../src/store/store.ts'
import { createVault } from '../../src/vault/envelope.ts'
import { TIMINGS } from './grants.ts'

export const ORG = 'org-acme'

export interface Hands {
  list(store: StoreGroups): Promise<CredentialRow[]>
  /** Throws where there is none of that name. */
  named(store: StoreGroups, name: string): Promise<CredentialRow>
  /** Its current values as text. */
  values(store: StoreGroups, row: CredentialRow): Promise<Record<string, string>>
  /** A new API key for Claude. */
  insert(store: Store, name: string, key: string): Promise<CredentialRow>
  /** Changes all but its values; the data key goes with what it is bound to. */
  change(store: StoreGroups, row: CredentialRow, changed: CredentialChange): Promise<void>
  /** Another key, as its next version. */
  rotate(store: Store, row: CredentialRow, key: string): Promise<void>
}

export function handsOf(masterKey: Uint8Array): Hands {
  const sealer = createProfileSealer({ vault: createVault(masterKey), now: () => 1, timings: TIMINGS })
  const list: Hands['list'] = (store) => store.credentials.list(ORG, {}, { limit: 1_000 })
  const change: Hands['change'] = async (store, row, changed) => {
    const wrappedKey = sealer.rewrapKey(row, { ...row, ...changed })
    const isChanged = await store.credentials.update(ORG, row.id, row.revision, { ...changed, wrappedKey })
    if (!isChanged) throw new Error('somebody else has changed it')
  }
  const versionOf = (row: CredentialRow, version: number, key: string) => {
    const facts = { version, createdAt: 1, createdBy: 'ada', note: 'entered', suffix: '', shown: {} }
    return sealer.seal(row, { key: new Secret(key) }, facts)
  }
  return {
    ...{ list, change },
    named: async (store, name) => {
      const [row] = (await list(store)).filter((one) => one.name === name)
      if (row === undefined) throw new Error(`${name} is not there`)
      return row
    },
    values: async (store, row) => {
      const values = await store.versions.values(row.id, row.version)
      const opened = sealer.open(row, { version: row.version, values } as never)
      return Object.fromEntries(Object.entries(opened).map(([name, value]) => [name, value.expose()]))
    },
    insert: async (store, name, key) => {
      const bare = {
        ...({ id: newId('cred'), organizationId: ORG, owner: 'org', name, type: 'claude/api-key' } as const),
        ...{ harness: 'claude', description: '', version: 1, revision: 1, position: null, suffix: '' },
        ...({ state: 'ok', stateReason: '', stateUntil: null, expiresAt: null, shown: {} } as const),
        ...{ createdAt: 1, createdBy: 'ada', updatedAt: 1 },
      }
      const row: CredentialRow = { ...bare, wrappedKey: sealer.createKey(bare) }
      await store.atomically(async (unit) => {
        await unit.credentials.insert(row)
        await unit.versions.insert(versionOf(row, 1, key))
      })
      return row
    },
    rotate: async (store, row, key) => {
      const version = row.version + 1
      await store.atomically(async (unit) => {
        await change(unit, row, { version })
        const now = await unit.credentials.get(ORG, row.id)
        if (now !== undefined) await unit.versions.insert(versionOf(now, version, key))
      })
    },
  }
}
