// A database with something in every table: two organizations, every kind of row, texts and numbers that are easily lost
// between engines. What is sealed in it is sealed with a given vault.

import { type Kysely, sql } from 'kysely'
import { sealSecrets } from '../../src/control/channels/sealed-channel.ts'
import { answerField } from '../../src/control/grants/renewing/journal.ts'
import { keyContext } from '../../src/control/guard.ts'
import { sealFactor } from '../../src/control/sessions/sealed-factor.ts'
import { sealSecret } from '../../src/control/telling/sealed-webhook.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../src/domain/credential-types.ts'
import { after } from '../../src/domain/grants/grant.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createIdentity, peopleMigrations } from '../../src/identity/better-auth.ts'
import { newId } from '../../src/lib/id.ts'
import { callRow, channelRow, threadRow } from '../../src/store/conformance/channels.conformance.ts'
import {
  attemptOf,
  attemptRow,
  auditEntry,
  credentialRow,
  grantRow,
  leaseRow,
  secondFactorRow,
  sessionRow,
  tokenRow,
  versionRow,
} from '../../src/store/conformance/rows.ts'
import type { Migrations } from '../../src/store/sql/migrations.ts'
import { engineOf, openSqlStore, type SqlStore } from '../../src/store/sql/sql-store.ts'
import type { CredentialRow, Store, StoreGroups } from '../../src/store/store.ts'
import type { Vault } from '../../src/vault/vault.ts'

export const ODD_TEXTS = [
  'emoji 🗝️👩‍👩‍👧 and 漢字',
  'control \u0001\u001b[31m\u007f\t\r\n',
  'separators \u2028\u2029\u0085 and \\u2028 and \\',
  `quotes ' " \` $1 ? :name`,
  '',
  ' blanks ',
  'x'.repeat(100_000),
]

/** Beyond what a JavaScript number can hold. */
export const LARGE = 9_223_372_036_854_775_807n

/** A table that no list knows, with every type of column. */
export function planted(engine: 'sqlite' | 'postgres'): Migrations {
  return {
    'people-0999': {
      async up(database: Kysely<unknown>) {
        const bytes = engine === 'sqlite' ? 'blob' : 'bytea'
        await database.schema
          .createTable('zoo')
          .addColumn('large', 'bigint', (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('bytes', bytes)
          .addColumn('truth', engine === 'sqlite' ? 'integer' : 'boolean')
          .addColumn('moment', engine === 'sqlite' ? sql`date` : 'timestamptz')
          .addColumn('share', engine === 'sqlite' ? 'real' : 'double precision')
          .addPrimaryKeyConstraint('zoo_key', ['name', 'large'])
          .execute()
        // No key, and before it in the alphabet what it refers to comes later.
        await database.schema
          .createTable('aviary')
          .addColumn('zoo_name', 'text', (column) => column.notNull())
          .addColumn('zoo_large', 'bigint', (column) => column.notNull())
          .addColumn('bird', 'text')
          .addForeignKeyConstraint('aviary_zoo', ['zoo_name', 'zoo_large'], 'zoo', ['name', 'large'])
          .execute()
      },
    },
  }
}

export function migrationsOf(url: string): Migrations {
  const engine = engineOf(url)
  return { ...peopleMigrations(engine), ...planted(engine) }
}

export function openFull(url: string): Promise<SqlStore> {
  return openSqlStore({ url, extraMigrations: migrationsOf(url) })
}

/** Fills a new database; `more` adds that many audit rows. Returns the names of all credentials. */
export async function fillDatabase(url: string, vault: Vault, more = 0): Promise<string[]> {
  const opened = await openFull(url)
  try {
    const engine = engineOf(url)
    const identity = createIdentity({
      ...{ database: opened.database as never, engine, secret: vault.keyId.repeat(3) },
      ...{ baseUrl: 'http://127.0.0.1', executeIn: opened.executeIn },
    })
    await identity.bootstrap()
    await opened.store.installation.put('master-key-id', vault.keyId)
    const names = [
      ...(await fillCredentials(opened, vault, 'org-a')),
      ...(await fillCredentials(opened, vault, 'org-b')),
    ]
    await fillRecords(opened, more)
    await fillZoo(opened.database as never, engine)
    return names
  } finally {
    await opened.close()
  }
}

async function fillCredentials({ store }: SqlStore, vault: Vault, organizationId: string): Promise<string[]> {
  const names: string[] = []
  for (const [type, { harness }] of Object.entries(CREDENTIAL_TYPES)) {
    const name = `${type.replace('/', '_')}_of_${organizationId}`
    const place = credentialRow({
      ...{ organizationId, type: type as CredentialType, harness: harness ?? 'raw', name, version: 2 },
      ...{ description: ODD_TEXTS[names.length % ODD_TEXTS.length] ?? '', position: names.length },
      expiresAt: names.length % 2 === 0 ? null : 4_102_444_800_000,
    })
    const row = { ...place, wrappedKey: vault.createKey(keyContext(place)) }
    await store.atomically(async (unit) => {
      await unit.credentials.insert(row)
      for (const version of [1, 2]) {
        const value = { organizationId, credentialId: row.id, field: 'key', version, fields: ['key'] }
        const secret = new Secret(`sk-ant-test-canary-${name}-${version}`)
        const key = vault.seal(row.wrappedKey, keyContext(row), value, secret)
        await unit.versions.insert(versionRow(row.id, { version, values: { key } }))
      }
      await unit.leases.insert(leaseRow({ organizationId, credentialId: row.id, generation: 2 }))
      await unit.leases.insert(leaseRow({ organizationId, endedAt: 1500, endReason: 'it was over' }))
      if (type.endsWith('/oauth')) await fillGrant(unit, vault, row)
    })
    names.push(name)
  }
  const webhook = { id: newId('whk'), organizationId, url: 'https://hooks.example.test/a?b=ü' }
  const facts = { description: ODD_TEXTS[1] ?? '', events: null, createdAt: 1000, createdBy: 'test' }
  const secret = new Secret(`whsec_test_canary_${organizationId}`)
  await store.atomically((unit) =>
    unit.webhooks.insert({ ...webhook, ...facts, ...sealSecret(vault, webhook, secret) }),
  )
  await fillChannel(store, vault, organizationId)
  await fillSignedIn(store, vault, organizationId)
  return names
}

async function fillChannel(store: Store, vault: Vault, organizationId: string): Promise<void> {
  const channel = channelRow({ organizationId, settings: { text: ODD_TEXTS[0] ?? '' } })
  const secrets = {
    token: new Secret(`test-canary-token-${organizationId}`),
    signing: new Secret(`test-canary-signing-${organizationId}`),
  }
  await store.atomically(async (unit) => {
    await unit.channels.insert({ ...channel, ...sealSecrets(vault, channel, secrets) })
    await unit.calls.insert(callRow(channel.id, { organizationId, reason: ODD_TEXTS[2] ?? '' }))
    await unit.threads.insert(threadRow(channel.id, { organizationId, served: ODD_TEXTS[1] ?? '' }))
  })
}

// A browser and an authenticator app of somebody there.
async function fillSignedIn(store: Store, vault: Vault, organizationId: string): Promise<void> {
  const personId = `person-of-${organizationId}`
  const place = { id: newId('sef'), personId }
  const app = new Secret(`TESTCANARYOFANAPP${organizationId}`)
  await store.atomically(async (unit) => {
    await unit.sessions.insert(sessionRow({ id: newId('ses'), organizationId, personId }))
    await unit.secondFactors.begin({
      ...secondFactorRow({ recovery: [ODD_TEXTS[0] ?? '', 'b'], enabledAt: 1500 }),
      ...{ ...place, ...sealFactor(vault, place, app) },
    })
  })
}

async function fillGrant(unit: StoreGroups, vault: Vault, place: CredentialRow): Promise<void> {
  const { id, organizationId } = place
  const pending = attemptRow(id, { organizationId, beat: 3 })
  const row = grantRow(id, { organizationId, dueAt: organizationId === 'org-a' ? null : 1700 })
  await unit.grants.insert({
    ...row,
    grant: after(row.grant, { kind: 'claimed', attempt: attemptOf(pending) }),
  })
  const orphan = attemptRow(id, { organizationId, state: 'orphan', endedAt: 1800, generation: 1 })
  const field = answerField(orphan.id)
  const context = { organizationId, credentialId: id, field, version: orphan.generation, fields: [field] }
  const secret = new Secret(`sk-ant-test-canary-answer-${id}`)
  const answer = vault.seal(place.wrappedKey, keyContext(place), context, secret)
  await unit.attempts.insert(pending)
  await unit.attempts.insert({ ...orphan, answer })
}

async function fillRecords({ store }: SqlStore, more: number): Promise<void> {
  for (const organizationId of ['org-a', 'org-b']) {
    await store.atomically(async (unit) => {
      for (const [index, text] of ODD_TEXTS.entries()) {
        await unit.audit.append(auditEntry({ organizationId, objectName: text, details: { text } }))
        await unit.settings.put(organizationId, '*', `setting-${index}`, { text, list: [1, null, true] })
      }
      await unit.tokens.insert(tokenRow({ organizationId, expiresAt: 4_102_444_800_000 }))
      await unit.tokens.insert(tokenRow({ organizationId, revokedAt: 3000 }))
    })
  }
  for (let done = 0; done < more; done += 1000) {
    await store.atomically(async (unit) => {
      for (let i = done; i < Math.min(more, done + 1000); i += 1) await unit.audit.append(auditEntry())
    })
  }
}

async function fillZoo(
  database: Kysely<Record<string, Record<string, unknown>>>,
  engine: string,
): Promise<void> {
  const truth = (value: boolean) => (engine === 'sqlite' ? Number(value) : value)
  const rows = [LARGE, -LARGE, 2n ** 53n + 1n, 0n, 7n].map((large, index) => ({
    ...{ name: ODD_TEXTS[index] ?? '', bytes: Uint8Array.of(0, 255, index, 10, 13) },
    large: engine === 'sqlite' ? large : large.toString(),
    truth: index === 4 ? null : truth(index % 2 === 0),
    moment: ['2026-01-02T03:04:05.006Z', '1999-12-31T23:59:59.000Z', null][index % 3],
    share: [0.1, -2.5, 1e300, 0, null][index],
  }))
  await database.insertInto('zoo').values(rows).execute()
  const birds = Array.from({ length: 600 }, (_, index) => ({
    ...{ zoo_name: rows[index % 5]?.name, zoo_large: rows[index % 5]?.large },
    bird: index % 7 === 0 ? null : `bird ${index % 50}`,
  }))
  for (const half of [birds.slice(0, 300), birds.slice(300)])
    await database.insertInto('aviary').values(half).execute()
}
