// A worker in the process of the server that it works for: the programs that this machine has, and how runs are carried out
// with them.

import { createClient } from '../client/client.ts'
import { environment, type ServerSettings } from '../config.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import { claude } from '../harnesses/claude.ts'
import { codex } from '../harnesses/codex.ts'
import type { Harness } from '../harnesses/harness.ts'
import type { ProcessNames } from '../runner/machine/hold.ts'
import { withoutOwnSettings } from '../runner/materialize.ts'
import { findProgram, versionOf } from '../runner/programs.ts'
import { runsOf } from '../runner/worker/client-runs.ts'
import type { InstalledProgram } from '../runner/worker/run-server.ts'
import { startWorker, type Worker } from '../runner/worker/worker.ts'
import { carryOutHere, runPlacesOf } from '../runner/worker/workshop.ts'
import { workerTokenFile } from '../server/state-directory.ts'
import { addressHere, type EmbeddedOptions } from './keeper.ts'

// Milliseconds.
const FIND_EVERY = 5_000

/** Programs of this machine, as far as they were found. */
export interface Found {
  readonly harnesses: Map<HarnessName, Harness>
  readonly programs: InstalledProgram[]
}

// Programs may be installed later than the server is started. What was found once stays: whoever misses it says so.
export function createFinder(settings: ServerSettings, found: Found): () => Promise<void> {
  const programs = programsOf(settings)
  let lookedAt = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - lookedAt < FIND_EVERY) return
    lookedAt = performance.now()
    const own = withoutOwnSettings(environment())
    for (const harness of [claude, codex]) {
      if (found.harnesses.has(harness.name)) continue
      const program = await findProgram(harness, own, process.cwd(), programs[harness.name])
      if (program === null) continue
      const version = await versionOf(program, own, settings.stateDirectory)
      found.harnesses.set(harness.name, harness)
      found.programs.push({ harness: harness.name, version })
    }
  }
}

function programsOf({ claudeBin, codexBin }: ServerSettings): Partial<Record<HarnessName, string>> {
  return { ...(claudeBin !== null && { claude: claudeBin }), ...(codexBin !== null && { codex: codexBin }) }
}

/** What a worker in this process works with. */
export interface WorkingOptions
  extends Pick<EmbeddedOptions, 'settings' | 'worker' | 'url' | 'fetch' | 'log'> {
  /** Of Claviger. */
  readonly version: string
}

/** Begins at once, with the token that lies in the state directory. */
export async function beginWorking(
  { settings, worker, url, fetch, log, version }: WorkingOptions,
  { harnesses, programs }: Found,
  { onlyFor, names }: { readonly onlyFor: string; readonly names: ProcessNames },
): Promise<Worker> {
  const { stateDirectory } = settings
  const token = await workerTokenFile(stateDirectory).read()
  if (token === null) throw new ClavigerError('not_found', 'Its token is gone.')
  const server = runsOf(createClient({ server: addressHere(url), token, fetch }))
  // It is that person's own machine.
  const directories = worker.directories.length > 0 ? worker.directories : ['/']
  return startWorker({
    ...{
      server,
      directories,
      onlyFor,
      capacity: worker.runs,
      places: runPlacesOf(stateDirectory, [claude, codex]),
      names,
    },
    machine: { version, programs },
    carryOut: (run) =>
      carryOutHere(
        {
          ...{ server, harnesses, directories, stateDirectory, environment: environment() },
          ...{ programs: programsOf(settings), silenceMs: worker.silence, pinned: worker.models },
          // The server is on this very machine, whatever its address.
          ...{ allowHttp: true, allowAmbient: true },
        },
        run,
      ),
    said: (text) => log.debug({}, `embedded worker: ${text}`),
  })
}
