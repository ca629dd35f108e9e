// Everything that is sealed in a database, for whoever wants to know whether all of it opens. A database may be older than
// this program: of credentials only columns that the first migration made are asked for, and later tables may be missing.

import { type Kysely, sql } from 'kysely'
import type { CredentialRow } from '../../store.ts'
import type {
  SealedAnswer,
  SealedChannel,
  SealedFactor,
  SealedThing,
  SealedVersion,
  SealedWebhook,
} from '../../transfer.ts'
import { sealedIn } from '../groups/channels/configurations.ts'
import { type EngineName, hasTable, type Tables } from './tables.ts'

// In one question.
const CREDENTIALS = 25
const OTHERS = 250

interface CredentialFact {
  readonly id: string
  readonly organization_id: string
  readonly owner: CredentialRow['owner']
  readonly type: CredentialRow['type']
  readonly name: string
  readonly version: number | string
  readonly wrapped_key: Uint8Array
}

interface AnswerFact extends CredentialFact {
  readonly attempt: string
  readonly generation: number | string
  readonly answer: Uint8Array
}

interface ValueFact {
  readonly credential_id: string
  readonly version: number | string
  readonly field: string
  readonly sealed: Uint8Array
}

/** The versions of all credentials, by the ids of these; then the answers that are kept; then webhooks, second factors and channels. */
export async function* everythingSealed(
  database: Kysely<Tables>,
  engine: EngineName,
): AsyncGenerator<SealedThing> {
  for await (const sealed of sealedVersions(database)) yield { kind: 'version', sealed }
  if (await hasTable(database, engine, 'renewal_attempt'))
    for await (const sealed of sealedAnswers(database)) yield { kind: 'answer', sealed }
  if (await hasTable(database, engine, 'webhook'))
    for await (const sealed of sealedWebhooks(database)) yield { kind: 'webhook', sealed }
  if (await hasTable(database, engine, 'second_factor'))
    for await (const sealed of sealedFactors(database)) yield { kind: 'second-factor', sealed }
  if (await hasTable(database, engine, 'channel'))
    for await (const sealed of sealedChannels(database)) yield { kind: 'channel', sealed }
}

// A version without values is none.
async function* sealedVersions(database: Kysely<Tables>): AsyncGenerator<SealedVersion> {
  let after = ''
  for (;;) {
    const { rows } = await sql<CredentialFact>`
      select id, organization_id, owner, type, name, version, wrapped_key from credential
      where id > ${after} order by id limit ${sql.lit(CREDENTIALS)}`.execute(database)
    if (rows.length === 0) return
    after = rows.at(-1)?.id ?? ''
    const ids = sql.join(rows.map(({ id }) => id))
    const values = await sql<ValueFact>`
      select credential_id, version, field, sealed from credential_value
      where credential_id in (${ids}) order by credential_id, version`.execute(database)
    for (const row of rows) yield* versionsOf(row, values.rows)
  }
}

async function* sealedAnswers(database: Kysely<Tables>): AsyncGenerator<SealedAnswer> {
  for (let after = ''; ; ) {
    const { rows } = await sql<AnswerFact>`
      select a.id as attempt, a.generation, a.answer,
        c.id, c.organization_id, c.owner, c.type, c.name, c.version, c.wrapped_key
      from renewal_attempt a join credential c on c.id = a.credential_id
      where a.answer is not null and a.id > ${after} order by a.id limit ${sql.lit(OTHERS)}`.execute(database)
    for (const fact of rows) {
      const { attempt, generation, answer } = fact
      yield { row: rowOf(fact), attempt, generation: Number(generation), answer }
    }
    if (rows.length < OTHERS) return
    after = rows.at(-1)?.attempt ?? ''
  }
}

async function* sealedWebhooks(database: Kysely<Tables>): AsyncGenerator<SealedWebhook> {
  for (let after = ''; ; ) {
    const { rows } = await sql<SealedWebhook>`
      select id, organization_id as "organizationId", url, wrapped_key as "wrappedKey", secret from webhook
      where id > ${after} order by id limit ${sql.lit(OTHERS)}`.execute(database)
    yield* rows
    if (rows.length < OTHERS) return
    after = rows.at(-1)?.id ?? ''
  }
}

async function* sealedFactors(database: Kysely<Tables>): AsyncGenerator<SealedFactor> {
  for (let after = ''; ; ) {
    const { rows } = await sql<SealedFactor>`
      select id, person_id as "personId", wrapped_key as "wrappedKey", secret from second_factor
      where id > ${after} order by id limit ${sql.lit(OTHERS)}`.execute(database)
    yield* rows
    if (rows.length < OTHERS) return
    after = rows.at(-1)?.id ?? ''
  }
}

async function* sealedChannels(database: Kysely<Tables>): AsyncGenerator<SealedChannel> {
  for (let after = ''; ; ) {
    const { rows } = await sql<Omit<SealedChannel, 'secrets'> & { readonly secrets: string }>`
      select id, organization_id as "organizationId", kind, name, wrapped_key as "wrappedKey", secrets from channel
      where id > ${after} order by id limit ${sql.lit(OTHERS)}`.execute(database)
    for (const { secrets, ...row } of rows) yield { ...row, secrets: sealedIn(secrets) }
    if (rows.length < OTHERS) return
    after = rows.at(-1)?.id ?? ''
  }
}

function rowOf(fact: CredentialFact): SealedVersion['row'] {
  const { id, organization_id: organizationId, owner, type, name, wrapped_key: wrappedKey } = fact
  return { id, organizationId, owner, type, name, version: Number(fact.version), wrappedKey }
}

function* versionsOf(fact: CredentialFact, all: readonly ValueFact[]): Generator<SealedVersion> {
  const row = rowOf(fact)
  const own = all.filter(({ credential_id }) => credential_id === row.id)
  for (const version of new Set(own.map((value) => Number(value.version)))) {
    const values = own.filter((value) => Number(value.version) === version)
    yield { row, version, values: Object.fromEntries(values.map(({ field, sealed }) => [field, sealed])) }
  }
}
