// Proof: a first start that is killed at any moment leaves a directory that the next start completes by itself. One round:
// an empty state directory, a start that is killed at a moment the seed decides, a second start, a credential stored and
// handed out with the token it left.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminToken, connection } from './connection.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { seededRandom } from './random.ts'
import { launchServer, type StartOptions, startServer } from './server-process.ts'

interface Totals {
  /** What the killed start had made → how often. */
  readonly left: Map<string, number>
  readonly restarts: number[]
  readonly failures: string[]
  worked: number
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-first-'))
  const random = seededRandom(seed)
  const totals: Totals = { left: new Map(), restarts: [], failures: [], worked: 0 }
  try {
    const whole = await timeOfStart(place)
    for (let round = 1; round <= rounds; round += 1) {
      // Most of a start is loading the program; what can be cut in two comes after it.
      const moment = random.between(Math.round(whole * 0.3), Math.round(whole * 1.1))
      await killAndComplete(startIn(place, `state-${round}`), moment, totals)
      log(`first start: round ${round} of ${rounds}`)
    }
    return resultOf(rounds, totals)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function startIn(place: string, name: string): StartOptions {
  const stateDirectory = join(place, name)
  mkdirSync(stateDirectory, { mode: 0o700 })
  return { stateDirectory, logFile: join(place, 'server.log') }
}

async function timeOfStart(place: string): Promise<number> {
  const server = await startServer(startIn(place, 'whole'))
  await server.kill()
  return server.readyAfter
}

async function killAndComplete(start: StartOptions, moment: number, totals: Totals): Promise<void> {
  const { stateDirectory } = start
  const starting = launchServer(start)
  await sleep(moment)
  await starting.kill()
  const left = leftBy(stateDirectory)
  totals.left.set(left, (totals.left.get(left) ?? 0) + 1)
  try {
    const server = await startServer(start)
    totals.restarts.push(server.readyAfter)
    try {
      await storeAndLease(server.url, stateDirectory)
      totals.worked += 1
    } finally {
      await server.kill()
    }
  } catch (thrown) {
    totals.failures.push(`After a kill at ${moment} ms (${left}): ${thrown}`)
  }
  rmSync(stateDirectory, { recursive: true })
}

function leftBy(stateDirectory: string): string {
  const files = ['claviger.db', 'master.key', 'admin.token', 'server.json'].filter((name) =>
    existsSync(join(stateDirectory, name)),
  )
  const half = readdirSync(stateDirectory).some((name) => /\.tmp|~$/.test(name))
    ? ' and a half-written file'
    : ''
  return (files.join(', ') || 'nothing') + half
}

async function storeAndLease(url: string, stateDirectory: string): Promise<void> {
  const call = connection(url, adminToken(stateDirectory))
  const fields = { key: 'sk-ant-test-first-start' }
  await call('proof_store', 'credentials.create', {
    type: 'claude/api-key',
    owner: 'me',
    name: 'main',
    fields,
  })
  const { credential } = await call('proof_lease', 'leases.create', { harness: 'claude' })
  if (credential?.fields['key'] !== fields.key) throw new Error('The lease has another value.')
}

function resultOf(rounds: number, { left, restarts, failures, worked }: Totals): ProofResult {
  return {
    what: 'The very first start on an empty directory is killed, then started again',
    rounds,
    figures: [
      count('completed and usable', worked),
      mean('mean time from the second start to ready', restarts),
    ],
    details: {
      headings: ['what the killed start had made', 'times'],
      rows: [...left].map(([what, times]) => [what, String(times)]).sort(),
    },
    failures,
  }
}
