// Before any test: the agent programs are there, so that no test times out while they are being installed, our own programs
// are bundled from the sources as they stand, and there is a place for what all Postgres of the run share.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { type BuildOptions, build } from 'rolldown'
import { agentPrograms } from './agents/install.ts'
import { POSTGRES_DIRECTORY, quickPlace } from './support/postgres.ts'
import { PROGRAMS, PROGRAMS_DIRECTORY, ROOT } from './support/programs.ts'

export async function setup(): Promise<() => void> {
  await agentPrograms()
  const endings = [await bundlePrograms(), placeForPostgres()]
  return () => {
    for (const end of endings) end()
  }
}

function placeForPostgres(): () => void {
  const directory = mkdtempSync(join(quickPlace(), 'claviger-clusters-'))
  process.env[POSTGRES_DIRECTORY] = directory
  return () => {
    delete process.env[POSTGRES_DIRECTORY]
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A directory for each run: several may go on in one checkout. The result removes it. */
export async function bundlePrograms(): Promise<() => void> {
  const cache = join(ROOT, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'programs-'))
  // One by one: code that two of them share would no longer know which of them is the program.
  const builds = Object.entries(PROGRAMS).map(
    ([name, source]): BuildOptions => ({
      ...{ cwd: ROOT, platform: 'node', external: [/^node:/, ...builtinModules], logLevel: 'warn' },
      input: { [name]: source },
      // The command line that comes along is not the program there, though both are one file now.
      ...(name === 'serve-driver' && { transform: { define: { 'import.meta.main': 'false' } } }),
      output: { dir: join(directory, name), format: 'esm' },
    }),
  )
  await build(builds)
  process.env[PROGRAMS_DIRECTORY] = directory
  return () => {
    delete process.env[PROGRAMS_DIRECTORY]
    rmSync(directory, { recursive: true, force: true })
  }
}
