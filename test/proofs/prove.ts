// `npm run prove`: runs every proof with its counts, prints what came of it and writes docs/proofs.md. With the name of a
// proof, or several, it runs those and writes nothing; with `--update` it writes their rows. `--seed N` repeats the choices of an earlier run. Exits 1 when one failed.

import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { proveAlterations, proveLength } from './audit-chain.ts'
import { prove as firstStart } from './first-start.ts'
import { prove as grantClocks } from './grants/clocks.ts'
import { prove as grantKill } from './grants/kill.ts'
import { prove as grantPauses } from './grants/pauses.ts'
import { prove as grantRestores } from './grants/restores.ts'
import { prove as grantStorm } from './grants/storm.ts'
import { prove as killMigrate } from './kill-migrate.ts'
import { prove as killServer } from './kill-server.ts'
import { prove as noPlaintext } from './no-plaintext.ts'
import { type Place, proofsPage, type Run, verdictOf } from './page.ts'
import { proveCrowd } from './profiles/crowd.ts'
import { proveKills as profileKills } from './profiles/kill.ts'
import { provePauses as profilePauses } from './profiles/pauses.ts'
import { provePluginKills } from './profiles/plugin-kill.ts'
import type { ProofResult, Prove } from './proof.ts'
import { prove as rekey } from './rekey.ts'
import { prove as replicas } from './replicas.ts'
import { prove as runsKill } from './runs/kill.ts'
import { prove as runsMany } from './runs/many.ts'
import { prove as runsServerAway } from './runs/server-away.ts'
import { prove as swappedRows } from './swapped-rows.ts'
import { prove as twoServers } from './two-servers.ts'

interface Proof {
  readonly prove: Prove
  /** For `npm run prove`. */
  readonly rounds: number
}

// Name → proof. A new proof is a new line here and a test beside its module.
const PROOFS: Readonly<Record<string, Proof>> = {
  'kill-server': { prove: killServer, rounds: 50 },
  'first-start': { prove: firstStart, rounds: 50 },
  rekey: { prove: rekey, rounds: 20 },
  'kill-migrate': { prove: killMigrate, rounds: 20 },
  'two-servers': { prove: twoServers, rounds: 10 },
  replicas: { prove: replicas, rounds: 30 },
  'grant-storm': { prove: grantStorm, rounds: 5 },
  'grant-restores': { prove: grantRestores, rounds: 5 },
  'grant-kill': { prove: grantKill, rounds: 25 },
  'grant-pauses': { prove: grantPauses, rounds: 10 },
  'grant-clocks': { prove: grantClocks, rounds: 10 },
  'profiles-crowd': { prove: proveCrowd(40), rounds: 5 },
  'profiles-kill': { prove: profileKills, rounds: 25 },
  'profiles-pauses': { prove: profilePauses, rounds: 10 },
  'plugins-kill': { prove: provePluginKills, rounds: 10 },
  'runs-kill': { prove: runsKill, rounds: 20 },
  'runs-many': { prove: runsMany, rounds: 5 },
  'runs-server-away': { prove: runsServerAway, rounds: 1 },
  // More than there are: every change is tried.
  'swapped-rows': { prove: swappedRows, rounds: 1000 },
  'no-plaintext': { prove: noPlaintext, rounds: 3 },
  'audit-length': { prove: proveLength(1_000_000), rounds: 2 },
  'audit-alterations': { prove: proveAlterations, rounds: 1_000 },
}

const ROOT = join(import.meta.dirname, '../..')
const DOCUMENT = 'docs/proofs.md'

// Pages that hold figures of runs: what is in them changes nothing of the program.
const WRITTEN_BY_RUNS = [DOCUMENT, 'docs/benchmarks.md']

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seed: { type: 'string' }, rounds: { type: 'string' }, update: { type: 'boolean' } },
    allowPositionals: true,
  })
  const unknown = positionals.find((name) => !(name in PROOFS))
  if (unknown !== undefined) {
    print(`There is no proof ${unknown}. There are: ${Object.keys(PROOFS).join(', ')}.`)
    return 2
  }
  const isAll = positionals.length === 0
  const chosen = Object.entries(PROOFS).filter(([name]) => isAll || positionals.includes(name))
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  const place = placeOfThisRun()
  print(`Commit ${place.commit}, ${place.when} UTC, seed ${seed}.\n${place.machine}\n`)
  const runs: Run[] = []
  for (const [name, proof] of chosen) {
    const rounds = values.rounds === undefined ? proof.rounds : Number(values.rounds)
    runs.push(await runOne(name, { ...proof, rounds }, seed))
  }
  const failed = runs.filter(({ result }) => result.failures.length > 0)
  print(failed.length === 0 ? 'All hold.' : `Failed: ${failed.map(({ name }) => name).join(', ')}.`)
  if ((isAll || values.update === true) && values.rounds === undefined) {
    const before = isAll ? null : readFileSync(join(ROOT, DOCUMENT), 'utf8')
    writeFileSync(join(ROOT, DOCUMENT), proofsPage(before, place, runs))
    print(`Written to ${DOCUMENT}.`)
  }
  return failed.length === 0 ? 0 : 1
}

async function runOne(name: string, { prove, rounds }: Proof, seed: number): Promise<Run> {
  const started = performance.now()
  const result = await attempt(prove, { rounds, seed, log: progress })
  progress('')
  const run = { name, result, seconds: Math.round((performance.now() - started) / 1000) }
  print(`${verdictOf(result)}  ${name}, ${result.rounds} rounds, ${run.seconds} s`)
  print(`   ${result.what}.`)
  const width = Math.max(...result.figures.map((figure) => figure.value.length), 0)
  for (const figure of result.figures) print(`   ${figure.value.padStart(width)}  ${figure.name}`)
  for (const failure of result.failures.slice(0, 20)) print(`   ! ${failure}`)
  if (result.failures.length > 20) print(`   ! and ${result.failures.length - 20} more`)
  print('')
  return run
}

// A proof that cannot be carried out has failed; the others still run.
async function attempt(prove: Prove, options: Parameters<Prove>[0]): Promise<ProofResult> {
  try {
    return await prove(options)
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    return { what: 'It could not be carried out', rounds: 0, figures: [], failures: [why] }
  }
}

function placeOfThisRun(): Place {
  const cores = availableParallelism()
  return {
    commit: commit(),
    when: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `Node.js ${process.versions.node} on ${process.platform} ${process.arch} with ${cores} cores.`,
  }
}

function commit(): string {
  try {
    const git = (...words: string[]) => execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim()
    const changed =
      git('status', '--porcelain', '--', '.', ...WRITTEN_BY_RUNS.map((page) => `:!${page}`)) !== ''
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with uncommitted changes' : '')
  } catch {
    return 'unknown (not a checkout)'
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// One line that is written over; silent where nobody watches.
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}

process.exitCode = await main()
