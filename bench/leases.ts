// Leases a second over HTTP, each with a permission check and a durable audit row, beside a bare node:http reply in the
// same run; and whether 100,000 credentials cost more than ten.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drive, type Figures } from './load.ts'
import { type RunningClaviger, startBaseline, startClaviger } from './processes.ts'
import { median, type Section } from './report.ts'
import { seed } from './seed.ts'

const ROUNDS = 5
const SECONDS = 3
const CONCURRENCY = 50
const SIZES = [10, 100_000] as const

/** Runs yardstick and server in turn, round by round, so that a machine that drifts drifts for both. */
export async function benchLeases(): Promise<Section> {
  const baseline = await startBaseline()
  const directories = await Promise.all(SIZES.map(() => mkdtemp(join(tmpdir(), 'claviger-bench-'))))
  const servers: RunningClaviger[] = []
  try {
    for (const [i, size] of SIZES.entries()) servers.push(await seeded(directories[i] ?? '', size))
    const rounds = { baseline: [] as Figures[], sizes: SIZES.map(() => [] as Figures[]) }
    for (let round = 0; round <= ROUNDS; round += 1) {
      const warm = round === 0
      const reference = await load(baseline.url, '')
      if (!warm) rounds.baseline.push(reference)
      for (const [i, server] of servers.entries()) {
        const figures = await load(`${server.url}/api/v1/leases`, server.token)
        if (!warm) rounds.sizes[i]?.push(figures)
      }
    }
    return section(rounds.baseline, rounds.sizes)
  } finally {
    for (const server of servers) await server.stop()
    await baseline.stop()
    for (const directory of directories) await rm(directory, { recursive: true })
  }
}

async function seeded(stateDirectory: string, size: number): Promise<RunningClaviger> {
  const first = await startClaviger(stateDirectory)
  const headers = { authorization: `Bearer ${first.token}` }
  const response = await fetch(`${first.url}/api/v1/whoami`, { headers })
  const { id, organization } = (await response.json()) as { id: string; organization: { id: string } }
  await first.stop()
  await seed(stateDirectory, { organizationId: organization.id, userId: id }, size)
  return startClaviger(stateDirectory)
}

function load(url: string, token: string): Promise<Figures> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const body = JSON.stringify({ harness: 'claude' })
  return drive({ url, method: 'POST', headers, body, concurrency: CONCURRENCY, seconds: SECONDS })
}

function section(baseline: readonly Figures[], sizes: readonly (readonly Figures[])[]): Section {
  const rate = (rounds: readonly Figures[]) => median(rounds.map(({ perSecond }) => perSecond))
  const row = (name: string, rounds: readonly Figures[]) => {
    const ratios = rounds.map(({ perSecond }, i) => perSecond / (baseline[i]?.perSecond ?? Number.NaN))
    const [p50, p99] = [median(rounds.map((one) => one.p50)), median(rounds.map((one) => one.p99))]
    return [name, rate(rounds).toFixed(0), median(ratios).toFixed(2), p50.toFixed(1), p99.toFixed(1)]
  }
  const [few = [], many = []] = sizes
  return {
    title: 'Leases over HTTP',
    text: `${CONCURRENCY} connections, ${ROUNDS} rounds of ${SECONDS} s in turn, medians. Each lease: token, permission check, resolution over the caller's three credentials, audit row and lease row on disk before the answer. SQLite, \`synchronous=FULL\`.`,
    head: ['what', 'per second', 'of the yardstick', 'p50 ms', 'p99 ms'],
    rows: [
      row('bare `node:http`, reads and answers JSON', baseline),
      row('lease, 10 credentials in the database', few),
      row('lease, 100,000 credentials in the database', many),
    ],
    after: `Must reach 0.20 of the yardstick. 100,000 credentials cost ${(rate(few) / rate(many)).toFixed(2)}× of 10 (must be at most 1.2×).`,
  }
}
