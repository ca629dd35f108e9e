// The worker inside of a server's own process. It carries out runs of the first person while they are the only one: an agent
// that runs as the server's user can read what the server can.

import { createClient } from '../client/client.ts'
import { environment, type ServerSettings } from '../config.ts'
import { createGuard } from '../control/guard.ts'
import {
  ensureEmbedded,
  findEmbedded,
  firstPerson,
  isAlone,
  letGoEmbedded,
} from '../control/machines/embedded.ts'
import { asClavigerError, ClavigerError, inOneLine } from '../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName, INSTALL_COMMAND } from '../domain/harness-names.ts'
import { claude } from '../harnesses/claude.ts'
import { codex } from '../harnesses/codex.ts'
import type { Harness } from '../harnesses/harness.ts'
import { type Hold, holdStateDirectory, type ProcessNames } from '../runner/machine/hold.ts'
import { withoutOwnSettings } from '../runner/materialize.ts'
import { findProgram, versionOf } from '../runner/programs.ts'
import { runsOf } from '../runner/worker/client-runs.ts'
import type { InstalledProgram } from '../runner/worker/run-server.ts'
import { startWorker, type Worker } from '../runner/worker/worker.ts'
import { carryOutHere, runPlacesOf } from '../runner/worker/workshop.ts'
import { workerTokenFile } from '../server/state-directory.ts'
import type { WorkerRow } from '../store/machine-groups.ts'
import { addressHere, type EmbeddedOptions, type Keeper } from './keeper.ts'

// Milliseconds.
const FIND_EVERY = 15_000

export function createInsideKeeper(options: EmbeddedOptions, dismissed: () => void): Keeper {
  const { ports, log, people } = options
  const found: Found = { harnesses: new Map(), programs: [] }
  const look = createFinder(options, found)
  let working: Working | null = null
  let isOver = false
  let wasOff = false
  let wasBare = false
  let rested = Promise.resolve()
  const rest = () => {
    const ended = working
    working = null
    if (ended !== null) rested = rested.then(() => endNow(ended))
    return rested
  }
  const dismiss = (reason: string) => {
    isOver = true
    void rest()
    log.warn({}, `${reason} The embedded worker stays off. Carry out runs with: claviger worker`)
    dismissed()
  }
  const turnOff = async () => {
    if (!wasOff)
      log.info(
        {},
        'there is a second person, so the embedded worker is off: an agent here could read what the server can. Carry out runs with: claviger worker',
      )
    wasOff = true
    await rest()
    const row = await findEmbedded(ports, workerTokenFile(options.settings.stateDirectory))
    if (row !== undefined) await letGoEmbedded({ ...ports, guard: createGuard(ports) }, row)
  }
  const turnOn = async (onlyFor: string) => {
    const row = await enrolled(options)
    if (row === null) return dismiss('It was revoked; to have it again remove embedded-worker.token.')
    const hold = holdStateDirectory(options.settings.stateDirectory)
    const worker = await begin(options, found, { onlyFor, names: hold }).catch((thrown: unknown) => {
      hold.release()
      throw thrown
    })
    working = { worker, hold }
    wasOff = false
    log.debug(
      { worker: row.id, harnesses: [...found.harnesses.keys()] },
      'the embedded worker carries out runs',
    )
    worker.over.catch((thrown: unknown) => {
      if (working?.worker === worker) dismiss(inOneLine(asClavigerError(thrown)))
    })
  }
  return {
    rest,
    isOver: () => isOver,
    async look() {
      const onlyFor = await firstPerson(ports, people)
      if (!(await isAlone(ports.identity, onlyFor))) return turnOff()
      await look()
      if (found.programs.length === 0 && !wasBare) sayBare(log)
      wasBare = found.programs.length === 0
      if (working === null && found.programs.length > 0) await turnOn(onlyFor)
    },
  }
}

function sayBare(log: EmbeddedOptions['log']): void {
  const ways = HARNESSES.map((harness) => `${HARNESS_TITLE[harness]}: ${INSTALL_COMMAND[harness]}`)
  log.info(
    {},
    `no coding agent is installed here, so runs wait. It is found by itself within a minute after one is. ${ways.join('; ')}`,
  )
}

function enrolled({ ports, people, settings, place }: EmbeddedOptions): Promise<WorkerRow | null> {
  return ensureEmbedded(ports, people, workerTokenFile(settings.stateDirectory), place)
}

async function endNow({ worker, hold }: Working): Promise<void> {
  try {
    await worker.stop()
  } finally {
    hold.release()
  }
}

interface Working {
  readonly worker: Worker
  readonly hold: Hold
}

interface Found {
  readonly harnesses: Map<HarnessName, Harness>
  readonly programs: InstalledProgram[]
}

// Programs may be installed later than the server is started. What was found once stays: whoever misses it says so.
function createFinder({ settings }: EmbeddedOptions, found: Found): () => Promise<void> {
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

async function begin(
  { settings, worker, url, fetch, log, ports }: EmbeddedOptions,
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
    machine: { version: ports.server.version, programs },
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
