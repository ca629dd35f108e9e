// A pool of connections to one Postgres: made ready when they are opened, given up when they are lost, and replaced
// without anybody's doing. It owns timeouts and types; it knows neither tables nor transactions.

import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { Client, type ClientConfig, Pool, type PoolClient, type QueryResult, types } from 'pg'
import { ClavigerError } from '../../../domain/errors.ts'
import type { PostgresAddress } from './address.ts'
import { type Availability, slept } from './availability.ts'
import { isConnectionLost, isHung, isUseless, readOnlyServer } from './errors.ts'

// Milliseconds. The server gives up first; the client's own limit is for a server that is gone without a word.
const CONNECT_TIMEOUT = 5_000
const STATEMENT_TIMEOUT = 8_000
const LOCK_TIMEOUT = 5_000
const IDLE_IN_UNIT_TIMEOUT = 30_000
const ANSWER_TIMEOUT = 10_000
const GOODBYE_TIMEOUT = 1_000
const IDLE_TIMEOUT = 60_000
const KEEP_ALIVE_AFTER = 10_000

// A restart may leave more than one dead connection in a pool.
const FIRST_STATEMENT_TRIES = 3

const INT8 = 20
const BYTEA = 17

// A server may be set to answer before a commit is on disk; ours may not.
const MAKE_READY = `
  select current_setting('transaction_read_only') as read_only,
    case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', false) end`

/** One statement; with a name it is parsed once a connection. */
export interface Statement {
  readonly text: string
  readonly values?: unknown[]
  readonly name?: string
}

/** `onNotice` hears the codes of what the server remarks meanwhile. */
export type Run = (statement: Statement, onNotice?: (code: string) => void) => Promise<QueryResult>

export interface Connections {
  /**
   * Lends one connection until `use` has ended. When its first statement finds the connection dead, another takes its
   * place unseen; later losses are the caller's. Errors are the driver's.
   */
  lend<T>(use: (run: Run) => Promise<T>): Promise<T>
  /** For Kysely; errors are translated, and ending it does nothing. */
  readonly pool: PostgresPool
  close(): Promise<void>
}

export interface ConnectionsOptions {
  readonly address: PostgresAddress
  readonly most: number
  readonly availability?: Availability
  readonly translate: (thrown: unknown) => unknown
  /** Statements are sent at once and answered in order, instead of each waiting for the one before. */
  readonly pipelined?: boolean
  /** For migrations, which take as long as they take. */
  readonly unhurried?: boolean
  /** What the server calls them in its list of sessions: `claviger` for those of a server of ours. */
  readonly applicationName?: string
}

/**
 * A connection outside of any pool, made ready as those are; answers are waited for briefly. Postgres shows it by this
 * name. Throws the driver's errors.
 */
export async function connectAlone(address: PostgresAddress, name: string): Promise<Client> {
  const client = new Client({ ...configOf(address), query_timeout: CONNECT_TIMEOUT, application_name: name })
  client.on('error', ignore)
  try {
    await client.connect()
    await makeReady(client, address)
    return client
  } catch (error) {
    await letGo(client)
    throw error
  }
}

/** Ends a connection of connectAlone, even one to a server that says nothing any more. */
export async function letGo(client: Client): Promise<void> {
  const waited = new AbortController()
  const over = slept(GOODBYE_TIMEOUT, waited.signal)
  await Promise.race([client.end().catch(ignore), over])
  waited.abort()
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}

/** A pool of its own; nothing is connected yet. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { address, availability, translate } = options
  const pool = new Pool({
    ...configOf(address, options.unhurried),
    ...(options.applicationName !== undefined && { application_name: options.applicationName }),
    max: options.most,
    pipeline: options.pipelined ?? false,
    idleTimeoutMillis: IDLE_TIMEOUT,
    onConnect: (client) => makeReady(client, address),
  })
  // A connection that dies while nobody uses it leaves the pool; one in use says so at its next statement.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))

  const acquire = async (): Promise<PoolClient> => {
    for (;;) {
      await availability?.pass()
      try {
        return await pool.connect()
      } catch (error) {
        if (availability === undefined || !isOutage(error)) throw error
        availability.lost(error)
      }
    }
  }

  // A server that says nothing is as good as none until it answers: others need not wait as long to find that out.
  const failed = (error: unknown) => {
    if (isHung(error)) availability?.lost(error)
  }
  return {
    lend: (use) => lend(acquire, use, failed),
    pool: { connect: () => kyselyClient(acquire, translate), end: async () => undefined, options: {} },
    close: () => pool.end(),
  }
}

async function lend<T>(
  acquire: () => Promise<PoolClient>,
  use: (run: Run) => Promise<T>,
  failed: (error: unknown) => void,
): Promise<T> {
  let client: PoolClient | undefined = await acquire()
  let useless = false
  let tries = FIRST_STATEMENT_TRIES
  const run: Run = async (statement, onNotice) => {
    for (;;) {
      client ??= await acquire()
      try {
        const answer = await ask(client, statement, onNotice)
        tries = 0
        return answer
      } catch (error) {
        failed(error)
        useless ||= isUseless(error)
        tries -= 1
        if (tries < 1 || !isConnectionLost(error) || isHung(error)) {
          tries = 0
          throw error
        }
        client.release(true)
        client = undefined
        useless = false
      }
    }
  }
  try {
    return await use(run)
  } finally {
    client?.release(useless)
  }
}

async function ask(
  client: PoolClient,
  statement: Statement,
  onNotice?: (code: string) => void,
): Promise<QueryResult> {
  if (onNotice === undefined) return client.query(statement)
  const hear = (notice: { code?: string | undefined }) => onNotice(notice.code ?? '')
  client.on('notice', hear)
  try {
    return await client.query(statement)
  } finally {
    client.off('notice', hear)
  }
}

async function kyselyClient(
  acquire: () => Promise<PoolClient>,
  translate: ConnectionsOptions['translate'],
): Promise<PostgresPoolClient> {
  const client = await acquire().catch((error: unknown) => {
    throw translate(error)
  })
  let useless = false
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      return await client.query(text, [...values])
    } catch (error) {
      useless ||= isUseless(error)
      throw translate(error)
    }
  }
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (discard) => client.release(useless || discard === true),
  }
}

function isOutage(error: unknown): boolean {
  return isConnectionLost(error) || error instanceof ClavigerError
}

/** A standby, or a primary that became one, is as good as none: throws `unavailable`. */
export async function makeReady(client: Pick<Client, 'query'>, address: PostgresAddress): Promise<void> {
  const { rows } = await client.query<{ read_only: string }>(MAKE_READY)
  if (rows[0]?.read_only !== 'off') throw readOnlyServer(address)
}

function configOf(address: PostgresAddress, unhurried = false): ClientConfig {
  const limits = {
    statement_timeout: STATEMENT_TIMEOUT,
    lock_timeout: LOCK_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_IN_UNIT_TIMEOUT,
    query_timeout: ANSWER_TIMEOUT,
  }
  return {
    connectionString: address.url,
    application_name: 'claviger',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER,
    types: { getTypeParser },
    ...(!unhurried && limits),
  }
}

// Our integers are below 2^53. Bytes are copied, so that nobody holds a piece of the driver's buffer.
const getTypeParser = ((oid: number, format?: 'text') => {
  const standard = types.getTypeParser(oid, format) as (value: string) => unknown
  if (oid === INT8) return Number
  if (oid === BYTEA) return (value: string) => new Uint8Array(standard(value) as Uint8Array)
  return standard
}) as typeof types.getTypeParser

function ignore(): void {
  // The next statement on the connection reports the same, to somebody who can do something about it.
}
