// Proof: an audit log of many entries verifies in constant memory, and every alteration with SQL is found by position.
// One round is one alteration of a fresh copy of a log, at positions that the seed decides.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openSqlStore, type SqlStore } from '../../src/store/sql/sql-store.ts'
import { ALTERATIONS, type Alteration, names, openLog } from './audit/alterations.ts'
import { fill, verify } from './audit/log.ts'
import { count, type ProofOptions, type ProofResult, type Prove } from './proof.ts'
import { type Random, seededRandom } from './random.ts'

// Entries of the log that is altered.
const ALTERED_SIZE = 2_000

/** Many entries verified, `size` of them, each round by a new process. */
export function proveLength(size: number): Prove {
  return async ({ rounds, log }) => {
    const place = mkdtempSync(join(tmpdir(), 'claviger-proof-audit-'))
    try {
      const path = join(place, 'claviger.db')
      const filling = performance.now()
      await withStore(path, ({ store }) =>
        fill(store, size, (done) => log(`audit: ${done} of ${size} entries`)),
      )
      const filled = performance.now()
      const runs: Run[] = []
      for (let round = 0; round < rounds; round += 1) runs.push(await verifyInChild(path))
      return lengthResult(size, filled - filling, runs)
    } finally {
      rmSync(place, { recursive: true })
    }
  }
}

interface Run {
  readonly seconds: number
  readonly entries: number
  readonly calls: number
  readonly findings: number
  /** Bytes that the process grew by at the most. */
  readonly growth: number
}

async function verifyInChild(path: string): Promise<Run> {
  const program = join(import.meta.dirname, 'audit/verify-database.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, path])
  return JSON.parse(stdout)
}

// Megabytes: the garbage of a stretch. A million entries held in memory would take a gigabyte.
const MOST_GROWTH = 200

function lengthResult(size: number, filledMs: number, runs: readonly Run[]): ProofResult {
  const most = (of: (run: Run) => number) => Math.max(...runs.map(of))
  const failures = runs.flatMap(({ entries, findings, growth }) => [
    ...(entries === size ? [] : [`${entries} of ${size} entries were verified.`]),
    ...(findings === 0 ? [] : [`An untouched log has ${findings} findings.`]),
    ...(growth < MOST_GROWTH * 2 ** 20 ? [] : [`The process grew by ${megabytes(growth)}.`]),
  ])
  return {
    what: `An audit log of ${size.toLocaleString('en-US')} entries on SQLite is verified`,
    rounds: runs.length,
    figures: [
      { name: 'seconds to verify, at most', value: most((run) => run.seconds).toFixed(1) },
      {
        name: 'growth of the process, at most',
        value: megabytes(most((run) => run.growth)),
      },
      count(
        'calls, each a bounded stretch',
        most((run) => run.calls),
      ),
      { name: 'seconds to write them', value: (filledMs / 1000).toFixed(1) },
    ],
    failures,
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`
}

/** Alterations of every kind, in turn. */
export async function proveAlterations({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-audit-'))
  try {
    const original = join(place, 'original.db')
    await withStore(original, ({ store }) => fill(store, ALTERED_SIZE))
    const random = seededRandom(seed)
    const tallies = new Map<string, { tried: number; found: number }>()
    const failures: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      const alteration = ALTERATIONS[round % ALTERATIONS.length]
      if (alteration === undefined) throw new Error('There is nothing to try.')
      const fault = await tryOne(original, join(place, `copy-${round}.db`), alteration, random)
      const tally = tallies.get(alteration.kind) ?? { tried: 0, found: 0 }
      tally.tried += 1
      if (fault === null) tally.found += 1
      else failures.push(fault)
      tallies.set(alteration.kind, tally)
      log(`audit: ${round + 1} of ${rounds} alterations`)
    }
    return alterationResult(rounds, tallies, failures)
  } finally {
    rmSync(place, { recursive: true })
  }
}

async function tryOne(
  original: string,
  copy: string,
  alteration: Alteration,
  random: Random,
): Promise<string | null> {
  await copyFile(original, copy)
  try {
    return await withStore(copy, (opened) => alterAndVerify(opened, ALTERED_SIZE, alteration, random))
  } finally {
    rmSync(copy)
  }
}

/** Null when the log was whole before and the alteration was found after; else what was not right. */
export async function alterAndVerify(
  { store, database }: SqlStore,
  size: number,
  alteration: Alteration,
  random: Random,
): Promise<string | null> {
  const before = await verify(store)
  if (before.findings.length > 0) return `Before anything was altered: ${before.findings[0]?.message}`
  const positions = await alteration.make(openLog(database), size, random)
  const blind = await verify(store)
  if (alteration.needsSeen && blind.findings.length > 0) return `${alteration.kind}: it was found at once.`
  const { findings } = alteration.needsSeen ? await verify(store, { seen: before.last }) : blind
  if (names(findings, positions)) return null
  const said = findings.map(({ message }) => message).join(' ')
  return `${alteration.kind} at ${positions.join(', ')}: ${said === '' ? 'nothing was found.' : said}`
}

async function withStore<T>(path: string, work: (opened: SqlStore) => Promise<T>): Promise<T> {
  const opened = await openSqlStore({ url: `sqlite:${path}` })
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

function alterationResult(
  rounds: number,
  tallies: ReadonlyMap<string, { tried: number; found: number }>,
  failures: readonly string[],
): ProofResult {
  const rows = [...tallies].map(([kind, { tried, found }]) => [kind, String(tried), String(found)])
  return {
    what: `An audit log of ${ALTERED_SIZE.toLocaleString('en-US')} entries is altered with SQL, then verified`,
    rounds,
    figures: [
      count('kinds of alteration', tallies.size),
      count('alterations', rounds),
      count('found, by position', rounds - failures.length),
    ],
    details: { headings: ['what was done to an entry, or to the end', 'tried', 'found'], rows },
    failures,
  }
}
