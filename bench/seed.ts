// Filling a database with credentials before it is measured: sealed as the server seals them, three to an owner.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../src/domain/secret.ts'
import { newId } from '../src/lib/id.ts'
import type { CredentialRow, StoreGroups } from '../src/store/store.ts'
import { createVault } from '../src/vault/envelope.ts'
import type { Vault } from '../src/vault/vault.ts'
import { withServerStore } from '../test/support/server-store.ts'

const PER_OWNER = 3
const BATCH = 500

export interface Owner {
  readonly organizationId: string
  readonly userId: string
}

/**
 * Stores `count` credentials in the database of this state directory: the first three are the owner's, the others belong
 * to as many people as it takes. The server must not run.
 */
export async function seed(stateDirectory: string, url: string, first: Owner, count: number): Promise<void> {
  const key = Buffer.from((await readFile(join(stateDirectory, 'master.key'), 'utf8')).trim(), 'base64')
  const vault = createVault(key)
  await withServerStore(url, async (store) => {
    for (let from = 0; from < count; from += BATCH) {
      await store.atomically(async (unit) => {
        for (let i = from; i < Math.min(from + BATCH, count); i += 1) await insertOne(unit, vault, first, i)
      })
    }
  })
}

async function insertOne(
  unit: StoreGroups,
  vault: Vault,
  { organizationId, userId }: Owner,
  i: number,
): Promise<void> {
  const person = Math.floor(i / PER_OWNER)
  const place = {
    organizationId,
    id: newId('cred'),
    owner: person === 0 ? `user:${userId}` : `user:bench${person}`,
    type: 'claude/api-key',
  } as const
  const name = `key-${i % PER_OWNER}`
  const key = {
    organizationId,
    credentialId: place.id,
    owner: place.owner,
    type: place.type,
    name,
    version: 1,
  }
  const wrappedKey = vault.createKey(key)
  const row: CredentialRow = {
    ...place,
    ...{
      name: `key-${i % PER_OWNER}`,
      harness: 'claude',
      description: '',
      version: 1,
      revision: 1,
      position: null,
    },
    ...{
      state: 'ok',
      stateReason: '',
      stateUntil: null,
      expiresAt: null,
      suffix: 'test',
      shown: {},
      wrappedKey,
    },
    ...{ createdAt: i, createdBy: 'bench', updatedAt: i },
  }
  const plaintext = new Secret(`sk-ant-test-${i}-${'x'.repeat(80)}`)
  const sealed = vault.seal(wrappedKey, key, { ...key, field: 'key', fields: ['key'] }, plaintext)
  const version = {
    credentialId: place.id,
    version: 1,
    createdAt: i,
    createdBy: 'bench',
    note: 'created',
    suffix: 'test',
    shown: {},
  }
  await unit.credentials.insert(row)
  await unit.versions.insert({ ...version, values: { key: sealed } })
}
