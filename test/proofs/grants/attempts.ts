// What a database says of the tries to renew, whoever made it. On SQLite no server may run.

import { DatabaseSync } from 'node:sqlite'
import type { Ground } from './ground.ts'

export interface AttemptSeen {
  readonly credentialId: string
  readonly generation: number
  readonly state: string
}

const QUERY = 'select credential_id, generation, state from renewal_attempt order by id'

interface Row {
  readonly credential_id: string
  readonly generation: number | string
  readonly state: string
}

export async function attemptsOf({ postgres, databaseUrl }: Ground): Promise<AttemptSeen[]> {
  const rows = await (postgres === undefined
    ? rowsOfFile(databaseUrl.slice('sqlite:'.length))
    : postgres.query<Row>(QUERY, new URL(databaseUrl).pathname.slice(1)))
  return rows.map(({ credential_id: credentialId, generation, state }) => ({
    ...{ credentialId, state },
    generation: Number(generation),
  }))
}

function rowsOfFile(path: string): Row[] {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(QUERY).all() as unknown as Row[]
  } finally {
    database.close()
  }
}
