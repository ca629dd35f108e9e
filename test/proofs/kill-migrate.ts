// Proof: moving a database to another engine survives SIGKILL at any moment. One round: everything a server has written is
// moved from SQLite to Postgres and back, each move killed a few times at moments the seed decides and typed again until it
// is done; then all rows are compared, and a server on the new place must hand out every credential.

import { spawn } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentsOf } from '../../src/store/sql/transfer/compare.ts'
import { readMarks } from '../../src/store/sql/transfer/marks.ts'
import { openPlace } from '../../src/store/sql/transfer/place.ts'
import { findTables } from '../../src/store/sql/transfer/tables.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { adminToken, connection, eachOf } from './connection.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { type Random, seededRandom } from './random.ts'
import { clavigerCommand, type StartOptions, serverEnvironment, startServer } from './server-process.ts'

const CREDENTIALS = 40
const LEASES = 3_000
const MOST_KILLS = 4
const DONE_WITHIN_TRIES = 3

interface Totals {
  killed: number
  killedInside: number
  moves: number
  rows: number
  opened: number
  readonly times: number[]
  readonly failures: string[]
}

interface Ground {
  readonly place: string
  readonly stateDirectory: string
  readonly postgres: PostgresServer
  readonly random: Random
  readonly totals: Totals
  /** Milliseconds of a whole move, and of what comes after the first change of the target. */
  whole: number
  copying: number
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-migrate-'))
  const postgres = await startPostgres()
  const totals: Totals = {
    ...{ killed: 0, killedInside: 0, moves: 0, rows: 0, opened: 0 },
    ...{ times: [], failures: [] },
  }
  const stateDirectory = join(place, 'state')
  const ground: Ground = {
    place,
    stateDirectory,
    postgres,
    totals,
    random: seededRandom(seed),
    whole: 0,
    copying: 0,
  }
  try {
    await writeEverything(ground)
    await measure(ground)
    for (let round = 1; round <= rounds; round += 1) {
      await thereAndBack(ground, join(place, `round-${round}.db`))
      log(`kill -9 of a move: round ${round} of ${rounds}, ${totals.killedInside} killed inside`)
    }
    return resultOf(rounds, totals)
  } finally {
    await postgres.close()
    rmSync(place, { recursive: true, force: true })
  }
}

function startOn({ stateDirectory, place }: Ground, url?: string): StartOptions {
  return {
    stateDirectory,
    logFile: join(place, 'server.log'),
    ...(url !== undefined && { variables: { CLAVIGER_DATABASE_URL: url } }),
  }
}

const keyOf = (index: number) => `sk-ant-test-moved-${index}`

async function writeEverything(ground: Ground): Promise<void> {
  mkdirSync(ground.stateDirectory, { mode: 0o700 })
  const server = await startServer(startOn(ground))
  try {
    const call = connection(server.url, adminToken(ground.stateDirectory))
    for (let index = 0; index < CREDENTIALS; index += 1) {
      const fields = { key: keyOf(index) }
      const credential = { type: 'claude/api-key', owner: 'org', name: `key_${index}`, fields } as const
      await call('proof_write', 'credentials.create', credential)
    }
    await eachOf(Array.from({ length: LEASES }).keys(), 16, async (index) => {
      const credential = `key_${index % CREDENTIALS}`
      await call('proof_write', 'leases.create', { harness: 'claude', credential, raw: false })
    })
  } finally {
    await server.stop()
  }
}

// How long a whole move takes, so that moments fall inside.
async function measure(ground: Ground): Promise<void> {
  const file = join(ground.place, 'whole.db')
  copyFileSync(join(ground.stateDirectory, 'claviger.db'), file)
  const to = await ground.postgres.createDatabase()
  const started = performance.now()
  let began = started
  const watched = firstChange(ground, to).then(() => {
    began = performance.now()
  })
  const ended = await run(ground, `sqlite:${file}`, to)
  await watched
  ground.whole = performance.now() - started
  ground.copying = Math.max(50, performance.now() - began)
  if (ended.code !== 0)
    throw new Error(`A move that nobody disturbed ended with ${ended.code}: ${ended.said}`)
}

async function thereAndBack(ground: Ground, file: string): Promise<void> {
  copyFileSync(join(ground.stateDirectory, 'claviger.db'), file)
  const sqlite = `sqlite:${file}`
  const postgres = await ground.postgres.createDatabase()
  for (const [from, to] of [
    [sqlite, postgres],
    [postgres, sqlite],
  ] as const) {
    await moveUntilDone(ground, from, to)
    await compare(ground.totals, from, to)
    await openEverything(ground, to)
  }
}

async function moveUntilDone(ground: Ground, from: string, to: string): Promise<void> {
  const { random, totals, whole, copying } = ground
  const kills = random.between(1, MOST_KILLS)
  for (let kill = 0; kill < kills; kill += 1) {
    // Most of a short move is loading the program; what can be cut in two comes after it.
    const moment = random.oneIn(3)
      ? sleep(random.between(0, Math.round(whole)))
      : firstChange(ground, to).then(() => sleep(random.between(0, Math.round(copying))))
    const { code } = await run(ground, from, to, moment)
    if (code === null) totals.killed += 1
    if (code === null && (await isUnfinished(to))) totals.killedInside += 1
    if (code !== null && code !== 0) totals.failures.push(`A move from ${shown(from)} ended with ${code}`)
  }
  for (let tries = 0; tries < DONE_WITHIN_TRIES; tries += 1) {
    const started = performance.now()
    const { code, said } = await run(ground, from, to)
    if (code === 0) {
      totals.times.push(performance.now() - started)
      totals.moves += 1
      return
    }
    // What was killed may still hold its session for a moment.
    totals.failures.push(
      ...(tries + 1 < DONE_WITHIN_TRIES ? [] : [`A move was not done: ${said.slice(-400)}`]),
    )
    await sleep(200)
  }
}

async function run(
  { stateDirectory, place }: Ground,
  from: string,
  to: string,
  moment?: Promise<unknown>,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const [program, ...words] = clavigerCommand()
  const log = join(place, 'migrate.log')
  const output = openSync(log, 'w', 0o600)
  const child = spawn(program, [...words, 'migrate', '--from', from, '--to', to], {
    env: serverEnvironment(stateDirectory),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  void moment?.then(() => child.kill('SIGKILL'))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, said: readFileSync(log, 'utf8') }
}

// Waits until the target is being written to, for as long as a move may take to begin.
async function firstChange(ground: Ground, url: string): Promise<void> {
  const before = await stampOf(ground, url)
  const begun = performance.now()
  while (performance.now() - begun < 20_000 && (await stampOf(ground, url)) === before) await sleep(5)
}

async function stampOf({ postgres }: Ground, url: string): Promise<string> {
  if (!url.startsWith('sqlite:')) {
    const sql = "select value from installation where name = 'transfer-incoming'"
    // There may be no table yet.
    const rows = await postgres.query(sql, new URL(url).pathname.slice(1)).catch(() => [])
    return JSON.stringify(rows)
  }
  const log = statSync(`${url.slice('sqlite:'.length)}-wal`, { throwIfNoEntry: false })
  return `${log?.size ?? 0}`
}

async function isUnfinished(url: string): Promise<boolean> {
  const place = await openPlace(url, true)
  try {
    return (await readMarks(place.database, place.engine)).incoming !== undefined
  } finally {
    await place.close()
  }
}

async function compare(totals: Totals, from: string, to: string): Promise<void> {
  const [source, target] = [await openPlace(from, false), await openPlace(to, false)]
  try {
    const here = await findTables(source.database, source.engine)
    const there = await findTables(target.database, target.engine)
    if (here.map(({ name }) => name).join() !== there.map(({ name }) => name).join()) {
      totals.failures.push('The two sides do not have the same tables')
    }
    for (const table of here) {
      const copy = there.find(({ name }) => name === table.name)
      if (copy === undefined) continue
      const before = await contentsOf(source, table, [table, copy])
      const after = await contentsOf(target, copy, [table, copy])
      totals.rows += after.rows
      if (before.rows !== after.rows || before.sum !== after.sum) {
        totals.failures.push(
          `${table.name}: ${before.rows} rows before, ${after.rows} after, or not the same`,
        )
      }
    }
  } finally {
    await source.close()
    await target.close()
  }
}

// A server starts on the new place, and its lease of each credential is the value that was stored.
async function openEverything(ground: Ground, url: string): Promise<void> {
  const { totals, stateDirectory } = ground
  const server = await startServer(startOn(ground, url))
  try {
    const call = connection(server.url, adminToken(stateDirectory))
    for (let index = 0; index < CREDENTIALS; index += 1) {
      const input = { harness: 'claude', credential: `key_${index}`, raw: false } as const
      const lease = await call('proof_open', 'leases.create', input)
      if (lease.credential?.fields['key'] === keyOf(index)) totals.opened += 1
      else totals.failures.push(`key_${index} is not what it was`)
    }
  } finally {
    await server.stop()
  }
}

function shown(url: string): string {
  return url.startsWith('sqlite:') ? 'SQLite' : 'Postgres'
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  return {
    what: 'kill -9 of a move from SQLite to Postgres and back, typed again until it was done',
    rounds,
    figures: [
      count('moves completed', totals.moves),
      count('moves killed', totals.killed),
      count('of these with rows on both sides', totals.killedInside),
      count('rows compared', totals.rows),
      count('credentials handed out afterwards', totals.opened),
      mean('mean time of the run that completed a move', totals.times),
    ],
    failures: [
      ...totals.failures,
      ...(totals.killedInside === 0 ? ['No move was killed while it was copying.'] : []),
    ],
  }
}
