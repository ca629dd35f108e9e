// The page a run of the benchmarks leaves behind.

import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

export interface Section {
  readonly title: string
  readonly text: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly after: string
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper
}

/** The page as Markdown, with commit, date and machine as they are now. */
export function renderReport(sections: readonly Section[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const parts = sections.map(({ title, text, head, rows, after }) => {
    return [
      `## ${title}`,
      text,
      [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'),
      after,
    ].join('\n\n')
  })
  return `<!-- Written by \`npm run bench\`. -->\n\n# Benchmarks\n\n${provenance()}\n\nTrust the ratios: each is taken beside a yardstick in the same run. The absolute figures are this machine's.\n\n${parts.join('\n\n')}\n`
}

/** Commit, date and machine of this run. */
export function provenance(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const dirty =
    git('status', '--porcelain', '--', 'src', 'bench', 'package-lock.json') === ''
      ? ''
      : ' with uncommitted changes'
  const date = new Date().toISOString().slice(0, 10)
  return `Commit ${git('rev-parse', '--short', 'HEAD')}${dirty}, ${date}, Node.js ${process.versions.node}, ${cpus().length} cores.`
}
