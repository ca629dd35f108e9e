// Proof: what is sealed opens nowhere but at its own place. A stopped server's database is changed with SQL, every way
// there is for its cells, then the server is started on it and asked. One round is one start; as many changes as do not
// touch each other are made for it. What must still open, and does, is counted beside.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ClavigerError } from '../../src/domain/errors.ts'
import { adminToken, type Call, connection } from './connection.ts'
import { count, type ProofOptions, type ProofResult } from './proof.ts'
import { seededRandom } from './random.ts'
import { startServer } from './server-process.ts'
import { CONTROL, readCells, store } from './swap/stock.ts'
import { allTrials, type Trial, tamper } from './swap/trials.ts'

const DATABASE = 'claviger.db'
const FILES = [DATABASE, 'master.key', 'admin.token']

interface Tally {
  tried: number
  opened: number
}

interface Ground {
  readonly place: string
  /** The state directory that all others are copied from. */
  readonly original: string
  readonly values: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly owners: readonly string[]
  /** Kind of change → how often. */
  readonly tallies: Map<string, Tally>
  readonly failures: string[]
  controls: number
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-swap-'))
  try {
    const ground = await prepare(place)
    const random = seededRandom(seed)
    const trials = allTrials(readCells(join(ground.original, DATABASE)), ground.owners, random)
    const batches = batchesOf(random.shuffled(trials))
    const chosen = batches.slice(0, rounds)
    await openAll(ground)
    for (const [i, batch] of chosen.entries()) {
      await tryBatch(ground, batch, `start-${i}`)
      if ((i + 1) % 10 === 0 || i + 1 === chosen.length)
        log(`swapped rows: ${i + 1} of ${chosen.length} starts`)
    }
    return resultOf(chosen.length, ground)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

async function prepare(place: string): Promise<Ground> {
  const original = join(place, 'original')
  mkdirSync(original, { mode: 0o700 })
  const server = await startServer({ stateDirectory: original, logFile: join(place, 'server.log') })
  const call = connection(server.url, adminToken(original))
  const me = await call('proof_whoami', 'whoami', {})
  const values = await store(call)
  const owners = ['org', `user:${me.id}`, 'team:everyone']
  // A server that was asked to stop leaves everything in the one file.
  await server.stop()
  return { place, original, values, owners, tallies: new Map(), failures: [], controls: 0 }
}

// As many trials a start as do not touch each other: one for each version of each credential.
function batchesOf(trials: readonly Trial[]): Trial[][] {
  const batches: { trials: Trial[]; taken: Set<string> }[] = []
  for (const trial of trials) {
    const needs = placesOf(trial)
    let batch = batches.find(({ taken }) => needs.every((one) => !taken.has(one)))
    if (batch === undefined) {
      batch = { trials: [], taken: new Set() }
      batches.push(batch)
    }
    batch.trials.push(trial)
    for (const one of needs) batch.taken.add(one)
  }
  return batches.map((batch) => batch.trials)
}

// All raw secrets are asked for in one call, which one that does not open refuses: so there is one trial of them.
function placesOf({ credential, version, single, as }: Trial): string[] {
  const { id, type } = credential
  const isRaw = version === 2 && (type === 'raw' || as?.type === 'raw')
  return [...(single ? [`${id} ${version}`] : [`${id} 1`, `${id} 2`]), ...(isRaw ? ['raw'] : [])]
}

// Without any change everything opens: else the proof would show nothing.
async function openAll(ground: Ground): Promise<void> {
  await withServer(ground, 'untouched', async (call) => {
    const { credentials } = await call('proof_list', 'credentials.list', { limit: 100 })
    for (const { id, name, type, version = 1 } of credentials) {
      const found = await open(call, { id, type })
      const wanted = ground.values.get(name) ?? {}
      const same = Object.entries(wanted).every(([field, value]) => found[field] === value)
      if (!same) ground.failures.push(`Untouched, ${name} does not open as what was stored.`)
      if (version > 1) await call('proof_rollback', 'credentials.rollback', { id, version: 1 })
      ground.controls += version
    }
  })
}

async function tryBatch(ground: Ground, batch: readonly Trial[], name: string): Promise<void> {
  const work = async (call: Call) => {
    for (const trial of batch) await tryOne(ground, trial, call)
    const control = await open(call, { id: CONTROL, type: 'claude/api-key' })
    if (control['key'] === ground.values.get(CONTROL)?.['key']) ground.controls += 1
    else ground.failures.push('The credential that nothing was done to does not open.')
  }
  await withServer(ground, name, work, (directory) => {
    const database = new DatabaseSync(join(directory, DATABASE))
    try {
      tamper(database, batch)
    } finally {
      database.close()
    }
  })
}

async function tryOne({ tallies, failures }: Ground, trial: Trial, call: Call): Promise<void> {
  const tally = tallies.get(trial.kind) ?? { tried: 0, opened: 0 }
  tallies.set(trial.kind, tally)
  const { id, type } = { ...trial.credential, ...trial.as }
  const what = `${trial.kind}, in version ${trial.version} of ${trial.credential.name}`
  try {
    if (trial.version === 2) await open(call, { id, type })
    else await call('proof_rollback', 'credentials.rollback', { id, version: trial.version })
    tally.opened += 1
    failures.push(`It opened: ${what}`)
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    // Any other refusal would mean that the vault was never asked.
    if (!/does not open/.test(thrown.message)) failures.push(`Not tried, ${thrown.message}: ${what}`)
  }
  tally.tried += 1
}

// A raw secret is handed out beside another credential; the untouched one, so that nothing else can fail.
async function open(call: Call, { id, type }: { id: string; type: string }): Promise<Record<string, string>> {
  if (type !== 'raw') {
    const harness = type.startsWith('claude/') ? 'claude' : 'codex'
    const lease = await call('proof_lease', 'leases.create', { harness, credential: id, raw: false })
    return lease.credential?.fields ?? {}
  }
  const lease = await call('proof_lease', 'leases.create', { harness: 'claude', credential: CONTROL })
  const found = lease.raw.find((one) => one.id === id)
  return found === undefined ? {} : { value: found.value }
}

async function withServer(
  { place, original }: Ground,
  name: string,
  work: (call: Call) => Promise<void>,
  change: (directory: string) => void = () => undefined,
): Promise<void> {
  const stateDirectory = join(place, name)
  mkdirSync(stateDirectory, { mode: 0o700 })
  for (const file of FILES) copyFileSync(join(original, file), join(stateDirectory, file))
  change(stateDirectory)
  const server = await startServer({ stateDirectory, logFile: join(place, 'server.log') })
  try {
    await work(connection(server.url, adminToken(stateDirectory)))
  } finally {
    await server.kill()
    rmSync(stateDirectory, { recursive: true })
  }
}

function resultOf(rounds: number, { tallies, failures, controls }: Ground): ProofResult {
  const rows = [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))
  const sum = (of: keyof Tally) => rows.reduce((all, [, tally]) => all + tally[of], 0)
  return {
    what: 'The database of a stopped server is changed, then what is sealed in it is asked for',
    rounds,
    figures: [
      count('changes tried', sum('tried')),
      count('opened all the same', sum('opened')),
      count('untouched ones opened beside', controls),
    ],
    details: {
      headings: ['what was put in the place of a value', 'tried', 'opened'],
      rows: rows.map(([kind, { tried, opened }]) => [kind, String(tried), String(opened)]),
    },
    failures: [...failures, ...(sum('tried') === 0 ? ['Nothing was tried.'] : [])],
  }
}
