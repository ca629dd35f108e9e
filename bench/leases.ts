// Leases a second over HTTP on each engine, each with a permission check and a durable audit row, beside a bare node:http
// reply in the same run; and whether 100,000 credentials cost more than ten.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from '../test/support/postgres.ts'
import { drive, type Figures } from './load.ts'
import { type RunningClaviger, startBaseline, startClaviger } from './processes.ts'
import { median, type Section } from './report.ts'
import { seed } from './seed.ts'

const CONCURRENCY = 50
const ENGINES = ['SQLite', 'Postgres'] as const

type Engine = (typeof ENGINES)[number]

// What must be reached of the yardstick, and at most lost by 100,000 credentials.
const LEAST: Readonly<Record<Engine, string>> = { SQLite: '0.20', Postgres: '0.10' }
const MOST = '1.2'

/** How long and over how much it is measured. */
interface Extent {
  readonly rounds: number
  readonly seconds: number
  /** Few and many credentials. */
  readonly sizes: readonly [number, number]
}

const WHOLE: Extent = { rounds: 5, seconds: 3, sizes: [10, 100_000] }
const SHORT: Extent = { rounds: 1, seconds: 1, sizes: [10, 1_000] }

interface Place {
  readonly engine: Engine
  readonly size: number
  readonly server: RunningClaviger
  readonly figures: Figures[]
  /** Of each figure, how many a second the yardstick did just before and after it. */
  readonly bare: number[]
}

/** Runs the yardstick between any two servers, round by round: a machine that drifts within seconds drifts for both. */
export async function benchLeases(short: boolean): Promise<Section> {
  const extent = short ? SHORT : WHOLE
  const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'))
  const baseline = await startBaseline()
  const postgres = await startPostgres({ durable: true })
  const places: Place[] = []
  try {
    for (const engine of ENGINES) {
      for (const size of extent.sizes) {
        const server = await seeded(await mkdtemp(join(directory, 'state-')), engine, postgres, size)
        places.push({ engine, size, server, figures: [], bare: [] })
      }
    }
    const reference: Figures[] = []
    for (let round = 0; round <= extent.rounds; round += 1) {
      const warm = round === 0
      let before = await load(extent, baseline.url, '')
      if (!warm) reference.push(before)
      for (const { server, figures, bare } of places) {
        const measured = await load(extent, `${server.url}/api/v1/leases`, server.token)
        const after = await load(extent, baseline.url, '')
        if (!warm) {
          figures.push(measured)
          bare.push((before.perSecond + after.perSecond) / 2)
          reference.push(after)
        }
        before = after
      }
    }
    return section(extent, reference, places)
  } finally {
    for (const { server } of places) await server.stop()
    await postgres.close()
    await baseline.stop()
    await rm(directory, { recursive: true })
  }
}

async function seeded(
  stateDirectory: string,
  engine: Engine,
  postgres: PostgresServer,
  size: number,
): Promise<RunningClaviger> {
  const url =
    engine === 'SQLite' ? `sqlite:${join(stateDirectory, 'claviger.db')}` : await postgres.createDatabase()
  const first = await startClaviger(stateDirectory, url)
  const headers = { authorization: `Bearer ${first.token}` }
  const response = await fetch(`${first.url}/api/v1/whoami`, { headers })
  const { id, organization } = (await response.json()) as { id: string; organization: { id: string } }
  await first.stop()
  await seed(stateDirectory, url, { organizationId: organization.id, userId: id }, size)
  // What a database that has been in use for a while knows of its tables by itself.
  if (engine === 'Postgres') await postgres.query('vacuum analyze', new URL(url).pathname.slice(1))
  return startClaviger(stateDirectory, url)
}

function load({ seconds }: Extent, url: string, token: string): Promise<Figures> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const body = JSON.stringify({ harness: 'claude' })
  return drive({ url, method: 'POST', headers, body, concurrency: CONCURRENCY, seconds })
}

function section(
  { rounds, seconds }: Extent,
  reference: readonly Figures[],
  places: readonly Place[],
): Section {
  const row = (name: string, figures: readonly Figures[], bare: readonly number[]) => {
    const ratios = figures.map(({ perSecond }, i) => perSecond / (bare[i] ?? Number.NaN))
    const [p50, p99] = [median(figures.map((one) => one.p50)), median(figures.map((one) => one.p99))]
    return [name, rate(figures).toFixed(0), median(ratios).toFixed(2), p50.toFixed(1), p99.toFixed(1)]
  }
  const leases = places.map(({ engine, size, figures, bare }) =>
    row(`lease on ${engine}, ${size.toLocaleString('en-US')} credentials in the database`, figures, bare),
  )
  return {
    title: 'Leases over HTTP',
    text: `${CONCURRENCY} connections, ${rounds} rounds of ${seconds} s in turn, with the yardstick before and after each, medians. Each lease: token, permission check, resolution over the caller's three credentials, audit row and lease row on disk before the answer. SQLite with \`synchronous=FULL\`; Postgres as it is installed, on the same machine and sharing its cores.`,
    head: ['what', 'per second', 'of the yardstick', 'p50 ms', 'p99 ms'],
    rows: [
      row(
        'bare `node:http`, reads and answers JSON',
        reference,
        reference.map(({ perSecond }) => perSecond),
      ),
      ...leases,
    ],
    after: ENGINES.map((engine) => verdict(engine, places)).join(' '),
  }
}

function verdict(engine: Engine, places: readonly Place[]): string {
  const [few, many] = places.filter((place) => place.engine === engine)
  if (few === undefined || many === undefined) return ''
  const cost = (rate(few.figures) / rate(many.figures)).toFixed(2)
  const size = many.size.toLocaleString('en-US')
  return `${engine} must reach ${LEAST[engine]} of the yardstick; ${size} credentials cost ${cost}× of ${few.size} (must be at most ${MOST}×).`
}

function rate(figures: readonly Figures[]): number {
  return median(figures.map(({ perSecond }) => perSecond))
}
