// A Postgres database, shared with other servers: `pg` behind Kysely's dialect. Units are written on one connection,
// everything else is read on others. It owns connections, sessions and the translation of errors; it knows no table.

import {
  CompiledQuery as Compiled,
  type CompiledQuery,
  Kysely,
  PostgresDialect,
  type QueryResult as Rows,
} from 'kysely'
import type { QueryResult } from 'pg'
import { ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import { inTime } from '../../lib/time/in-time.ts'
import { outcomeUnknown } from '../refusals.ts'
import type { Engine } from './engine.ts'
import { type PostgresAddress, postgresAddress } from './postgres/address.ts'
import { createAvailability } from './postgres/availability.ts'
import { connectAlone, createConnections, letGo, type Run, type Statement } from './postgres/connections.ts'
import { commitFailure, postgresErrors } from './postgres/errors.ts'
import { FITNESS_QUERY, refuseUnfit, type ServerFacts } from './postgres/fitness.ts'
import { type Listening, listenOn } from './postgres/listening.ts'
import { textInByteOrder } from './postgres/text-columns.ts'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'

// Connections for reading; with the one that writes and the one that listens a server uses ten.
const READERS = 8

// Milliseconds. A restart of Postgres takes a second or two.
const PATIENCE = 5_000
const CHECK_TIMEOUT = 2_000

// Any number, as long as nobody else in this database uses it: "clav".
export const MIGRATION_LOCK = 0x636c6176
// Another server may be migrating a large database.
const MIGRATION_LOCK_TIMEOUT = '10min'

// Statements are few, but lists of different lengths make new texts; what comes later is parsed each time.
const MAX_NAMED_STATEMENTS = 200

/**
 * Opens the database at a `postgres://` URL. Throws `invalid` for a URL that is none, and `unavailable`, saying why,
 * when the server cannot be used; a database that goes away later comes back without anybody's doing.
 */
export async function openPostgres(url: string): Promise<Engine> {
  const address = postgresAddress(url)
  const translate = postgresErrors(address)
  const schema = await askOnce(address, translate)
  const availability = createAvailability(
    async () => letGo(await connectAlone(address, 'claviger')),
    PATIENCE,
  )
  const readers = createConnections({ address, availability, translate, most: READERS })
  const writer = createConnections({ address, availability, translate, most: 1, pipelined: true })
  const database = new Kysely<Database>({ dialect: new PostgresDialect({ pool: readers.pool }) })
  const statementOf = statements()
  // One channel a schema: each has its own servers. A name of a channel is short.
  const channel = `claviger_${sha256(schema).slice(0, 16)}`
  let listening: Listening | undefined
  const read: Execute = (query) =>
    attempt(translate, () => readers.lend(async (run) => rowsOf(await run(statementOf(query)))))
  return {
    database,
    binary: 'bytea',
    schema,
    begin: 'begin',
    pipelined: true,
    shared: true,
    translate,
    read,
    connected: (use) => attempt(translate, () => writer.lend((run) => use(writing(run)))),
    signals: {
      send: (text) => Compiled.raw('select pg_notify($1, $2)', [channel, text]),
      listen: (hear) => {
        listening = listenOn({ address, channel, hear })
      },
    },
    migrating: (work) => migrating(address, translate, work),
    versionQuery: `select current_setting('server_version') as version`,
    check: async () => {
      await askInTime({ text: 'select 1' })
    },
    now: async () => {
      const { rows } = await askInTime({
        text: 'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
      })
      return rows[0].now
    },
    close: async () => {
      availability.close()
      await Promise.all([listening?.close(), database.destroy(), readers.close(), writer.close()])
    },
  }

  function askInTime(statement: Statement): Promise<QueryResult> {
    const asked = attempt(translate, () => readers.lend((run) => run(statement)))
    return inTime(asked, CHECK_TIMEOUT, () => {
      const error = lateAnswer(address)
      availability.lost(error)
      return error
    })
  }

  function writing(run: Run): Execute {
    return (query) =>
      attempt(translate, async () =>
        rowsOf(await (query.sql === 'commit' ? commit(run) : run(statementOf(query)))),
      )
  }
}

async function askOnce(address: PostgresAddress, translate: Engine['translate']): Promise<string> {
  const first = createConnections({ address, translate, most: 1 })
  try {
    return await attempt(translate, () =>
      first.lend(async (run) => {
        const { rows } = await run({ text: FITNESS_QUERY })
        return refuseUnfit(rows[0] as ServerFacts, address)
      }),
    )
  } finally {
    await first.close()
  }
}

// One at a time over all servers of the database, on connections without limits of time.
async function migrating<T>(
  address: PostgresAddress,
  translate: Engine['translate'],
  work: (database: Kysely<Database>) => Promise<T>,
): Promise<T> {
  const connections = createConnections({ address, translate, most: 4, unhurried: true })
  const database = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: connections.pool }),
    plugins: [textInByteOrder()],
  })
  try {
    return await attempt(translate, () =>
      connections.lend(async (run) => {
        await run({ text: `set lock_timeout = '${MIGRATION_LOCK_TIMEOUT}'` })
        // The lock ends with the connection.
        await run({ text: `select pg_advisory_lock(${MIGRATION_LOCK})` })
        return work(database)
      }),
    )
  } finally {
    await database.destroy()
    await connections.close()
  }
}

// A COMMIT that gets no clear answer may have been carried out; only an answer that says so is one.
async function commit(run: Run): Promise<QueryResult> {
  const remarks: string[] = []
  let answer: QueryResult
  try {
    answer = await run({ text: 'commit' }, (code) => remarks.push(code))
  } catch (error) {
    throw commitFailure(error)
  }
  // Waiting for a standby was cut short: the commit is on this server only, and a failover may lose it.
  const cutShort = remarks.find((code) => /^(01|57)/.test(code))
  if (cutShort !== undefined) throw outcomeUnknown(`Postgres remarked ${cutShort} on COMMIT`)
  // Postgres answers COMMIT with ROLLBACK when a statement had failed.
  if (answer.command === 'COMMIT') return answer
  throw new ClavigerError('internal', 'The database took the unit back.', {
    detail: `COMMIT: ${answer.command}`,
  })
}

// The list of statements belongs to the engine; each connection parses what it is asked.
function statements(): (query: CompiledQuery<unknown>) => Statement {
  const names = new Map<string, string>()
  return ({ sql: text, parameters }) => {
    if (parameters.length === 0) return { text }
    let name = names.get(text)
    if (name === undefined && names.size < MAX_NAMED_STATEMENTS) {
      name = `claviger_${names.size}`
      names.set(text, name)
    }
    const values = [...parameters]
    return name === undefined ? { text, values } : { text, values, name }
  }
}

function rowsOf<Row>({ command, rowCount, rows }: QueryResult): Rows<Row> {
  if (command === 'SELECT' || rowCount === null) return { rows: rows as Row[] }
  return { rows: rows as Row[], numAffectedRows: BigInt(rowCount) }
}

function lateAnswer({ name }: PostgresAddress): ClavigerError {
  const message = `The Postgres database ${name} did not answer within ${CHECK_TIMEOUT / 1_000} seconds.`
  return new ClavigerError('unavailable', message, { hint: 'Check that Postgres is running.' })
}

async function attempt<T>(translate: Engine['translate'], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translate(error)
  }
}
