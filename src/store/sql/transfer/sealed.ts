// Every sealed version of every credential, for whoever wants to know whether all of them open. Only columns that the
// first migration made are asked for: a database may be older than this program.

import { type Kysely, sql } from 'kysely'
import type { CredentialRow } from '../../store.ts'
import type { SealedVersion } from '../../transfer.ts'
import type { Tables } from './tables.ts'

const CREDENTIALS = 25

interface CredentialFact {
  readonly id: string
  readonly organization_id: string
  readonly owner: CredentialRow['owner']
  readonly type: CredentialRow['type']
  readonly name: string
  readonly version: number | string
  readonly wrapped_key: Uint8Array
}

interface ValueFact {
  readonly credential_id: string
  readonly version: number | string
  readonly field: string
  readonly sealed: Uint8Array
}

/** Goes through all credentials by their ids; a version without values is none. */
export async function* sealedVersions(database: Kysely<Tables>): AsyncGenerator<SealedVersion> {
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

function* versionsOf(fact: CredentialFact, all: readonly ValueFact[]): Generator<SealedVersion> {
  const { id, organization_id: organizationId, owner, type, name, wrapped_key: wrappedKey } = fact
  const row = { id, organizationId, owner, type, name, version: Number(fact.version), wrappedKey }
  const own = all.filter(({ credential_id }) => credential_id === id)
  for (const version of new Set(own.map((value) => Number(value.version)))) {
    const values = own.filter((value) => Number(value.version) === version)
    yield { row, version, values: Object.fromEntries(values.map(({ field, sealed }) => [field, sealed])) }
  }
}
