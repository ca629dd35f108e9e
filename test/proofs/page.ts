// The page that says what came of the proofs: a row each, with the commit it was run on. Running some of them again
// replaces theirs and leaves the others as they are.

import type { Figure, ProofResult } from './proof.ts'

export interface Run {
  readonly name: string
  readonly result: ProofResult
  readonly seconds: number
}

/** What a row was run on. */
export interface Place {
  readonly commit: string
  /** For people, in UTC. */
  readonly when: string
  readonly machine: string
}

const HEADINGS = ['what', 'rounds', 'figures', 'verdict', 'time', 'commit', 'run on (UTC)']

const LIMITS = `- SIGKILL ends a process; it does not cut the power. That a disk keeps what it has confirmed is its own promise (\`synchronous=FULL\` asks it for that).
- Whoever can write to the database and has no key can still take whole things away: a credential, or put back an older copy of a whole row. Nothing opens in a wrong place, but that a credential is missing is noticed by nobody. An older copy of the whole file, or a change of the audit log that was made to fit to its end, is noticed by a server that has seen the other, or by whoever has noted the end of the log; not by the log alone.
- Moments are chosen at random: a proof that holds is evidence, the more the rounds the better.`

/** `before`: the page whose other rows stay; null: none do. */
export function proofsPage(
  before: string | null,
  { commit, when, machine }: Place,
  runs: readonly Run[],
): string {
  const rows = runs.map(({ result, seconds }) => [
    ...[result.what, String(result.rounds), result.figures.map(figureText).join('<br>')],
    ...[verdictOf(result), `${seconds} s`, commit, when],
  ])
  const failures = runs.flatMap(({ result }) => result.failures.map((line) => `- ${line}`))
  const sections = runs.flatMap(({ result: { what, details } }) =>
    details === undefined ? [] : [[what, table(details.headings, details.rows)] as const],
  )
  const kept =
    before === null ? { rows: [], sections: [] } : readPage(before, new Set(rows.map(([what]) => what)))
  const parts = [
    '# Proofs',
    'What was done to the real program, how often, and what came of it. `npm run prove` writes this page; nothing in it is typed by hand. Some of them can be run again: `npm run prove -- --update NAME…`.',
    machine,
    [lineOf(HEADINGS), lineOf(HEADINGS.map(() => '---')), ...kept.rows, ...rows.map(lineOf)].join('\n'),
    ...(failures.length === 0 ? [] : ['## What failed', failures.join('\n')]),
    ...[...kept.sections, ...sections].map(([title, text]) => `## ${title}\n\n${text}`),
    '## What they do not show',
    LIMITS,
  ]
  return `${parts.join('\n\n')}\n`
}

/** `holds`, or that it failed. */
export function verdictOf({ failures }: ProofResult): string {
  return failures.length === 0 ? 'holds' : 'FAILED'
}

type Section = readonly [title: string, text: string]

const OURS = ['What failed', 'What they do not show']

function readPage(page: string, again: ReadonlySet<string | undefined>) {
  const [head = '', ...sections] = page.split('\n## ')
  const rows = head
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
  const others = sections.flatMap((section): Section[] => {
    const [title = '', ...lines] = section.split('\n')
    return OURS.includes(title) || again.has(title) ? [] : [[title, lines.join('\n').trim()]]
  })
  return { rows: rows.filter((row) => !again.has(row.slice(2).split(' | ')[0])), sections: others }
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [lineOf(headings), lineOf(headings.map(() => '---')), ...rows.map(lineOf)].join('\n')
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

function figureText({ name, value }: Figure): string {
  return `${name}: ${value}`
}
