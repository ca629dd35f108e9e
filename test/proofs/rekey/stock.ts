// Credentials of several organizations, put into the database of a server that does not run and taken out of it again:
// more than one would want to store, or to lease one by one.

import { Secret } from '../../../src/domain/secret.ts'
import { newId } from '../../../src/lib/id.ts'
import { credentialRow, versionRow } from '../../../src/store/conformance/rows.ts'
import type { StoreGroups } from '../../../src/store/store.ts'
import { createVault } from '../../../src/vault/envelope.ts'
import type { Vault } from '../../../src/vault/vault.ts'
import { withServerStore } from '../../support/server-store.ts'

/** How many credentials {@link fill} makes. */
export const FILLED = 1000

const ORGANIZATIONS = ['org_proof_a', 'org_proof_b', 'org_proof_c']
const BATCH = 100

/** Stores the credentials, sealed under the first of these keys (base64). */
export async function fill(url: string, keys: readonly string[]): Promise<void> {
  const vault = vaultOf(keys)
  await withServerStore(url, async (store) => {
    for (let from = 0; from < FILLED; from += BATCH) {
      await store.atomically(async (unit) => {
        for (let i = from; i < from + BATCH; i += 1) await insert(unit, vault, i)
      })
    }
  })
}

/** Opens all of them with these keys; returns the names of those that do not open or hold another value. */
export async function openAll(url: string, keys: readonly string[]): Promise<string[]> {
  const vault = vaultOf(keys)
  const closed: string[] = []
  await withServerStore(url, async (store) => {
    for (const organization of ORGANIZATIONS) {
      for (const row of await store.credentials.list(organization, {}, { limit: FILLED })) {
        const { key: sealed = new Uint8Array() } = await store.versions.values(row.id, row.version)
        const { place, value } = contextOf(row)
        try {
          if (vault.open(row.wrappedKey, place, value, sealed).expose() !== plainOf(row.name))
            closed.push(row.name)
        } catch {
          closed.push(row.name)
        }
      }
    }
  })
  return closed
}

/** Id of a master key → how many data keys the database has under it. */
export async function countByMasterKey(url: string): Promise<Record<string, number>> {
  return withServerStore(url, (store) => store.dataKeys.countByMasterKey())
}

function vaultOf(keys: readonly string[]): Vault {
  const [current, ...older] = keys.map((key) => Buffer.from(key, 'base64'))
  if (current === undefined) throw new Error('There is no master key.')
  return createVault(current, ...older)
}

async function insert(unit: StoreGroups, vault: Vault, i: number): Promise<void> {
  const organizationId = ORGANIZATIONS[i % ORGANIZATIONS.length] ?? ''
  const row = credentialRow({ id: newId('cred'), organizationId, name: `filled_${i}` })
  const { place, value } = contextOf(row)
  const wrappedKey = vault.createKey(place)
  await unit.credentials.insert({ ...row, wrappedKey })
  const key = vault.seal(wrappedKey, place, value, new Secret(plainOf(row.name)))
  await unit.versions.insert(versionRow(row.id, { values: { key } }))
}

function contextOf(row: ReturnType<typeof credentialRow>) {
  const { organizationId, id: credentialId, owner, type, name, version } = row
  const place = { organizationId, credentialId, owner, type, name, version }
  return { place, value: { organizationId, credentialId, version, field: 'key', fields: ['key'] } }
}

function plainOf(name: string): string {
  return `sk-ant-test-${name}`
}
