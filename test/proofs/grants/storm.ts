// Proof: however many want a login that has ended, its provider is asked once. One round: 1,000 callers, over three servers
// on one Postgres or at one on SQLite, come while its provider takes 150 ms; the same with a provider that fails, which is
// asked once for each time it is left in peace.

import { setTimeout as sleep } from 'node:timers/promises'
import { askOnce, type PlainAnswer, requestBytes } from '../../support/plain-http.ts'
import { adminToken } from '../connection.ts'
import { count, type Figure, type ProofOptions, type ProofResult } from '../proof.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { type EngineName, type Ground, prepareGround } from './ground.ts'

const CALLERS = 1_000
const PROVIDER_MS = 150

const PLACES = [
  { engine: 'postgres', servers: 3 },
  { engine: 'sqlite', servers: 1 },
] as const

interface Tally {
  readonly place: string
  readonly rounds: number
  served: number
  calls: number
  refused: number
  failedCalls: number
  /** How often a provider that failed was left in peace. */
  backOffs: number
  longest: number
}

export async function prove({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const tallies: Tally[] = []
  const failures: string[] = []
  for (const { engine, servers } of PLACES) {
    const place = `${engine}, ${servers} ${servers === 1 ? 'server' : 'servers'}`
    const tally: Tally = {
      ...{ place, rounds, served: 0, calls: 0, refused: 0, failedCalls: 0, backOffs: 0, longest: 0 },
    }
    tallies.push(tally)
    const ground = await prepareGround(engine, servers)
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const fail = (what: string) => failures.push(`${place}, round ${round}: ${what}`)
        await answering(ground, engine, tally, fail)
        await failing(ground, tally, fail)
        log(`storm: ${place}, round ${round} of ${rounds}`)
      }
    } finally {
      await ground.close()
    }
  }
  return resultOf(rounds, tallies, failures)
}

type Fail = (what: string) => void

// The call is held until all are there, and then takes as long as a provider does.
async function answering(ground: Ground, engine: EngineName, tally: Tally, fail: Fail): Promise<void> {
  const { sandbox } = ground
  const { id, login } = await ground.login(-60_000)
  sandbox.oauth.resetCounters()
  sandbox.oauth.teach({ kind: 'hang' }, { times: 1 })
  const servers = await startAll(ground)
  try {
    await sandbox.oauth.untilHeld()
    const storm = callers(ground, servers, id)
    await sleep(PROVIDER_MS)
    sandbox.oauth.release()
    const answers = await storm
    const { accessToken } = sandbox.oauth.logins().find((one) => one.id === login) ?? {}
    const served = answers.filter(
      ({ body }) => accessToken !== undefined && body.includes(accessToken),
    ).length
    const { tokenCalls } = sandbox.oauth.counters()
    tally.served += served
    tally.calls += tokenCalls
    tally.longest = Math.max(tally.longest, ...answers.map(({ took }) => took))
    if (served < CALLERS) fail(`${CALLERS - served} of ${CALLERS} not served`)
    if (tokenCalls !== 1) fail(`${tokenCalls} calls of the provider on ${engine}`)
  } finally {
    sandbox.oauth.clearFaults()
    sandbox.oauth.release({ drop: true })
    for (const server of servers) await server.kill()
  }
}

// Each call of a provider that fails is followed by a time in which nobody asks it: as many calls as such times.
async function failing(ground: Ground, tally: Tally, fail: Fail): Promise<void> {
  const { sandbox } = ground
  const login = await ground.login(-60_000)
  sandbox.oauth.resetCounters()
  sandbox.oauth.teach({ kind: 'status', status: 503, retryAfter: '2' })
  const servers = await startAll(ground)
  try {
    const started = performance.now()
    const answers = await callers(ground, servers, login.id)
    const { tokenCalls } = sandbox.oauth.counters()
    // The provider asked for two seconds each time; the first call was made when the first server started.
    const most = 2 + Math.ceil((performance.now() - started) / 2_000)
    const refused = answers.filter(({ status }) => status === 422).length
    tally.refused += refused
    tally.failedCalls += tokenCalls
    tally.backOffs += most
    if (refused < CALLERS) fail(`${CALLERS - refused} of ${CALLERS} were not told that it has ended`)
    if (tokenCalls > most || tokenCalls < 1)
      fail(`${tokenCalls} calls of a provider that fails, at most ${most}`)
  } finally {
    sandbox.oauth.clearFaults()
    for (const server of servers) await server.kill()
    // The next round counts the calls for its own.
    await ground.remove(login)
  }
}

function startAll({ starts }: Ground): Promise<ServerProcess[]> {
  return Promise.all(starts.map((start) => startServer(start)))
}

interface Answer extends PlainAnswer {
  readonly took: number
}

/** All at once, each on a connection of its own, spread over the servers. */
export async function callers(
  { starts }: Pick<Ground, 'starts'>,
  servers: readonly ServerProcess[],
  credential: string,
  many = CALLERS,
): Promise<Answer[]> {
  const body = JSON.stringify({ harness: 'codex', credential, raw: false })
  const doors = starts.map(({ stateDirectory }, i) => {
    const url = `${servers[i]?.url}/api/v1/leases`
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${adminToken(stateDirectory)}`,
    }
    return { url, bytes: requestBytes({ url, method: 'POST', headers, body }) }
  })
  const one = async (i: number): Promise<Answer> => {
    const door = doors[i % servers.length]
    if (door === undefined) throw new Error('There is no server.')
    const started = performance.now()
    return { ...(await askOnce(door.url, door.bytes)), took: performance.now() - started }
  }
  return Promise.all(Array.from({ length: many }, (_, i) => one(i)))
}

function resultOf(rounds: number, tallies: readonly Tally[], failures: readonly string[]): ProofResult {
  const figures = tallies.flatMap(({ place, ...tally }): Figure[] => [
    count(`callers served (${place})`, tally.served),
    count(`calls of the provider for them (${place})`, tally.calls),
    { name: `longest wait of a caller (${place})`, value: `${Math.round(tally.longest)} ms` },
    count(`callers told that it has ended, of a provider that fails (${place})`, tally.refused),
    count(`calls of that provider (${place})`, tally.failedCalls),
    count(`calls it may have had by its own Retry-After (${place})`, tally.backOffs),
  ])
  return { what: 'A thousand callers want a login that has ended', rounds, figures, failures }
}
