// Runs every benchmark and writes docs/benchmarks.md. `npm run bench -- leases` runs one and only prints it; with
// `--short` it is over in a minute, and its figures mean nothing.

import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchLeases } from './leases.ts'
import { benchLists } from './lists.ts'
import { benchRenewals } from './renewals.ts'
import { renderReport, type Section } from './report.ts'
import { benchStartUp } from './start-up.ts'

const BENCHES: Readonly<Record<string, (short: boolean) => Promise<Section>>> = {
  leases: benchLeases,
  renewals: benchRenewals,
  'start-up': benchStartUp,
  lists: benchLists,
}

const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [only] = positionals
const chosen = Object.entries(BENCHES).filter(([name]) => only === undefined || name === only)
const sections: Section[] = []
for (const [name, bench] of chosen) {
  process.stderr.write(`${name} …\n`)
  sections.push(await bench(values.short))
}
const report = renderReport(sections)
process.stdout.write(report)
if (only === undefined && !values.short)
  writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), report)
