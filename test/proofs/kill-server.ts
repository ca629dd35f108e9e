// Proof: SIGKILL under a stream of writes loses nothing that was acknowledged and leaves nothing half done. One round:
// start on the same state directory, let writers write, kill at a moment the seed decides, look at the files, start again,
// compare everything. It shows what a process's death does; a loss of power is for the disk and `synchronous=FULL`.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminToken, connection } from './connection.ts'
import type { Owners } from './kill/acts.ts'
import { halfWritten } from './kill/half.ts'
import { type Known, nothingKnown } from './kill/known.ts'
import { type AuditPosition, settle } from './kill/settle.ts'
import { type Findings, verify } from './kill/verify.ts'
import { noOutcomes, type Outcomes, writeUntilGone } from './kill/writer.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { type Random, seededRandom } from './random.ts'
import { launchServer, type ServerProcess, startServer } from './server-process.ts'

const WRITERS = 8
const KILL_AFTER_MS = [50, 800] as const
const FIRST_ANSWERS_WITHIN_MS = 20_000
// One in so many restarts is killed as well, while it starts.
const KILLED_RESTART = 4
const KILL_RESTART_AFTER_MS = [10, 400] as const

interface Totals {
  readonly acknowledged: Map<string, number>
  unanswered: number
  happened: number
  refused: number
  killedRestarts: number
  compared: number
  auditRows: number
  releases: number
  readonly restarts: number[]
  readonly lost: string[]
  readonly half: string[]
  readonly failures: string[]
}

interface Place {
  readonly stateDirectory: string
  readonly logFile: string
}

interface Ground extends Place {
  readonly random: Random
  readonly known: readonly Known[]
  readonly position: AuditPosition
  readonly totals: Totals
  /** Of the last verification: their audit rows have not been looked at. */
  releases: Findings['releases']
}

export async function prove(options: ProofOptions): Promise<ProofResult> {
  return proveRounds(options, { accident: () => undefined, least: 1 })
}

/** The same, with something that happens to the state directory while the server is down: it has to be noticed. */
export async function proveWithAccident(
  options: ProofOptions,
  accident: (stateDirectory: string) => void,
): Promise<ProofResult> {
  // So many that there is something of each kind to lose, on a machine that is busy too.
  return proveRounds(options, { accident, least: 150 })
}

interface Course {
  readonly accident: (stateDirectory: string) => void
  /** A server is not killed before so many writes are acknowledged. */
  readonly least: number
}

async function proveRounds(
  { rounds, seed, log }: ProofOptions,
  { accident, least }: Course,
): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-kill-'))
  try {
    const stateDirectory = join(place, 'state')
    mkdirSync(stateDirectory, { mode: 0o700 })
    const ground = newGround({ stateDirectory, logFile: join(place, 'server.log') }, seed)
    let server = await startServer(ground)
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const outcomes = await writeAndKill(ground, server, { round, least })
        accident(stateDirectory)
        server = await restart(ground)
        await look(ground, server, outcomes, `check_${round}`)
        log(`kill -9: round ${round} of ${rounds}, ${sum(ground.totals.acknowledged)} writes acknowledged`)
      }
      await look(ground, server, noOutcomes(), 'check_end')
    } finally {
      await server.kill()
    }
    return resultOf(rounds, ground.totals)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function newGround(place: Place, seed: number): Ground {
  const known = Array.from({ length: WRITERS }, (_, i) => {
    const harness = (['claude', 'codex'] as const)[i]
    return nothingKnown(harness === undefined ? null : { harness, ids: [] })
  })
  const totals: Totals = {
    ...{ unanswered: 0, happened: 0, refused: 0, killedRestarts: 0, compared: 0, auditRows: 0, releases: 0 },
    ...{ acknowledged: new Map(), restarts: [], lost: [], half: [], failures: [] },
  }
  const position = { after: undefined }
  return { ...place, random: seededRandom(seed), known, position, totals, releases: new Map() }
}

async function writeAndKill(
  ground: Ground,
  server: ServerProcess,
  { round, least }: { readonly round: number } & Pick<Course, 'least'>,
): Promise<Outcomes> {
  const { known, random, stateDirectory, totals } = ground
  const call = connection(server.url, adminToken(stateDirectory))
  const me = await call('proof_whoami', 'whoami', {})
  const owners: Owners = ['org', `user:${me.id}`, ...me.teams.map((slug) => `team:${slug}`)]
  const outcomes = noOutcomes()
  const writers = known.map((one, i) => {
    const ownRandom = seededRandom(random.below(2 ** 31))
    return writeUntilGone({ name: `r${round}_w${i}`, known: one, random: ownRandom, owners, call }, outcomes)
  })
  // On a machine that is busy the first answers may be late; the moment counts from them.
  const begun = performance.now()
  while (outcomes.acknowledged.length < least && performance.now() - begun < FIRST_ANSWERS_WITHIN_MS)
    await sleep(1)
  await sleep(random.between(...KILL_AFTER_MS))
  await server.kill()
  await Promise.all(writers)
  totals.half.push(...halfWritten(stateDirectory))
  return outcomes
}

async function restart(ground: Ground): Promise<ServerProcess> {
  if (ground.random.oneIn(KILLED_RESTART)) {
    const starting = launchServer(ground)
    await sleep(ground.random.between(...KILL_RESTART_AFTER_MS))
    await starting.kill()
    ground.totals.killedRestarts += 1
  }
  const server = await startServer(ground)
  ground.totals.restarts.push(server.readyAfter)
  return server
}

async function look(ground: Ground, server: ServerProcess, outcomes: Outcomes, name: string): Promise<void> {
  const { known, position, totals } = ground
  const call = connection(server.url, adminToken(ground.stateDirectory))
  const settled = await settle(call, position, outcomes, ground.releases)
  const findings = await verify({ url: server.url, call, known, name })
  ground.releases = findings.releases
  for (const act of outcomes.acknowledged) {
    const kind = act.rows.at(-1) ?? ''
    totals.acknowledged.set(kind, (totals.acknowledged.get(kind) ?? 0) + 1)
  }
  totals.unanswered += outcomes.unanswered.length
  totals.refused += outcomes.refused.length
  totals.happened += settled.happened
  totals.auditRows += settled.rows
  totals.compared += findings.compared
  totals.releases += sum(findings.releases)
  totals.lost.push(...settled.lost, ...findings.lost)
  totals.half.push(...settled.half, ...findings.half)
  totals.failures.push(...outcomes.failures)
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  const { acknowledged, lost, half, failures } = totals
  const leases = acknowledged.get('lease.create') ?? 0
  return {
    what: 'The server is killed with SIGKILL while eight writers write, then started again on its files',
    rounds,
    figures: [
      count('writes acknowledged', sum(acknowledged)),
      count('writes in flight at the kill', totals.unanswered),
      count('of these found whole afterwards', totals.happened),
      count('refused for a name in use', totals.refused),
      count('lost', lost.length),
      count('half written', half.length),
      count('facts compared after the restarts', totals.compared),
      count('credentials released', leases + totals.releases),
      count('audit rows laid beside the calls', totals.auditRows),
      count('restarts that were killed too', totals.killedRestarts),
      mean('mean time from start to ready', totals.restarts),
    ],
    failures: [
      ...lost.map((line) => `lost: ${line}`),
      ...half.map((line) => `half written: ${line}`),
      ...failures,
      ...(sum(acknowledged) === 0 ? ['No write was acknowledged, so nothing was shown.'] : []),
    ],
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0)
}
