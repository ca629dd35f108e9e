// Proof: three servers on one Postgres lose nothing that was acknowledged, whatever is killed. One round: writers at all
// three, then either Postgres is restarted, in order or by a crash, or one server is killed and started again; then what
// the database holds is laid beside what was answered. Servers that were not killed must not have refused anything for it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { adminToken, type Call, connection } from './connection.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { type Random, seededRandom } from './random.ts'
import { settle } from './replicas/settle.ts'
import { noOutcomes, type Outcomes, write } from './replicas/writer.ts'
import { type ServerProcess, type StartOptions, startServer } from './server-process.ts'

const SERVERS = 3
const WRITERS_EACH = 4
const BEFORE_MS = [200, 700] as const
const AWAY_MS = [100, 1_200] as const
const BACK_WITHIN_MS = 30_000

type Event = 'restart (fast)' | 'restart (immediate)' | 'kill'

interface Totals {
  readonly events: Map<Event, number>
  readonly codes: Map<string, number>
  readonly back: number[]
  acknowledged: number
  refused: number
  unknown: number
  happened: number
  compared: number
  opened: number
  readonly lost: string[]
  readonly failures: string[]
}

interface Ground {
  readonly postgres: PostgresServer
  readonly database: string
  readonly starts: readonly StartOptions[]
  readonly servers: ServerProcess[]
  readonly random: Random
  readonly totals: Totals
}

export async function prove(options: ProofOptions): Promise<ProofResult> {
  return proveWithAccident(options, async () => undefined)
}

/** The same, with something that happens to the database before it is looked at: it has to be noticed. */
export async function proveWithAccident(
  { rounds, seed, log }: ProofOptions,
  accident: (postgres: PostgresServer, database: string) => Promise<unknown>,
): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-replicas-'))
  const postgres = await startPostgres()
  const servers: ServerProcess[] = []
  try {
    const url = await postgres.createDatabase()
    const ground: Ground = {
      ...{ postgres, servers, starts: startsOn(url, place), random: seededRandom(seed) },
      ...{ database: new URL(url).pathname.slice(1), totals: noTotals() },
    }
    for (const start of ground.starts) servers.push(await startServer(start))
    for (let round = 1; round <= rounds; round += 1) {
      // Each kind comes in turn, so that few rounds show all.
      const event = (['restart (immediate)', 'kill', 'restart (fast)'] as const)[(round - 1) % 3] ?? 'kill'
      const outcomes = await writeThrough(ground, event, `r${round}`)
      await accident(postgres, ground.database)
      await look(ground, outcomes, `r${round}`)
      log(`replicas: round ${round} of ${rounds}, ${ground.totals.acknowledged} writes acknowledged`)
    }
    return resultOf(rounds, ground.totals)
  } finally {
    for (const server of servers) await server.kill()
    await postgres.close()
    rmSync(place, { recursive: true, force: true })
  }
}

function startsOn(url: string, place: string): StartOptions[] {
  return Array.from({ length: SERVERS }, (_, i) => {
    const stateDirectory = join(place, `state-${i}`)
    mkdirSync(stateDirectory, { mode: 0o700 })
    const variables = { CLAVIGER_DATABASE_URL: url, CLAVIGER_MASTER_KEY: '0123456789abcdef'.repeat(4) }
    return { stateDirectory, logFile: join(place, `server-${i}.log`), variables }
  })
}

function noTotals(): Totals {
  return {
    ...{ acknowledged: 0, refused: 0, unknown: 0, happened: 0, compared: 0, opened: 0 },
    ...{ events: new Map(), codes: new Map(), back: [], lost: [], failures: [] },
  }
}

// A server that was killed comes back at another address.
function callsOf({ servers, starts }: Ground): Call[] {
  return starts.map(({ stateDirectory }, i) => {
    const token = adminToken(stateDirectory)
    return (...asked) => connection(servers[i]?.url ?? '', token)(...asked)
  })
}

async function writeThrough(ground: Ground, event: Event, name: string): Promise<Outcomes> {
  const { random, totals } = ground
  const outcomes = noOutcomes(SERVERS)
  let going = true
  const writers = callsOf(ground).flatMap((call, server) =>
    Array.from({ length: WRITERS_EACH }, (_, lane) =>
      write({ name: `${name}_${server}${lane}`, server, call, going: () => going }, outcomes),
    ),
  )
  await allWrite(outcomes, performance.now(), totals, 'at first')
  await sleep(random.between(...BEFORE_MS))
  if (event === 'kill') await killOne(ground, outcomes)
  else await restartPostgres(ground, event === 'restart (fast)' ? 'fast' : 'immediate')
  const since = performance.now()
  await allWrite(outcomes, since, totals, `after a ${event}`)
  if (event !== 'kill') totals.back.push(performance.now() - since)
  going = false
  await Promise.all(writers)
  totals.events.set(event, (totals.events.get(event) ?? 0) + 1)
  return outcomes
}

// Until every server has acknowledged something since.
async function allWrite(
  { lastAt }: Outcomes,
  since: number,
  { failures }: Totals,
  when: string,
): Promise<void> {
  while (lastAt.some((at) => at < since)) {
    if (performance.now() - since > BACK_WITHIN_MS) {
      failures.push(`Not all servers wrote within ${BACK_WITHIN_MS} ms ${when}.`)
      return
    }
    await sleep(5)
  }
}

async function restartPostgres({ postgres, random }: Ground, how: 'fast' | 'immediate'): Promise<void> {
  await postgres.stop(how)
  await sleep(random.between(...AWAY_MS))
  await postgres.start()
}

// Whoever asks the others notices nothing.
async function killOne(ground: Ground, outcomes: Outcomes): Promise<void> {
  const { random, servers, starts, totals } = ground
  const victim = random.below(SERVERS)
  const start = starts[victim]
  if (start === undefined) return
  await servers[victim]?.kill()
  await sleep(random.between(...AWAY_MS))
  servers[victim] = await startServer(start)
  const others = [...outcomes.refused, ...outcomes.unknown].filter(({ server }) => server !== victim)
  totals.failures.push(...others.map(({ id }) => `${id} failed at a server that was not killed`))
}

async function look(ground: Ground, outcomes: Outcomes, prefix: string): Promise<void> {
  const { postgres, database, totals } = ground
  const calls = callsOf(ground)
  const findings = await settle({ postgres, database, calls, prefix }, outcomes)
  for (const [code, times] of outcomes.codes) totals.codes.set(code, (totals.codes.get(code) ?? 0) + times)
  totals.acknowledged += outcomes.acknowledged.length
  totals.refused += outcomes.refused.length
  totals.unknown += outcomes.unknown.length
  totals.happened += findings.happened
  totals.compared += findings.compared
  totals.opened += findings.opened
  totals.lost.push(...findings.lost)
  totals.failures.push(
    ...outcomes.failures,
    ...findings.half.map((id) => `half written: ${id}`),
    ...findings.stray.map((id) => `refused, and stored all the same: ${id}`),
  )
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  const { events, codes, lost } = totals
  const of = (event: Event) => events.get(event) ?? 0
  return {
    what: 'Three servers on one Postgres under load, which is restarted, or one of which is killed',
    rounds,
    figures: [
      count('restarts of Postgres in order', of('restart (fast)')),
      count('crashes of Postgres', of('restart (immediate)')),
      count('servers killed', of('kill')),
      count('writes acknowledged', totals.acknowledged),
      count('lost', lost.length),
      count('refused with an explanation', totals.refused),
      count('without an answer, mostly at a server that was killed', codes.get('unreachable') ?? 0),
      count('answered that nobody knows', totals.unknown - (codes.get('unreachable') ?? 0)),
      count('of both found whole afterwards', totals.happened),
      count('answered 500', codes.get('internal') ?? 0),
      count('opened at another server', totals.opened),
      mean('mean time from Postgres back to a write at every server', totals.back),
    ],
    failures: [
      ...lost.map((line) => `lost: ${line}`),
      ...totals.failures,
      ...(totals.acknowledged === 0 ? ['No write was acknowledged, so nothing was shown.'] : []),
    ],
  }
}
