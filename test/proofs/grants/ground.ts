// What the proofs of renewals stand on: real servers, on SQLite or one Postgres, whose provider is the sandbox, and logins
// in their database that have ended.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WantedLogin } from '../../../src/sandbox/oauth/oauth.ts'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts'
import { type StoredLogin, storeLogin } from '../../support/logins.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres.ts'
import { withServerStore } from '../../support/server-store.ts'
import { adminToken } from '../connection.ts'
import { type ServerProcess, type StartOptions, startServer } from '../server-process.ts'

const MASTER_KEY = '0123456789abcdef'.repeat(4)

export type EngineName = 'sqlite' | 'postgres'

export interface Ground {
  readonly sandbox: Sandbox
  /** Undefined on SQLite. */
  readonly postgres: PostgresServer | undefined
  readonly databaseUrl: string
  /** One for each server. */
  readonly starts: readonly StartOptions[]
  readonly organizationId: string
  /** Stores a login; on SQLite no server may run. */
  login(endsIn: number, settings?: WantedLogin['settings']): Promise<StoredLogin>
  /** Removes a login, so that nobody asks the provider for it any more; on SQLite no server may run. */
  remove(login: StoredLogin): Promise<void>
  close(): Promise<void>
}

/** Nothing runs when it resolves but the sandbox and, if asked for, Postgres. */
export async function prepareGround(
  engine: EngineName,
  count: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Ground> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-grants-'))
  const sandbox = await startSandbox()
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const databaseUrl = (await postgres?.createDatabase()) ?? `sqlite:${join(place, 'state-0', 'claviger.db')}`
  const starts = Array.from({ length: count }, (_, i) => {
    const stateDirectory = join(place, `state-${i}`)
    mkdirSync(stateDirectory, { mode: 0o700 })
    const given = {
      CLAVIGER_DATABASE_URL: databaseUrl,
      CLAVIGER_MASTER_KEY: MASTER_KEY,
      CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl,
      ...variables,
    }
    return { stateDirectory, logFile: join(place, `server-${i}.log`), variables: given }
  })
  const close = async () => {
    await postgres?.close()
    await sandbox.close()
    rmSync(place, { recursive: true, force: true })
  }
  try {
    const organizationId = await firstStart(starts)
    const masterKey = Buffer.from(MASTER_KEY, 'hex')
    return {
      ...{ sandbox, postgres, databaseUrl, starts, organizationId, close },
      login: (endsIn, settings) =>
        withServerStore(databaseUrl, (store) =>
          storeLogin({ store, masterKey, organizationId }, sandbox, endsIn, settings),
        ),
      remove: ({ id }) =>
        withServerStore(databaseUrl, async (store) => {
          await store.credentials.delete(organizationId, id)
        }),
    }
  } catch (error) {
    await close()
    throw error
  }
}

// Makes the database and its first organization.
async function firstStart([start]: readonly StartOptions[]): Promise<string> {
  if (start === undefined) throw new Error('There is no server.')
  const server = await startServer(start)
  try {
    const headers = { authorization: `Bearer ${adminToken(start.stateDirectory)}` }
    const response = await fetch(`${server.url}/api/v1/whoami`, { headers })
    const { organization } = (await response.json()) as { organization: { id: string } }
    return organization.id
  } finally {
    await server.kill()
  }
}

export interface Asked {
  readonly status: number
  /** Its owner must sign in again. */
  readonly needsLogin: boolean
  /** What was handed out, or empty. */
  readonly access: string
  /** From the question to the answer, in milliseconds. */
  readonly took: number
}

/** One caller that wants this credential for a run. */
export async function ask(
  server: Pick<ServerProcess, 'url'>,
  { stateDirectory }: Pick<StartOptions, 'stateDirectory'>,
  credential: string,
): Promise<Asked> {
  const started = performance.now()
  const response = await fetch(`${server.url}/api/v1/leases`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${adminToken(stateDirectory)}`,
    },
    body: JSON.stringify({ harness: 'codex', credential, raw: false }),
  })
  const body = (await response.json()) as {
    message?: string
    credential?: { fields?: { access?: string } }
  }
  return {
    status: response.status,
    needsLogin: body.message?.includes('must sign in again') ?? false,
    access: body.credential?.fields?.access ?? '',
    took: performance.now() - started,
  }
}

/** Asks again and again until there is an answer that will stay; `null` when there is none within `patience`. */
export async function askUntilServed(
  server: Pick<ServerProcess, 'url'>,
  start: StartOptions,
  credential: string,
  patience: number,
): Promise<Asked | null> {
  const started = performance.now()
  for (;;) {
    const asked = await ask(server, start, credential).catch(() => null)
    const took = performance.now() - started
    if (asked !== null && (asked.status < 300 || asked.needsLogin)) return { ...asked, took }
    if (took > patience) return null
    await sleep(50)
  }
}

/** The journal of a server, as it lies on its disk: whole lines only. */
export function journalLines({ stateDirectory }: Pick<StartOptions, 'stateDirectory'>): string[] {
  const text = readFileSync(join(stateDirectory, 'renewals.journal'), 'utf8')
  return text.split('\n').slice(0, -1)
}
