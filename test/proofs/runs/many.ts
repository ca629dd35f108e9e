// Proof: several workers on three servers carry out each run once. One round: as many short runs as workers can take in a
// few seconds, begun at all servers; the program is a stand-in that writes down what it is given.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from '../../../src/client/client.ts'
import { Secret } from '../../../src/domain/secret.ts'
import { carryOut } from '../../../src/runner/worker/carrying-out.ts'
import { runsOf } from '../../../src/runner/worker/client-runs.ts'
import { startWorker, type Worker } from '../../../src/runner/worker/worker.ts'
import { NO_PLACES, newProcess } from '../../support/carrying.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres.ts'
import { talkSeat } from '../../support/talk-seat.ts'
import { adminToken, eachOf } from '../connection.ts'
import { count, type Figure, type ProofOptions, type ProofResult } from '../proof.ts'
import { type ServerProcess, startServer } from '../server-process.ts'

const SERVERS = 3
const WORKERS = 3
const CAPACITY = 4
const DONE_WITHIN_MS = 120_000

interface Ground {
  readonly clients: readonly Client[]
  readonly workers: readonly { readonly worker: Worker; readonly name: string }[]
  readonly log: string
  /** Run → workers that have claimed it. */
  readonly claimed: Map<string, string[]>
}

/** A round is 40 runs. */
export const RUNS_IN_A_ROUND = 40

export async function prove({ rounds, log }: ProofOptions): Promise<ProofResult> {
  return carryOutMany(rounds, RUNS_IN_A_ROUND, log)
}

/** The same with so many runs a round. */
export function proveWith(runs: number): (options: ProofOptions) => Promise<ProofResult> {
  return ({ rounds, log }) => carryOutMany(rounds, runs, log)
}

async function carryOutMany(rounds: number, runs: number, log: ProofOptions['log']): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-runs-'))
  const postgres = await startPostgres()
  const servers: ServerProcess[] = []
  let ground: Ground | null = null
  const failures: string[] = []
  const began = performance.now()
  try {
    await startServers(postgres, place, servers)
    ground = await prepare(place, servers)
    for (let round = 1; round <= rounds; round += 1) {
      failures.push(...(await oneRound(ground, round, runs)))
      log(`runs: round ${round} of ${rounds}`)
    }
    return resultOf(ground, { rounds, runs, failures, seconds: (performance.now() - began) / 1_000 })
  } finally {
    for (const { worker } of ground?.workers ?? []) await worker.stop()
    for (const server of servers) await server.kill()
    await postgres.close()
    rmSync(place, { recursive: true, force: true })
  }
}

async function startServers(
  postgres: PostgresServer,
  place: string,
  servers: ServerProcess[],
): Promise<void> {
  const url = await postgres.createDatabase()
  for (let i = 0; i < SERVERS; i += 1) {
    const stateDirectory = join(place, `state-${i}`)
    mkdirSync(stateDirectory, { mode: 0o700 })
    const variables = { CLAVIGER_DATABASE_URL: url, CLAVIGER_MASTER_KEY: '0123456789abcdef'.repeat(4) }
    servers.push(await startServer({ stateDirectory, logFile: join(place, `server-${i}.log`), variables }))
  }
}

// A worker at each server.
async function prepare(place: string, servers: readonly ServerProcess[]): Promise<Ground> {
  const clients = servers.map(({ url }, i) =>
    createClient({ server: url, token: new Secret(adminToken(join(place, `state-${i}`))) }),
  )
  const [first] = clients
  if (first === undefined) throw new Error('There is no server.')
  const owner = `user:${(await first.call('whoami', {})).id}` as const
  const fields = { key: 'sk-ant-test-runs-many' }
  await first.call('credentials.create', { type: 'claude/api-key', name: 'main', owner, fields })
  const [log, claimed] = [join(place, 'given.log'), new Map<string, string[]>()]
  const workers: { worker: Worker; name: string }[] = []
  for (let i = 0; i < WORKERS; i += 1) {
    const name = `box-${i}`
    const { code } = await first.call('workers.enrol', { name })
    const server = servers[i % servers.length]?.url ?? ''
    const { token } = await createClient({ server, token: null }).call('workers.join', { code })
    const client = createClient({ server, token: new Secret(token) })
    workers.push({ name, worker: startIn({ place, log, client, name, claimed }) })
  }
  return { clients, workers, log, claimed }
}

interface Starting extends Pick<Ground, 'log' | 'claimed'> {
  readonly place: string
  readonly client: Client
  readonly name: string
}

function startIn({ place, log, client, name, claimed }: Starting): Worker {
  const server = runsOf(client)
  return startWorker({
    ...{ server, capacity: CAPACITY, directories: [], said: () => undefined },
    machine: { version: '1.0.0', programs: [{ harness: 'claude', version: null }] },
    ...{ places: NO_PLACES, names: newProcess() },
    carryOut(run) {
      claimed.set(run.id, [...(claimed.get(run.id) ?? []), name])
      return carryOut({
        ...{ server, run, continuation: 'going on', now: Date.now },
        ambient: async () => 'none',
        seat: async (hear) => talkSeat(place, log, hear),
        clear: async () => undefined,
      })
    },
  })
}

async function oneRound(ground: Ground, round: number, runs: number): Promise<string[]> {
  const { clients, log, claimed } = ground
  const names = Array.from({ length: runs }, (_, i) => `r${round}-${i}`)
  const ids = new Map<string, string>()
  const failures: string[] = []
  // One server after the other is asked.
  const clientOf = (name: string) => clients[names.indexOf(name) % clients.length]
  await eachOf(names, 6, async (name) => {
    const made = await clientOf(name)?.call('runs.create', { harness: 'claude', prompt: `say ${name}` })
    if (made !== undefined) ids.set(name, made.id)
  })
  // One whose turn is over makes room for the next.
  await eachOf(names, CAPACITY * WORKERS, async (name) => {
    const failure = await finish(clientOf(name), ids.get(name) ?? '')
    if (failure !== null) failures.push(`${name}: ${failure}`)
  })
  const given = readFileSync(log, 'utf8').split('\n')
  for (const name of names) {
    const times = given.filter((line) => line === `say ${name}`).length
    if (times !== 1) failures.push(`${name} was given to a program ${times} times`)
    const by = claimed.get(ids.get(name) ?? '') ?? []
    if (by.length !== 1) failures.push(`${name} was claimed ${by.length} times: ${by.join(', ')}`)
  }
  return failures
}

// Until its message is done, and then until it is over.
async function finish(client: Client | undefined, id: string): Promise<string | null> {
  const until = performance.now() + DONE_WITHIN_MS
  let isEnded = false
  for (;;) {
    const run = await client?.call('runs.read', { id })
    const [message] = run?.messages ?? []
    if (run?.state === 'done') return null
    if (run === undefined || run.state === 'failed' || performance.now() > until)
      return `it is ${run?.state}: ${run?.reason}; its message is ${message?.state}`
    if (message?.state === 'done' && run.state === 'ready' && !isEnded) {
      isEnded = true
      await client?.call('runs.end', { id })
    }
    await sleep(50)
  }
}

interface Outcome {
  readonly rounds: number
  readonly runs: number
  readonly failures: readonly string[]
  readonly seconds: number
}

function resultOf({ claimed, workers }: Ground, { rounds, runs, failures, seconds }: Outcome): ProofResult {
  const of = (name: string) => [...claimed.values()].flat().filter((one) => one === name).length
  const figures: Figure[] = [
    count('runs', rounds * runs),
    count('carried out once', [...claimed.values()].filter(({ length }) => length === 1).length),
    ...workers.map(({ name }) => count(`by the worker ${name}`, of(name))),
    { name: 'runs a second', value: ((rounds * runs) / seconds).toFixed(1) },
  ]
  const idle = workers.filter(({ name }) => of(name) === 0)
  return {
    what: `Three workers on three servers on one Postgres carry out short runs, ${runs} a round`,
    ...{ rounds, figures },
    failures: [...failures, ...idle.map(({ name }) => `The worker ${name} had nothing to do.`)],
  }
}
