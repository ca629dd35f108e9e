// Proof: a server that is killed while it is re-keyed, however often, ends with everything under the new master key and
// nothing under the old one. One round, on each engine: re-keying begins, the server is killed at moments the seed
// decides until it gets through, then everything is opened, the data keys are counted in the database itself, and the
// old key is tried.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../support/postgres.ts'
import { adminToken, type Call, connection } from './connection.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { type Random, seededRandom } from './random.ts'
import { countByMasterKey, FILLED, fill, openAll } from './rekey/stock.ts'
import { launchServer, type StartOptions, startServer } from './server-process.ts'

const MOST_AGAIN = 3
const SETTLES_WITHIN_MS = 60_000
const KEY = 'sk-ant-test-rekey'

/** One state directory and its database. */
interface Ground {
  readonly engine: 'SQLite' | 'Postgres'
  readonly url: string
  readonly start: StartOptions
  /** How long re-keying takes when nobody disturbs it, in milliseconds. */
  undisturbed: number
}

interface Totals {
  /** Engine and how far re-keying was at a kill → how often. */
  readonly found: Map<string, number>
  readonly tookAfter: number[]
  readonly failures: string[]
  kills: number
  opened: number
  left: number
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-rekey-'))
  const postgres = await startPostgres()
  const random = seededRandom(seed)
  const totals: Totals = { found: new Map(), tookAfter: [], failures: [], kills: 0, opened: 0, left: 0 }
  try {
    const grounds = [onSqlite(place), onPostgres(place, await postgres.createDatabase())]
    for (const ground of grounds) await prepare(ground)
    for (let round = 1; round <= rounds; round += 1) {
      for (const ground of grounds) await killUntilDone(ground, random, totals)
      log(`re-keying: round ${round} of ${rounds}, ${totals.kills} kills`)
    }
    return resultOf(rounds, totals)
  } finally {
    await postgres.close()
    rmSync(place, { recursive: true, force: true })
  }
}

function onSqlite(place: string): Ground {
  const start = startIn(place, 'sqlite')
  const url = `sqlite:${join(start.stateDirectory, 'claviger.db')}`
  return { engine: 'SQLite', url, start, undisturbed: 0 }
}

function onPostgres(place: string, url: string): Ground {
  const start = { ...startIn(place, 'postgres'), variables: { CLAVIGER_DATABASE_URL: url } }
  return { engine: 'Postgres', url, start, undisturbed: 0 }
}

function startIn(place: string, name: string): StartOptions {
  const stateDirectory = join(place, name)
  mkdirSync(stateDirectory, { mode: 0o700 })
  return { stateDirectory, logFile: join(place, `${name}.log`) }
}

async function prepare(ground: Ground): Promise<void> {
  const first = await startServer(ground.start)
  try {
    const call = connection(first.url, adminToken(ground.start.stateDirectory))
    const credential = { type: 'claude/api-key', owner: 'org', name: 'main', fields: { key: KEY } } as const
    await call('proof_store', 'credentials.create', credential)
  } finally {
    await first.stop()
  }
  await fill(ground.url, keysIn(ground.start))
  const server = await startServer(ground.start)
  try {
    const call = connection(server.url, adminToken(ground.start.stateDirectory))
    const begun = performance.now()
    await call('proof_rekey', 'rekey.start', {})
    await settled(call)
    ground.undisturbed = performance.now() - begun
  } finally {
    await server.stop()
  }
}

async function killUntilDone(ground: Ground, random: Random, totals: Totals): Promise<void> {
  const { start, engine } = ground
  const old = keysIn(start)[0] ?? ''
  const moment = () => random.between(0, Math.round(ground.undisturbed * 1.1))
  let server = await startServer(start)
  try {
    const call = connection(server.url, adminToken(start.stateDirectory))
    // The answer may be lost with the server.
    const asked = call('proof_rekey', 'rekey.start', {}).catch(() => null)
    await sleep(moment())
    await server.kill()
    await asked
    await note(ground, old, totals)
    // It goes on by itself, and is killed while it does.
    for (let again = 0; again < MOST_AGAIN && random.oneIn(2); again += 1) {
      const starting = launchServer(start)
      await sleep(random.between(100, 400) + moment())
      await starting.kill()
      await note(ground, old, totals)
    }
    server = await startServer(start)
    const begun = performance.now()
    const through = connection(server.url, adminToken(start.stateDirectory))
    if (keysIn(start)[0] === old) await through('proof_rekey', 'rekey.start', {})
    await settled(through)
    totals.tookAfter.push(performance.now() - begun)
    const { credential } = await through('proof_lease', 'leases.create', { harness: 'claude' })
    if (credential?.fields['key'] !== KEY) totals.failures.push(`${engine}: a lease has another value.`)
  } catch (thrown) {
    totals.failures.push(`${engine}: ${thrown}`)
  } finally {
    await server.kill()
  }
  await nothingUnderOld(ground, old, totals)
}

async function settled(call: Call): Promise<void> {
  const begun = performance.now()
  for (;;) {
    const { state, left, problem } = await call('proof_status', 'rekey.status', {})
    if (state === 'settled') return
    if (performance.now() - begun > SETTLES_WITHIN_MS)
      throw new Error(`Re-keying is ${state} with ${left} left: ${problem}`)
    await sleep(5)
  }
}

function keysIn({ stateDirectory }: StartOptions): string[] {
  return readFileSync(join(stateDirectory, 'master.key'), 'utf8').trim().split('\n')
}

// How far it was when it was killed.
async function note(ground: Ground, old: string, totals: Totals): Promise<void> {
  totals.kills += 1
  const keys = keysIn(ground.start)
  const counts = Object.keys(await countByMasterKey(ground.url))
  const far = () => {
    if (keys[0] === old) return 'before the new key was in the file'
    if (keys.length === 1) return 'after its end'
    return counts.length > 1
      ? 'part of the data keys under each key'
      : 'both keys in the file, all data keys under one'
  }
  const what = `${ground.engine}: ${far()}`
  totals.found.set(what, (totals.found.get(what) ?? 0) + 1)
}

async function nothingUnderOld(ground: Ground, old: string, totals: Totals): Promise<void> {
  const { start, engine } = ground
  const keys = keysIn(start)
  if (keys.length !== 1 || keys.includes(old))
    totals.failures.push(`${engine}: the old key is still in the file.`)
  const counts = Object.values(await countByMasterKey(ground.url))
  if (counts.length !== 1) {
    totals.left += counts.reduce((sum, one) => sum + one, 0) - Math.max(...counts)
    totals.failures.push(`${engine}: the data keys are under several master keys: ${counts.join(', ')}.`)
  }
  const closed = await openAll(ground.url, keys)
  totals.opened += FILLED - closed.length
  totals.failures.push(...closed.map((name) => `${engine}: ${name} does not open.`))
  const { variables = {} } = start
  const withOld = launchServer({ ...start, variables: { ...variables, CLAVIGER_MASTER_KEY: old } })
  const code = await Promise.race([withOld.ended, sleep(10_000, 'still running', { ref: false })])
  await withOld.kill()
  if (code !== 1) totals.failures.push(`${engine}: with the old key alone a start ended with ${code}.`)
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  const { found, tookAfter, failures, kills, opened, left } = totals
  return {
    what: `The server is killed while it is re-keyed with ${FILLED} credentials, on SQLite and on Postgres, until it gets through`,
    rounds,
    figures: [
      count('kills', kills),
      count('data keys left under the old key', left),
      count('credentials opened afterwards', opened),
      count('starts with the old key alone, all refused', rounds * 2),
      mean('mean time from the last start to the end of re-keying', tookAfter),
    ],
    details: {
      headings: ['where a kill found it', 'times'],
      rows: [...found].map(([what, times]) => [what, String(times)]).sort(),
    },
    failures,
  }
}
