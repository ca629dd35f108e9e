// What a machine needs to carry out runs: where they lie, its harnesses and their programs, and how a claimed run gets its
// place and its seat there.

import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { PinnedModels } from '../../domain/runs/models.ts'
import { checkWorkspace, directoryOf, isWithin } from '../../domain/runs/workspace.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { cleanPlaces, endTools } from '../machine/left-behind.ts'
import { type Environment, readMachine, withFullPaths, withoutOwnSettings } from '../materialize.ts'
import { checkVersion, findProgram, programMissing } from '../programs.ts'
import { withoutLargeFiles } from '../workspaces/git.ts'
import {
  type LendingAccess,
  listRunPlaces,
  openRunPlace,
  removeRunPlace,
  type WorkspaceOptions,
} from '../workspaces/workspace.ts'
import { type Carried, carryOut } from './carrying-out.ts'
import { lendingAccess } from './lending.ts'
import type { ClaimedRun, RunServer } from './run-server.ts'
import { createSeat, type Seat, type SeatOptions } from './seat.ts'
import type { RunPlaces } from './tidying.ts'

export interface WorkshopOptions {
  readonly server: RunServer
  readonly harnesses: ReadonlyMap<HarnessName, Harness>
  /** The worker's whole environment. */
  readonly environment: Environment
  readonly stateDirectory: string
  /** Settings CLAVIGER_CLAUDE_BIN and CLAVIGER_CODEX_BIN. */
  readonly programs: Readonly<Partial<Record<HarnessName, string>>>
  /** Directories of this machine that runs may work in, with all that is in them. */
  readonly directories: readonly string[]
  readonly allowHttp: boolean
  /** Whether a run may use what this machine has of its own. */
  readonly allowAmbient: boolean
  readonly silenceMs: number
  readonly pinned: PinnedModels
}

/** Where the runs of this machine lie, under its state directory. */
const CONVERSATIONS = 'conversations'

const CLONE_TIMEOUT_MS = 15 * 60_000

/** The places of runs under a state directory. */
export function runPlacesOf(stateDirectory: string, harnesses: readonly Harness[]): RunPlaces {
  const directory = join(stateDirectory, CONVERSATIONS)
  return {
    clean: () => cleanPlaces(directory, harnesses),
    list: () => listRunPlaces(directory),
    remove: (id) => removeRunPlace(directory, id),
  }
}

/** Carries out one claimed run of a harness that this machine has. */
export function carryOutHere(options: WorkshopOptions, run: ClaimedRun): Carried {
  const { server, stateDirectory } = options
  const directory = join(stateDirectory, CONVERSATIONS)
  const harness = options.harnesses.get(run.harness)
  if (harness === undefined) throw new ClavigerError('internal', `This worker has no ${run.harness}.`)
  const environment = withoutOwnSettings(withFullPaths(harness, options.environment, process.cwd()))
  return carryOut({
    ...{ server, run, continuation: harness.conversing.continuation, now: Date.now },
    async ambient() {
      if (!options.allowAmbient || run.origin === 'strangers') return 'refused'
      return harness.ambient(await readMachine(harness, environment, stateDirectory))
    },
    seat: (hear, signal, model) =>
      seatOf(options, run, { harness, environment, directory, hear, signal, model }),
    clear: () => removeRunPlace(directory, run.id),
  })
}

interface Furnishing extends Pick<SeatOptions, 'harness' | 'environment' | 'hear' | 'model'> {
  readonly directory: string
  readonly signal: AbortSignal
}

async function seatOf(
  options: WorkshopOptions,
  run: ClaimedRun,
  { harness, environment, directory, hear, signal, model }: Furnishing,
): Promise<Seat> {
  const { stateDirectory, allowHttp, silenceMs, pinned, server } = options
  mustBeAllowed(options, run)
  const isRoot = process.getuid?.() === 0
  const refusal = harness.conversing.refusal(run.access, { isRoot, environment })
  if (refusal !== null) throw new ClavigerError('invalid', refusal)
  const program = await findProgram(harness, environment, stateDirectory, options.programs[harness.name])
  if (program === null) throw programMissing(harness)
  await checkVersion(harness, program, environment, stateDirectory)
  const opening = workspaceOptions(options, run, { environment, signal })
  const place = await openRunPlace(directory, run.id, run.workspace, opening)
  // What an earlier process of it has left.
  await endTools(place.temporary)
  const seat = createSeat({
    ...{ run, place, harness, program, environment, allowHttp, silenceMs, pinned, hear, model },
    live: server.live,
  })
  return endingTools(seat, place.temporary)
}

function workspaceOptions(
  { server, directories }: WorkshopOptions,
  run: ClaimedRun,
  { environment, signal }: Pick<Furnishing, 'environment' | 'signal'>,
): WorkspaceOptions {
  const access: LendingAccess = (work) => lendingAccess(server, run, signal, work)
  const opening = {
    ...{ environment, timeoutMs: CLONE_TIMEOUT_MS, directories, signal },
    ...(run.cloneAccess === true && { access }),
  }
  const isOfChannel = run.origin !== undefined && run.origin !== 'here'
  return isOfChannel ? withoutLargeFiles(opening) : opening
}

// When it is left nothing of the run is at work any more.
function endingTools(seat: Seat, temporary: string): Seat {
  const { leave } = seat
  return Object.defineProperty(seat, 'leave', {
    value: async () => {
      await leave()
      await endTools(temporary)
    },
  })
}

// The server has looked at it; a worker does not rely on that. Links are followed when the place is opened.
function mustBeAllowed({ directories }: WorkshopOptions, { workspace }: ClaimedRun): void {
  checkWorkspace(workspace)
  const directory = directoryOf(workspace)
  if (directory === null || isWithin(directory, directories)) return
  throw new ClavigerError('forbidden', `Runs may not work in ${directory} on this machine.`, {
    hint: `Start the worker with: claviger worker --directory ${directory}`,
  })
}
