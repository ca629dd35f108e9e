// The composition root of the worker inside of a server, loaded when it is switched on. It carries out runs of the first
// person while they are the only one, and nothing it lacks keeps the server from its work.

import { createClient } from './client/client.ts'
import { environment, type ServerSettings } from './config.ts'
import { createGuard } from './control/guard.ts'
import {
  ensureEmbedded,
  findEmbedded,
  firstPerson,
  isAlone,
  letGoEmbedded,
} from './control/machines/embedded.ts'
import type { Ports } from './control/use-case.ts'
import { asClavigerError, ClavigerError } from './domain/errors.ts'
import type { HarnessName } from './domain/harness-names.ts'
import type { WorkerSettings } from './domain/runs/worker-settings.ts'
import { claude } from './harnesses/claude.ts'
import { codex } from './harnesses/codex.ts'
import type { Harness } from './harnesses/harness.ts'
import type { FirstPeople } from './identity/identity.ts'
import type { Log } from './lib/log.ts'
import { withoutOwnSettings } from './runner/materialize.ts'
import { findProgram, versionOf } from './runner/programs.ts'
import { runsOf } from './runner/worker/client-runs.ts'
import type { InstalledProgram } from './runner/worker/run-server.ts'
import { startWorker, type Worker } from './runner/worker/worker.ts'
import { carryOutHere } from './runner/worker/workshop.ts'
import { workerTokenFile } from './server/state-directory.ts'
import type { WorkerRow } from './store/machine-groups.ts'

// Milliseconds.
const LOOK_EVERY = 2_000
const FIND_EVERY = 15_000

export interface EmbeddedOptions {
  readonly ports: Ports
  readonly log: Log
  readonly people: FirstPeople
  readonly settings: ServerSettings
  readonly worker: WorkerSettings
  /** Tells the servers of one database apart; null where there can be one only. */
  readonly place: string | null
  /** Where the server listens: for programs, and answers that go on. */
  readonly url: string
  /** Asks the server without a socket. */
  readonly fetch: (request: Request) => Promise<Response>
}

export interface Embedded {
  /** Ends what runs here; it goes on when this server is back. */
  stop(): Promise<void>
}

/** Begins in the background; what goes wrong is in the log. */
export function keepEmbeddedWorker(options: EmbeddedOptions): Embedded {
  const { ports, log } = options
  const ending = new AbortController()
  let wake: () => void = () => undefined
  const deaf = ports.store.signals.listen((heard) => {
    if (heard === 'missed' || heard.topic === 'holders') wake()
  })
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const keeper = createKeeper(options, () => wake())
  const keep = async () => {
    let last = ''
    while (!ending.signal.aborted) {
      const failure = await keeper.look().then(() => '', said)
      if (failure !== '' && failure !== last) log.warn({}, `the embedded worker does not work: ${failure}`)
      last = failure
      if (keeper.isOver()) return
      if (!ending.signal.aborted) await pause(LOOK_EVERY)
    }
  }
  const kept = keep()
  return {
    async stop() {
      ending.abort()
      deaf()
      wake()
      await kept
      await keeper.rest()
    },
  }
}

function said(thrown: unknown): string {
  const { message, hint } = asClavigerError(thrown)
  return hint === undefined ? message : `${message} ${hint}`
}

interface Keeper {
  /** Sees whether it should work, and to it that it does. */
  look(): Promise<void>
  /** Ends what runs. */
  rest(): Promise<void>
  /** It was dismissed: it works no more. */
  isOver(): boolean
}

function createKeeper(options: EmbeddedOptions, dismissed: () => void): Keeper {
  const { ports, log, people } = options
  const found: Found = { harnesses: new Map(), programs: [] }
  const look = createFinder(options, found)
  let working: Worker | null = null
  let isOver = false
  let wasOff = false
  const rest = async () => {
    const ended = working
    working = null
    await ended?.stop()
  }
  const dismiss = (reason: string) => {
    isOver = true
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
    const worker = await begin(options, found, onlyFor)
    working = worker
    wasOff = false
    log.debug(
      { worker: row.id, harnesses: [...found.harnesses.keys()] },
      'the embedded worker carries out runs',
    )
    worker.over.catch((thrown: unknown) => {
      if (working === worker) dismiss(said(thrown))
    })
  }
  return {
    rest,
    isOver: () => isOver,
    async look() {
      const onlyFor = await firstPerson(ports, people)
      if (!(await isAlone(ports.identity, onlyFor))) return turnOff()
      await look()
      if (working === null && found.programs.length > 0) await turnOn(onlyFor)
    },
  }
}

function enrolled({ ports, people, settings, place }: EmbeddedOptions): Promise<WorkerRow | null> {
  return ensureEmbedded(ports, people, workerTokenFile(settings.stateDirectory), place)
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
  onlyFor: string,
): Promise<Worker> {
  const { stateDirectory } = settings
  const token = await workerTokenFile(stateDirectory).read()
  if (token === null) throw new ClavigerError('not_found', 'Its token is gone.')
  // An address of all networks is none that a program could call.
  const here = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const server = runsOf(createClient({ server: here, token, fetch }))
  // It is that person's own machine.
  const directories = worker.directories.length > 0 ? worker.directories : ['/']
  return startWorker({
    ...{ server, directories, onlyFor, capacity: worker.runs },
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
