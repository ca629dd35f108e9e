// `claviger worker`: carries out runs on this machine until it is interrupted. With --enrol it becomes a worker first.

import { isPassing } from '../../client/problem.ts'
import { givenSettings, workerSettings } from '../../config.ts'
import { asClavigerError, ClavigerError, inOneLine } from '../../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { GivenSettings } from '../../domain/settings/settings.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { holdStateDirectory, mustBeFree, type ProcessNames } from '../../runner/machine/hold.ts'
import { withoutOwnSettings } from '../../runner/materialize.ts'
import { findProgram, versionOf } from '../../runner/programs.ts'
import { runsOf } from '../../runner/worker/client-runs.ts'
import type { InstalledProgram } from '../../runner/worker/run-server.ts'
import { startWorker } from '../../runner/worker/worker.ts'
import { carryOutHere, runPlacesOf } from '../../runner/worker/workshop.ts'
import { type Connection, connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { untilEnded } from '../signals.ts'
import { lookAt, sayOther, titleOf } from '../signing-in/known-servers.ts'
import { enrolHere, mustBeWorker } from './enrolling.ts'
import { harnessOfVariable, inOwnDirectory, type WaitOptions } from './machine-words.ts'
import { programOverride } from './program-override.ts'
import { standBy } from './standing-by.ts'

export interface WorkerOptions extends WaitOptions {
  /** True when given without a code. */
  readonly enrol?: string | true
  readonly enrolOnly?: boolean
  readonly acceptServer?: boolean
  readonly directory?: readonly string[]
  readonly runs?: string
  /** False with --no-ambient. */
  readonly ambient: boolean
  /** It is a part of whoever holds the other end of its standard input. */
  readonly attached?: boolean
}

export async function run(given: Context, options: WorkerOptions): Promise<number> {
  const context = inOwnDirectory(given)
  const settings = workerSettings({ ...givenSettings(context.dependencies.env, true), ...fromFlags(options) })
  const { stateDirectory } = context.settings(true)
  if (options.enrol !== undefined) {
    // Before a code is used up: where another works nothing can be done.
    if (options.enrolOnly !== true) mustBeFree(stateDirectory)
    await enrolHere(context, options.enrol, options.acceptServer === true)
  }
  if (options.enrolOnly === true) return 0
  const connection = await connect(context, true)
  await mustBeWorker(connection)
  const { release, ...names } = holdStateDirectory(stateDirectory)
  try {
    return await work(context, connection, settings, { ...options, names })
  } finally {
    release()
  }
}

function fromFlags({ directory, runs }: WorkerOptions): GivenSettings {
  return {
    ...(directory !== undefined && { workerDirectories: directory.join(':') }),
    ...(runs !== undefined && { workerRuns: runs }),
  }
}

async function work(
  context: Context,
  { client, server }: Connection,
  settings: ReturnType<typeof workerSettings>,
  { ambient, attached = false, wait, names }: WorkerOptions & { readonly names: ProcessNames },
): Promise<number> {
  const { dependencies, ui } = context
  const { stateDirectory, allowHttp } = context.settings(true)
  const { found, installed } = await findHarnesses(context, stateDirectory)
  const ended = attached ? Promise.race([untilEnded(), untilClosed(dependencies.stdin)]) : untilEnded()
  const runs = runsOf(client)
  const enough = new AbortController()
  const programs = Object.fromEntries(
    HARNESSES.map((name) => [name, programOverride(context, name).programOverride ?? undefined]),
  )
  const worker = startWorker({
    ...{ server: runs, capacity: settings.runs },
    machine: { version: dependencies.version, programs: installed },
    ...{ directories: settings.directories, names },
    places: runPlacesOf(stateDirectory, await Promise.all(HARNESSES.map(dependencies.harnessOf))),
    carryOut: (run) => {
      enough.abort()
      return carryOutHere(
        {
          ...{ server: runs, harnesses: found, environment: dependencies.env, stateDirectory, programs },
          ...{ directories: settings.directories, allowHttp, allowAmbient: ambient },
          ...{ silenceMs: settings.silence, pinned: settings.models },
        },
        run,
      )
    },
    said: ui.note,
  })
  // What goes wrong from here on ends a worker that is at work already.
  try {
    const titles = [...found.keys()].map((name) => HARNESS_TITLE[name]).join(' and ')
    const at = `${server} (${await whichServer(context, server)})`
    ui.note(`Carrying out runs of ${titles} for ${at}, ${settings.runs} at a time. Ctrl-C ends it.`)
    // A part of a server has nobody to say it to, and a console says it there.
    if (attached && wait === undefined) enough.abort()
    const standing = { client, harnesses: [...found.keys()], ambient, signal: enough.signal }
    const gaveUp = standBy(context, { ...standing, ...(wait !== undefined && { wait }) }).then(
      () => new Promise<never>(() => undefined),
    )
    await Promise.race([ended, worker.over, gaveUp])
    ui.note('Stopping. What was under way goes on when this worker is back.')
  } finally {
    enough.abort()
    // Who was dismissed leaves no program running either.
    await worker.stop()
  }
  return 0
}

// Whoever reads the log sees which installation it was. It is a line of the log, and nothing to stop for.
async function whichServer({ ui, settings }: Context, server: string): Promise<string> {
  try {
    const look = await lookAt(settings(true).stateDirectory, server)
    const other = sayOther(server, look)
    if (other !== null) ui.note(`warning: ${other}`)
    return look.now === null ? 'which does not say what it is' : titleOf(look.now)
  } catch (error) {
    if (isPassing(error)) return 'which does not answer yet'
    return `which does not say what it is: ${inOneLine(asClavigerError(error))}`
  }
}

function untilClosed(stdin: NodeJS.ReadableStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const event of ['end', 'close', 'error']) stdin.once(event, () => resolve())
  stdin.resume()
  return promise
}

interface Found {
  readonly found: ReadonlyMap<HarnessName, Harness>
  readonly installed: readonly InstalledProgram[]
}

// Those whose program is on this machine, or the one that it is for.
async function findHarnesses(context: Context, stateDirectory: string): Promise<Found> {
  const { dependencies } = context
  const environment = withoutOwnSettings(dependencies.env)
  const found = new Map<HarnessName, Harness>()
  const installed: InstalledProgram[] = []
  const only = harnessOfVariable(context)
  for (const name of only === null ? HARNESSES : [only]) {
    const harness = await dependencies.harnessOf(name)
    const { programOverride: path } = programOverride(context, name)
    const program = await findProgram(harness, environment, process.cwd(), path)
    if (program === null) continue
    found.set(name, harness)
    installed.push({ harness: name, version: await versionOf(program, environment, stateDirectory) })
  }
  if (found.size > 0) return { found, installed }
  const missing = only === null ? 'There is neither claude nor codex' : `There is no ${only}`
  throw new ClavigerError('not_found', `${missing} on this machine.`, {
    hint: 'Install one, for example: npm install -g @openai/codex. Or set CLAVIGER_CLAUDE_BIN or CLAVIGER_CODEX_BIN.',
  })
}
