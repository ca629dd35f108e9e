// Runs every benchmark and writes docs/benchmarks.md. `npm run bench -- leases` runs one and only prints it.

import { writeFileSync } from 'node:fs'
import { benchLeases } from './leases.ts'
import { renderReport, type Section } from './report.ts'
import { benchStartUp } from './start-up.ts'

const BENCHES: Readonly<Record<string, () => Promise<Section>>> = {
  leases: benchLeases,
  'start-up': benchStartUp,
}

const [only] = process.argv.slice(2)
const chosen = Object.entries(BENCHES).filter(([name]) => only === undefined || name === only)
const sections: Section[] = []
for (const [name, bench] of chosen) {
  process.stderr.write(`${name} …\n`)
  sections.push(await bench())
}
const report = renderReport(sections)
process.stdout.write(report)
if (only === undefined) writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), report)
