// Whether a Postgres server is one we can keep credentials in, asked once when it is opened.

import { ClavigerError } from '../../../domain/errors.ts'
import type { PostgresAddress } from './address.ts'
import { readOnlyServer } from './errors.ts'

// 12 and older get no corrections any more, and nothing newer than 13 is used.
const OLDEST_MAJOR = 13

/** One row with what refuseUnfit wants to know. */
export const FITNESS_QUERY = `
  select current_setting('server_version_num') as number, current_setting('server_version') as version,
    current_setting('server_encoding') as encoding, current_setting('transaction_read_only') as read_only,
    current_setting('search_path') as search_path, current_schema() as schema`

export interface ServerFacts {
  /** 150004 for 15.4. */
  readonly number: string
  readonly version: string
  readonly encoding: string
  readonly read_only: string
  readonly search_path: string
  /** Null when no schema of the search path exists. */
  readonly schema: string | null
}

/** Throws `unavailable` for a server, a database or a search path that will not do; returns our schema. */
export function refuseUnfit(facts: ServerFacts, address: PostgresAddress): string {
  const refuse = (what: string, hint: string) =>
    new ClavigerError('unavailable', `The Postgres database ${address.name} ${what}.`, { hint })
  if (Number(facts.number) < OLDEST_MAJOR * 10_000) {
    throw refuse(`is of version ${facts.version}`, `Claviger needs Postgres ${OLDEST_MAJOR} or newer.`)
  }
  if (facts.encoding !== 'UTF8') {
    throw refuse(
      `is encoded in ${facts.encoding}`,
      `Create one in UTF-8: createdb --template template0 --encoding UTF8 NAME`,
    )
  }
  if (facts.read_only !== 'off') throw readOnlyServer(address)
  if (facts.schema === null) {
    throw refuse(
      `has no schema of the search path ${facts.search_path}`,
      'Create it: create schema NAME authorization USER',
    )
  }
  return facts.schema
}
