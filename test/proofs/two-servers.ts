// Proof: a second server on a database that one holds refuses to start, however it gets there, and the first one does not
// notice. One round: a second start by each of the ways, while the first is being written to.

import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminToken, type Call, connection } from './connection.ts'
import { count, mean, type ProofOptions, type ProofResult } from './proof.ts'
import { launchServer, type ServerProcess, type StartOptions, startServer } from './server-process.ts'

const REFUSES_WITHIN_MS = 20_000
// What the first server left in its directory and no other may touch.
const KEPT_FILES = ['master.key', 'admin.token', 'server.json']

interface Way {
  readonly name: string
  /** The start of the second server; its state directory exists. */
  options(place: string): StartOptions
}

const WAYS: readonly Way[] = [
  { name: 'the same state directory', options: (place) => startIn(place, 'first') },
  { name: 'the state directory below a link', options: (place) => startIn(place, 'link/first') },
  { name: 'the database named by its address', options: (place) => startOn(place, 'first/claviger.db') },
  { name: 'the database by a symbolic link', options: (place) => startOn(place, 'symbolic.db') },
  { name: 'the database by a hard link', options: (place) => startOn(place, 'hard.db') },
]

interface Totals {
  tries: number
  readonly refusedAfter: number[]
  readonly failures: string[]
}

export async function prove({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-two-'))
  try {
    const stateDirectory = join(place, 'first')
    mkdirSync(stateDirectory, { mode: 0o700 })
    const start = { stateDirectory, logFile: join(place, 'first.log') }
    const first = await startServer(start)
    const totals: Totals = { tries: 0, refusedAfter: [], failures: [] }
    let written: string[] = []
    try {
      prepareWays(place)
      const kept = keptFiles(stateDirectory)
      written = await whileWriting(first, stateDirectory, totals, async () => {
        for (let round = 1; round <= rounds; round += 1) {
          for (const way of WAYS) await tryToStart(way, place, totals)
          log(`two servers: round ${round} of ${rounds}`)
        }
      })
      if (keptFiles(stateDirectory) !== kept) totals.failures.push('A file of the first server has changed.')
    } finally {
      const code = await first.stop()
      if (code !== 0) totals.failures.push(`The first server ended with ${code} when it was asked to stop.`)
    }
    const missing = await missingAfterRestart(start, written)
    totals.failures.push(...missing.map((name) => `${name} was acknowledged and is gone after a restart`))
    return resultOf(rounds, totals, written.length, missing.length)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function startIn(place: string, directory: string): StartOptions {
  return { stateDirectory: join(place, directory), logFile: join(place, 'second.log') }
}

function startOn(place: string, file: string): StartOptions {
  return { ...startIn(place, 'second'), variables: { CLAVIGER_DATABASE_URL: `sqlite:${join(place, file)}` } }
}

// The second server has the right key: only the lock may keep it out.
function prepareWays(place: string): void {
  mkdirSync(join(place, 'second'), { mode: 0o700 })
  for (const name of ['master.key', 'admin.token']) {
    copyFileSync(join(place, 'first', name), join(place, 'second', name))
  }
  symlinkSync(place, join(place, 'link'))
  symlinkSync(join(place, 'first/claviger.db'), join(place, 'symbolic.db'))
  linkSync(join(place, 'first/claviger.db'), join(place, 'hard.db'))
}

async function tryToStart({ name, options }: Way, place: string, totals: Totals): Promise<void> {
  const start = options(place)
  rmSync(start.logFile, { force: true })
  const begun = performance.now()
  const second = launchServer(start)
  const late = sleep(REFUSES_WITHIN_MS, 'late' as const, { ref: false })
  const code = await Promise.race([second.ended, late])
  await second.kill()
  const said = readFileSync(start.logFile, 'utf8')
  totals.tries += 1
  if (code === 1 && /in use|another|already/i.test(said)) totals.refusedAfter.push(performance.now() - begun)
  else totals.failures.push(`By ${name} the second server ended with ${code}: ${said.slice(-300)}`)
}

// Stores one credential after another at the first server until `work` is over; every call must be answered.
async function whileWriting(
  { url }: ServerProcess,
  stateDirectory: string,
  { failures }: Totals,
  work: () => Promise<void>,
): Promise<string[]> {
  const call = connection(url, adminToken(stateDirectory))
  const written: string[] = []
  let over = false
  const writing = async () => {
    while (!over) {
      const name = `during_${written.length}`
      try {
        await store(call, name)
        written.push(name)
      } catch (thrown) {
        failures.push(`The first server did not store ${name}: ${thrown}`)
        return
      }
      await sleep(20)
    }
  }
  const writer = writing()
  try {
    await work()
  } finally {
    over = true
    await writer
  }
  return written
}

async function store(call: Call, name: string): Promise<void> {
  const fields = { key: `sk-ant-test-${name}` }
  await call('proof_store', 'credentials.create', { type: 'claude/api-key', owner: 'org', name, fields })
}

function keptFiles(stateDirectory: string): string {
  return KEPT_FILES.map((name) => readFileSync(join(stateDirectory, name), 'utf8')).join()
}

async function missingAfterRestart(start: StartOptions, written: readonly string[]): Promise<string[]> {
  const server = await startServer(start)
  try {
    const call = connection(server.url, adminToken(start.stateDirectory))
    const missing: string[] = []
    for (const name of written) {
      const input = { harness: 'claude', credential: name, raw: false } as const
      const lease = await call('proof_lease', 'leases.create', input)
      if (lease.credential?.fields['key'] !== `sk-ant-test-${name}`) missing.push(name)
    }
    return missing
  } finally {
    await server.kill()
  }
}

function resultOf(rounds: number, totals: Totals, written: number, missing: number): ProofResult {
  const { tries, refusedAfter, failures } = totals
  return {
    what: `A second server is started on the database of a running one, by ${WAYS.length} ways`,
    rounds,
    figures: [
      count('second servers started', tries),
      count('refused', refusedAfter.length),
      count('writes of the first meanwhile', written),
      count('of these lost', missing),
      mean('mean time until the refusal', refusedAfter),
    ],
    failures: [...failures, ...(written === 0 ? ['The first server was written nothing meanwhile.'] : [])],
  }
}
