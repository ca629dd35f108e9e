// `claviger worker`: carries out runs on this machine until it is interrupted. With --enrol it becomes a worker first: the
// code an admin was shown is used up for a token, which is saved as the login of this state directory.

import { type GivenSettings, givenSettings, workerSettings } from '../../config.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind } from '../../domain/token.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { withoutOwnSettings } from '../../runner/materialize.ts'
import { findProgram } from '../../runner/programs.ts'
import { runsOf } from '../../runner/worker/client-runs.ts'
import { startWorker } from '../../runner/worker/worker.ts'
import { carryOutHere } from '../../runner/worker/workshop.ts'
import { type Connection, clientFor, connect, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { loginFile, mustBeAbleToSave, readPiped, saveLogin } from '../secrets.ts'
import { untilEnded } from '../signals.ts'
import { programOverride } from './program-override.ts'

export interface WorkerOptions {
  /** True when given without a code. */
  readonly enrol?: string | true
  readonly enrolOnly?: boolean
  readonly directory?: readonly string[]
  readonly runs?: string
  /** False with --no-ambient. */
  readonly ambient: boolean
}

export async function run(context: Context, options: WorkerOptions): Promise<number> {
  const settings = workerSettings({ ...givenSettings(context.dependencies.env, true), ...fromFlags(options) })
  if (options.enrol !== undefined) await enrolHere(context, options.enrol)
  if (options.enrolOnly === true) return 0
  return work(context, await connect(context, true), settings, options)
}

function fromFlags({ directory, runs }: WorkerOptions): GivenSettings {
  return {
    ...(directory !== undefined && { workerDirectories: directory.join(':') }),
    ...(runs !== undefined && { workerRuns: runs }),
  }
}

async function enrolHere(context: Context, enrol: string | true): Promise<void> {
  const settings = context.settings(true)
  const { stateDirectory } = settings
  const server = await findServer(settings)
  const code = (enrol === true ? await enterCode(context, server) : enrol).trim()
  await mustBeAbleToSave(stateDirectory)
  const { token, ...worker } = await clientFor(server, null).call('workers.join', { code })
  await saveLogin(stateDirectory, { server, token: new Secret(token) })
  const as = worker.agent === null ? '' : `, as the agent ${worker.agent}`
  context.ui.answer({ server, ...worker }, () => [
    `Enrolled as ${worker.name} of ${worker.organization.name}${as}.`,
    `Saved in ${loginFile(stateDirectory)}.`,
  ])
  if ((context.dependencies.env['CLAVIGER_TOKEN'] ?? '') !== '')
    context.ui.note('CLAVIGER_TOKEN is set and wins over it.')
}

async function enterCode({ ui, dependencies }: Context, server: string): Promise<string> {
  if (dependencies.stdin.isTTY !== true) return readPiped(dependencies.stdin)
  if (ui.interactive) {
    const check = (text: string) =>
      codeKind(text.trim()) === 'enrol'
        ? undefined
        : 'That is not an enrolment code; one starts with clv_enrol_.'
    return ui.askSecret(`Enrolment code for ${server}`, check)
  }
  throw new ClavigerError('invalid', 'There is no terminal to ask for the code on.', {
    hint: 'Pipe it to standard input.',
  })
}

async function work(
  context: Context,
  { client, server }: Connection,
  settings: ReturnType<typeof workerSettings>,
  { ambient }: WorkerOptions,
): Promise<number> {
  const { dependencies, ui } = context
  const { stateDirectory, allowHttp } = context.settings(true)
  const found = await findHarnesses(context)
  const ended = untilEnded()
  const runs = runsOf(client)
  const programs = Object.fromEntries(
    HARNESSES.map((name) => [name, programOverride(context, name).programOverride ?? undefined]),
  )
  const worker = startWorker({
    ...{ server: runs, harnesses: [...found.keys()], capacity: settings.runs },
    directories: settings.directories,
    carryOut: (run) =>
      carryOutHere(
        {
          ...{ server: runs, harnesses: found, environment: dependencies.env, stateDirectory, programs },
          ...{ directories: settings.directories, allowHttp, allowAmbient: ambient },
          ...{ silenceMs: settings.silence, pinned: settings.models },
        },
        run,
      ),
    said: ui.note,
  })
  const titles = [...found.keys()].map((name) => HARNESS_TITLE[name]).join(' and ')
  ui.note(`Carrying out runs of ${titles} for ${server}, ${settings.runs} at a time. Ctrl-C ends it.`)
  await Promise.race([ended, worker.over])
  ui.note('Stopping. What was under way goes on when this worker is back.')
  await worker.stop()
  await worker.over
  return 0
}

// Those whose program is on this machine.
async function findHarnesses(context: Context): Promise<Map<HarnessName, Harness>> {
  const { dependencies } = context
  const environment = withoutOwnSettings(dependencies.env)
  const found = new Map<HarnessName, Harness>()
  for (const name of HARNESSES) {
    const harness = await dependencies.harnessOf(name)
    const { programOverride: path } = programOverride(context, name)
    if ((await findProgram(harness, environment, process.cwd(), path)) !== null) found.set(name, harness)
  }
  if (found.size > 0) return found
  throw new ClavigerError('not_found', 'There is neither claude nor codex on this machine.', {
    hint: 'Install one, for example: npm install -g @openai/codex. Or set CLAVIGER_CLAUDE_BIN or CLAVIGER_CODEX_BIN.',
  })
}
