// `npm run prove`: runs every proof with its counts, prints what came of it and writes docs/proofs.md. With the name of a
// proof it runs that one and writes nothing; `--seed N` repeats the choices of an earlier run. Exits 1 when one failed.

import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { proveAlterations, proveLength } from './audit-chain.ts'
import { prove as firstStart } from './first-start.ts'
import { prove as grantClocks } from './grants/clocks.ts'
import { prove as grantKill } from './grants/kill.ts'
import { prove as grantPauses } from './grants/pauses.ts'
import { prove as grantStorm } from './grants/storm.ts'
import { prove as killMigrate } from './kill-migrate.ts'
import { prove as killServer } from './kill-server.ts'
import { prove as noPlaintext } from './no-plaintext.ts'
import type { Figure, ProofResult, Prove } from './proof.ts'
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
  'grant-kill': { prove: grantKill, rounds: 25 },
  'grant-pauses': { prove: grantPauses, rounds: 10 },
  'grant-clocks': { prove: grantClocks, rounds: 10 },
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

interface Run {
  readonly name: string
  readonly result: ProofResult
  readonly seconds: number
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seed: { type: 'string' }, rounds: { type: 'string' } },
    allowPositionals: true,
  })
  const [only] = positionals
  const chosen = Object.entries(PROOFS).filter(([name]) => only === undefined || name === only)
  if (chosen.length === 0) {
    print(`There is no proof ${only}. There are: ${Object.keys(PROOFS).join(', ')}.`)
    return 2
  }
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  const about = aboutThisRun(seed)
  print(`${about.join('\n')}\n`)
  const runs: Run[] = []
  for (const [name, proof] of chosen) {
    const rounds = values.rounds === undefined ? proof.rounds : Number(values.rounds)
    runs.push(await runOne(name, { ...proof, rounds }, seed))
  }
  const failed = runs.filter(({ result }) => result.failures.length > 0)
  print(failed.length === 0 ? 'All hold.' : `Failed: ${failed.map(({ name }) => name).join(', ')}.`)
  if (only === undefined && values.rounds === undefined) {
    writeFileSync(join(ROOT, DOCUMENT), document(about, runs))
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

function aboutThisRun(seed: number): string[] {
  const cores = availableParallelism()
  return [
    `Commit ${commit()}.`,
    `Run on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, seed ${seed}.`,
    `Node.js ${process.versions.node} on ${process.platform} ${process.arch} with ${cores} cores.`,
  ]
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

function document(about: readonly string[], runs: readonly Run[]): string {
  const rows = runs.map(({ result, seconds }) => [
    result.what,
    String(result.rounds),
    result.figures.map(figureText).join('<br>'),
    verdictOf(result),
    `${seconds} s`,
  ])
  const failures = runs.flatMap(({ name, result }) => result.failures.map((line) => `- ${name}: ${line}`))
  const details = runs.flatMap(({ result }) =>
    result.details === undefined
      ? []
      : [`## ${result.what}`, table(result.details.headings, result.details.rows)],
  )
  const parts = [
    '# Proofs',
    'What was done to the real program, how often, and what came of it. `npm run prove` writes this page; nothing in it is typed by hand.',
    about.join('  \n'),
    table(['what', 'rounds', 'figures', 'verdict', 'time'], rows),
    ...(failures.length === 0 ? [] : ['## What failed', failures.join('\n')]),
    ...details,
    '## What they do not show',
    '- SIGKILL ends a process; it does not cut the power. That a disk keeps what it has confirmed is its own promise (`synchronous=FULL` asks it for that).\n- Whoever can write to the database and has no key can still take whole things away: a credential, or put back an older copy of a whole row. Nothing opens in a wrong place, but that a credential is missing is noticed by nobody. An older copy of the whole file, or a change of the audit log that was made to fit to its end, is noticed by a server that has seen the other, or by whoever has noted the end of the log; not by the log alone.\n- Moments are chosen at random: a proof that holds is evidence, the more the rounds the better.',
  ]
  return `${parts.join('\n\n')}\n`
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

function figureText({ name, value }: Figure): string {
  return `${name}: ${value}`
}

function verdictOf({ failures }: ProofResult): string {
  return failures.length === 0 ? 'holds' : 'FAILED'
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

// One line that is written over; silent where nobody watches.
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
}

process.exitCode = await main()
