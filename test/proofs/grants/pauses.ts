// Proof: what only looks like a death costs no login. On one Postgres: a server that sleeps for longer than its lease while
// the answer comes, and wakes up when another has renewed; a Postgres that is gone between answer and commit; servers
// whose machines' clocks are ten minutes off, one ahead and one behind. A round is each of them once.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { seededRandom } from '../random.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { attemptsOf } from './attempts.ts'
import { ask, askUntilServed, type Ground, journalLines, prepareGround } from './ground.ts'

// A lease that is over before anybody else may go on: dead + grace.
const SHORT = {
  CLAVIGER_RENEW_TIMEOUT_SECONDS: '1',
  CLAVIGER_RENEW_LEASE_SECONDS: '2',
  CLAVIGER_RENEW_DEAD_SECONDS: '1',
  CLAVIGER_RENEW_GRACE_SECONDS: '2',
}
const PATIENCE_MS = 20_000

interface Totals {
  readonly calls: Record<'sleeps' | 'outages', number>
  readonly rounds: Record<'sleeps' | 'outages', number>
  winners: number
  orphans: number
  refusedFirst: number
  twice: number
  readonly failures: string[]
}

type Fail = (what: string) => void

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const totals: Totals = {
    ...{ calls: { sleeps: 0, outages: 0 }, rounds: { sleeps: 0, outages: 0 } },
    ...{ winners: 0, orphans: 0, refusedFirst: 0, twice: 0, failures: [] },
  }
  const random = seededRandom(seed)
  const ground = await prepareGround('postgres', 2, SHORT)
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const fail = (what: string) => totals.failures.push(`round ${round}: ${what}`)
      await sleeping(ground, totals, round % 2 === 1 ? 'latest-wins' : 'strict', fail)
      await outage(ground, totals, random.between(100, 1_500), round % 2 === 0, fail)
      log(`pauses: round ${round} of ${rounds}`)
    }
    await onceEach(ground, totals)
  } finally {
    await ground.close()
  }
  return resultOf(rounds, totals)
}

interface Owned {
  readonly servers: ServerProcess[]
  /** Which of them holds the claim. */
  readonly owner: number
}

// Starts both; the provider has rotated, and its answer is held.
async function startHeld({ sandbox, postgres, databaseUrl, starts }: Ground): Promise<Owned> {
  sandbox.oauth.resetCounters()
  sandbox.oauth.teach({ kind: 'hang', at: 'after-commit' }, { times: 1 })
  const servers = await Promise.all(starts.map((start) => startServer(start)))
  await sandbox.oauth.untilHeld()
  const rows = await postgres?.query<{ replica: string }>(
    "select replica from renewal_attempt where state = 'sent'",
    new URL(databaseUrl).pathname.slice(1),
  )
  const replica = rows?.[0]?.replica ?? ''
  const owner = starts.findIndex(({ stateDirectory }) =>
    readFileSync(join(stateDirectory, 'renewals.journal'), 'utf8').startsWith(`{"replica":"${replica}"`),
  )
  if (owner === -1) throw new Error('Nobody holds the claim.')
  return { servers, owner }
}

async function endAll({ sandbox }: Ground, servers: readonly ServerProcess[]): Promise<void> {
  sandbox.oauth.clearFaults()
  sandbox.oauth.release({ drop: true })
  for (const server of servers) await server.kill()
}

// One that forgives gives the other new tokens, and the sleeper's are dead: they must not win when it wakes up. One that
// does not revokes the login: then the sleeper's answer is all there is, and is not dropped.
async function sleeping(
  ground: Ground,
  totals: Totals,
  rotation: 'latest-wins' | 'strict',
  fail: Fail,
): Promise<void> {
  const { sandbox, starts } = ground
  const { id, login } = await ground.login(-60_000, { rotation, graceMs: 600_000 })
  const { servers, owner } = await startHeld(ground)
  const other = 1 - owner
  const [sleeper, awake, start] = [servers[owner], servers[other], starts[other]]
  if (sleeper === undefined || awake === undefined || start === undefined) return
  try {
    process.kill(sleeper.pid, 'SIGSTOP')
    sandbox.oauth.release()
    const asked = await askUntilServed(awake, start, id, PATIENCE_MS)
    if (asked === null) fail(`${rotation}: nobody was served while one slept`)
    if (asked?.needsLogin) totals.refusedFirst += 1
    process.kill(sleeper.pid, 'SIGCONT')
    const states = await settled(ground, id)
    const latest = sandbox.oauth.logins().find((one) => one.id === login)?.accessToken
    const after = await Promise.all(servers.map((server, i) => ask(server, starts[i] ?? start, id)))
    totals.rounds.sleeps += 1
    totals.calls.sleeps += sandbox.oauth.counters().tokenCalls
    if (sandbox.oauth.counters().tokenCalls !== 2) fail(`${rotation}: not one call and one retry`)
    if (states.includes('orphan')) totals.orphans += 1
    if (rotation === 'latest-wins') {
      if (!states.includes('orphan')) fail(`the sleeper's answer is no orphan: ${states}`)
      if (after.some(({ access }) => access !== latest)) fail("the sleeper's dead tokens won")
    } else if (after.some(({ access }) => access !== latest))
      fail(`the sleeper's answer was dropped: ${states}`)
    else totals.winners += 1
  } finally {
    await endAll(ground, servers)
  }
}

// Until no attempt of this credential is open.
async function settled(ground: Ground, id: string): Promise<string[]> {
  const started = performance.now()
  for (;;) {
    const states = (await attemptsOf(ground))
      .filter(({ credentialId }) => credentialId === id)
      .map(({ state }) => state)
    const isOpen = states.includes('sent') || states.includes('given_up')
    if (!isOpen || performance.now() - started > PATIENCE_MS) return states
    await sleep(50)
  }
}

async function outage(
  ground: Ground,
  totals: Totals,
  away: number,
  isKilled: boolean,
  fail: Fail,
): Promise<void> {
  const { sandbox, postgres, starts } = ground
  const { id, login } = await ground.login(-60_000)
  const { servers, owner } = await startHeld(ground)
  const start = starts[owner]
  try {
    if (postgres === undefined || start === undefined) return
    await postgres.stop('immediate')
    sandbox.oauth.release()
    const isJournaled = () =>
      journalLines(start).some((line) => line.includes('"answer"') && line.includes(id))
    for (const released = performance.now(); !isJournaled(); await sleep(5)) {
      if (performance.now() - released < PATIENCE_MS) continue
      fail('nothing came into the journal')
      break
    }
    if (isKilled) await servers[owner]?.kill()
    await sleep(away)
    await postgres.start()
    if (isKilled) servers[owner] = await startServer(start)
    totals.rounds.outages += 1
    for (const [i, server] of servers.entries()) {
      const asked = await askUntilServed(server, starts[i] ?? start, id, PATIENCE_MS)
      const latest = sandbox.oauth.logins().find((one) => one.id === login)?.accessToken
      if (asked?.access !== latest)
        fail(`lost in an outage${isKilled ? ', owner killed' : ''}: ${asked?.status}`)
    }
    const { tokenCalls } = sandbox.oauth.counters()
    totals.calls.outages += tokenCalls
    if (tokenCalls !== 1) fail(`${tokenCalls} calls of the provider in an outage`)
  } finally {
    await endAll(ground, servers)
  }
}

async function onceEach(ground: Ground, totals: Totals): Promise<void> {
  const committed = (await attemptsOf(ground)).filter(({ state }) => state === 'committed')
  const keys = new Set(committed.map(({ credentialId, generation }) => `${credentialId} ${generation}`))
  totals.twice = committed.length - keys.size
  if (totals.twice > 0) totals.failures.push(`${totals.twice} generations with two committed successors`)
}

function resultOf(rounds: number, { calls, rounds: of, ...totals }: Totals): ProofResult {
  return {
    what: 'Servers that sleep longer than their lease, and a Postgres that is gone between answer and commit',
    rounds,
    figures: [
      count('servers put to sleep between call and answer (SIGSTOP)', of.sleeps),
      count('calls of the provider then', calls.sleeps),
      count('answers that came too late and were set aside', totals.orphans),
      count('retries that were refused', totals.refusedFirst),
      count('answers that came late and won', totals.winners),
      count('outages of Postgres between answer and commit', of.outages),
      count('calls of the provider then', calls.outages),
      count('generations with two committed successors', totals.twice),
    ],
    failures: totals.failures,
  }
}
