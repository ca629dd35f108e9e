// Runs one command with a leased credential: lease, private configuration home, program, clean-up. It prints nothing
// itself and knows no server; what a delivery consists of is the harness's business.

import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LeaseFile } from '../client/lean.ts'
import { CREDENTIAL_TYPES } from '../domain/credential-types.ts'
import type { Delivery, DeliveryMode } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Harness, MachineState } from '../harnesses/harness.ts'
import { createSynced, errorCode, UnsafePathError } from '../lib/atomic-file.ts'
import { carryHome } from './carry-home.ts'
import { copyDatabases } from './copy-databases.ts'
import { followLease } from './follow-lease.ts'
import { type AcquiredLease, deliverable, type LeasedCredential, type LeaseSource } from './lease-source.ts'
import {
  addRawSecrets,
  applyDelivery,
  type Environment,
  makeSessionPlaces,
  readMachine,
  userHome,
  withFullPaths,
  withoutOwnSettings,
  writeDelivery,
} from './materialize.ts'
import {
  createRunDirectory,
  type Links,
  linkEntries,
  type RunDirectory,
  reapLeftovers,
} from './private-directory.ts'
import {
  checkStatus,
  checkVersion,
  findCommand,
  findProgram,
  isHarnessProgram,
  programMissing,
} from './programs.ts'
import { type Aside, exitCodeOf, relaySignals, type SignalRelay, supervise } from './supervise.ts'

// Longer than a server that answers needs, short enough not to be felt when it is gone.
const RELEASE_LIMIT_MS = 2_000

export interface ExecDependencies {
  readonly harness: Harness
  readonly leases: LeaseSource
  /** One line for the person: which credential, and what was set aside. Never a secret. */
  readonly report: (line: string) => void
}

export interface ExecOptions {
  /** The command and its arguments; at least one word. */
  readonly command: readonly string[]
  readonly environment: Environment
  readonly cwd: string
  readonly stateDirectory: string
  /** The name of the one credential asked for, and what narrows the choice. */
  readonly credential?: string
  readonly team?: string
  readonly agent?: string
  /** What this machine calls itself, for the audit log. */
  readonly worker?: string
  /** `--no-ambient`: what the machine has of its own is no candidate. */
  readonly noAmbient: boolean
  /** `--delivery`; without it the harness chooses by the command. */
  readonly delivery?: DeliveryMode
  readonly keepEnvironment: boolean
  /** The setting CLAVIGER_CLAUDE_BIN or CLAVIGER_CODEX_BIN. */
  readonly programOverride?: string
  /** The setting CLAVIGER_ALLOW_HTTP. */
  readonly allowHttp?: boolean
  /** It is only asked something. */
  readonly aside?: Aside
  /** A shell command line that prints the credential of the lease in `leaseFile`. */
  readonly helperCommand: (kind: 'api-key' | 'aws', leaseFile: string) => string
}

/**
 * Runs the command and returns its exit code (128 + number for a signal). Everything that was made for it is removed
 * before this returns, and leftovers of predecessors that were killed are removed first. Throws ClavigerError when the
 * program was never started.
 */
export async function runWithCredential(
  dependencies: ExecDependencies,
  options: ExecOptions,
): Promise<number> {
  const relay = relaySignals()
  try {
    return await runRelayed(dependencies, inFull(options, dependencies.harness), relay)
  } catch (error) {
    throw explain(error, options.stateDirectory)
  } finally {
    relay.dispose()
  }
}

// Paths as the user wrote them hold only here: the program may change its directory, and the helper with it.
function inFull(options: ExecOptions, harness: Harness): ExecOptions {
  const { cwd, environment, stateDirectory } = options
  return {
    ...options,
    environment: withFullPaths(harness, environment, cwd),
    stateDirectory: resolve(cwd, stateDirectory),
  }
}

interface Run extends ExecDependencies {
  readonly options: ExecOptions
  readonly machine: MachineState
  readonly lease: AcquiredLease
  /** Full path of the command's program. */
  readonly program: string
  readonly relay: SignalRelay
}

async function runRelayed(
  dependencies: ExecDependencies,
  options: ExecOptions,
  relay: SignalRelay,
): Promise<number> {
  const { harness, leases, report } = dependencies
  const { environment, cwd, stateDirectory } = options
  const [program, machine, leftovers] = await Promise.all([
    locate(harness, options),
    readMachine(harness, environment, cwd),
    reapLeftovers(stateDirectory),
  ])
  for (const { leaseId } of leftovers) {
    report(`cleaned up after a run that was killed${leaseId === null ? '' : ` (lease ${leaseId})`}`)
  }
  const over = leftovers.flatMap(({ leaseId }) => (leaseId === null ? [] : [leaseId]))
  try {
    const lease = await acquire(dependencies, options, machine, relay)
    if (lease !== null) over.push(lease.leaseId)
    if (lease === null || relay.early !== null) return exitCodeOf(null, relay.early)
    return await runLease({ ...dependencies, options, machine, lease, program, relay })
  } finally {
    await Promise.all(over.map((leaseId) => release(leases, leaseId, report)))
  }
}

// Null when a signal came first. The wait may be long (`--wait`), and Ctrl-C must end it.
async function acquire(
  { harness, leases, report }: ExecDependencies,
  options: ExecOptions,
  machine: MachineState,
  { interruption }: SignalRelay,
): Promise<AcquiredLease | null> {
  const { credential, team, agent, worker, noAmbient } = options
  const request = {
    harness: harness.name,
    ambient: noAmbient ? ('refused' as const) : harness.ambient(machine),
    ...(credential === undefined ? {} : { credential }),
    ...(team === undefined ? {} : { team }),
    ...(agent === undefined ? {} : { agent }),
    ...(worker === undefined ? {} : { worker }),
  }
  const coming = leases.acquire(request, interruption)
  const interrupted = new Promise<null>((resolve) => {
    interruption.addEventListener('abort', () => resolve(null), { once: true })
    if (interruption.aborted) resolve(null)
  })
  const first = await Promise.race([coming, interrupted])
  // A lease that comes too late is given back.
  if (first === null) coming.then(({ leaseId }) => release(leases, leaseId, report)).catch(() => undefined)
  return first
}

async function runLease(run: Run): Promise<number> {
  const { harness, lease, machine, options, report } = run
  const { credential } = lease
  if (credential === null) {
    report(`${harness.program} uses what this machine has of its own: ${lease.reason}`)
    return start(run, withoutOwnSettings(options.environment))
  }
  if (options.keepEnvironment) {
    const carried = harness.carries(credential.type, machine)
    if (carried.length > 0) {
      report(
        `warning: ${nameOf(credential)} is not used: --keep-env was given, and there is ${carried.join(', ')}`,
      )
      return start(run, withoutOwnSettings(options.environment))
    }
  }
  report(`${harness.program} uses ${nameOf(credential)}: ${lease.reason}`)
  return runDelivered(run, credential)
}

async function runDelivered(run: Run, credential: LeasedCredential): Promise<number> {
  const { harness, lease, machine, options, report, relay } = run
  const { command, stateDirectory } = options
  const directory = await createRunDirectory(stateDirectory, lease.leaseId)
  try {
    const delivery = harness.deliver({
      ...machine,
      credential,
      lease: deliverable(lease, credential, options.allowHttp),
      mode: options.delivery ?? harness.defaultMode(credential.type, command),
      helperCommand: (kind) => options.helperCommand(kind, directory.leaseFile),
    })
    for (const line of delivery.report) report(line)
    const exceptions = [
      ...harness.reads,
      harness.login,
      ...harness.leaves,
      ...delivery.files.map(({ path }) => path),
    ]
    const { environment, links } = await materialize(run, delivery, directory, exceptions)
    if (relay.early !== null) return exitCodeOf(null, relay.early)
    if (harness.isStatusCheap) await preflight(run, credential, environment)
    const code = await startFollowed(run, { credential, delivery, environment, directory })
    if (code !== 0 && CREDENTIAL_TYPES[credential.type].entry === 'sign-in')
      report(await ifRefused(run.leases, credential))
    const aside = join(stateDirectory, 'kept', basename(directory.path))
    await carryHome({
      harness,
      delivery,
      machine,
      directory: directory.configuration,
      links,
      exceptions,
      aside,
      report,
    })
    return code
  } finally {
    await directory.remove().catch((error: unknown) => {
      report(`left behind: ${directory.path} (${errorCode(error)}); the next start tries again`)
    })
  }
}

async function materialize(
  run: Run,
  delivery: Delivery,
  directory: RunDirectory,
  exceptions: readonly string[],
): Promise<{ readonly environment: Environment; readonly links: Links }> {
  const { harness, lease, machine, options } = run
  const home = userHome(harness, machine.environment)
  await makeSessionPlaces(harness, machine.environment)
  const [links] = await Promise.all([
    linkEntries(home.directory, directory.configuration, exceptions),
    copyDatabases(home.directory, directory.configuration, harness.copies),
  ])
  await writeDelivery(delivery, directory.configuration)
  if (delivery.mode === 'helper' && delivery.isLive !== true) {
    const { serverUrl: server, leaseId, handle } = lease
    const file: LeaseFile = { server, lease: leaseId, handle: handle.expose() }
    await createSynced(directory.leaseFile, JSON.stringify(file))
  }
  const environment = {
    ...applyDelivery(withoutOwnSettings(options.environment), delivery),
    [harness.configurationHome.variable]: directory.configuration,
  }
  return { environment, links }
}

// A wrapper's own idea of where the program is cannot be known; then the one on PATH is asked, if there is one.
async function preflight(run: Run, credential: LeasedCredential, environment: Environment): Promise<void> {
  const { harness, options, program } = run
  const [command = ''] = options.command
  const own = isHarnessProgram(harness, command)
    ? program
    : await findProgram(harness, options.environment, options.cwd, options.programOverride)
  if (own !== null) await checkStatus(harness, credential, own, environment)
}

interface Delivered {
  readonly credential: LeasedCredential
  readonly delivery: Delivery
  readonly environment: Environment
  readonly directory: RunDirectory
}

// While the program runs a live delivery is kept current.
async function startFollowed(run: Run, delivered: Delivered): Promise<number> {
  const { credential, delivery, environment, directory } = delivered
  const { harness, lease, leases, report } = run
  const ending = new AbortController()
  const following =
    delivery.isLive === true && leases.live !== undefined
      ? followLease(
          { harness, lease, credential, report, live: leases.live, directory: directory.configuration },
          ending.signal,
        )
      : Promise.resolve()
  try {
    return await start(run, environment, (pid) => directory.noteChild(pid))
  } finally {
    ending.abort()
    await following
  }
}

async function start(
  run: Run,
  environment: Environment,
  onStart?: (pid: number) => Promise<void>,
): Promise<number> {
  const { harness, lease, options, program, relay, report } = run
  const worker = withoutOwnSettings(options.environment)
  const complete = addRawSecrets(worker, environment, harness, lease.raw)
  for (const line of complete.report) report(line)
  return supervise({
    program,
    words: options.command.slice(1),
    environment: complete.environment,
    cwd: options.cwd,
    relay,
    ...(onStart === undefined ? {} : { onStart }),
    ...(options.aside === undefined ? {} : { aside: options.aside }),
  })
}

async function locate(harness: Harness, options: ExecOptions): Promise<string> {
  const { command, environment, cwd, programOverride, stateDirectory } = options
  const [name] = command
  if (name === undefined || name === '') {
    throw new ClavigerError('invalid', 'There is no command to run.', {
      hint: `Put it after two dashes: claviger exec --harness ${harness.name} -- ${harness.program}`,
    })
  }
  if (!isHarnessProgram(harness, name)) {
    const found = await findCommand(name, environment, cwd)
    if (found !== null) return found
    throw new ClavigerError('not_found', `There is no program "${name}".`, {
      hint: 'Check its name, and PATH.',
    })
  }
  const found = name.includes('/')
    ? await findCommand(name, environment, cwd)
    : await findProgram(harness, environment, cwd, programOverride)
  if (found === null) throw programMissing(harness)
  await checkVersion(harness, found, withoutOwnSettings(environment), stateDirectory)
  return found
}

// What the program says in its own words is to sign in here, where nobody should. What was renewed lately is not renewed again
// for a refusal, and may have been ended since.
async function ifRefused(leases: LeaseSource, { id, name }: LeasedCredential): Promise<string> {
  const signIn = `claviger credential login ${name} signs in again`
  const last = await leases.lastRenewal?.(id, AbortSignal.timeout(RELEASE_LIMIT_MS)).catch(() => null)
  if (last?.outcome === 'refused') return `its provider refused to renew its login at ${last.at}: ${signIn}`
  const renewed = last?.outcome === 'done' ? `, which was renewed at ${last.at}` : ''
  return `if it was refused its login${renewed}: claviger credential test ${name} says whether that still works, or when its provider can be asked; ${signIn}`
}

function nameOf({ type, name, owner, suffix }: LeasedCredential): string {
  return `${type} "${name}" of ${owner}${suffix === '' ? '' : ` (…${suffix})`}`
}

// The lease ends by itself too; a server that is gone must not keep the terminal.
async function release(leases: LeaseSource, leaseId: string, report: (line: string) => void): Promise<void> {
  const limit = new AbortController()
  const late = sleep(RELEASE_LIMIT_MS, false, { signal: limit.signal, ref: false }).catch(() => false)
  const ended = leases.release(leaseId).then(
    () => true,
    () => false,
  )
  if (!(await Promise.race([ended, late]))) report(`lease ${leaseId} could not be ended; it ends by itself`)
  limit.abort()
}

// What a disk or a directory refuses is the person's to mend; anything else is thrown on as it is.
function explain(error: unknown, stateDirectory: string): unknown {
  const hint = `Mend that, or set CLAVIGER_STATE_DIR to another directory than ${stateDirectory}.`
  if (error instanceof UnsafePathError) {
    return new ClavigerError('invalid', `Nothing was started: ${error.message}`, { hint, cause: error })
  }
  const code = errorCode(error)
  if (error instanceof ClavigerError || !code.startsWith('E')) return error
  const message = `Nothing was started: the run's private files could not be made (${code}).`
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
  return new ClavigerError(isFull ? 'storage_full' : 'invalid', message, { hint, cause: error })
}
