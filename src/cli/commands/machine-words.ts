// What a machine says of itself to `exec`, `restore` and `worker`: by flags, by our variables, or by those of Agent Swarm.

import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { WORKER_ID } from '../../domain/names.ts'
import type { LeaseSource } from '../../runner/lease-source.ts'
import { waitingLeases } from '../../runner/waiting-leases.ts'
import type { Context } from '../context.ts'
import { readLogin } from '../secrets.ts'
import { wholeNumber } from '../usage.ts'

const HOW = 'Say which: --harness claude or --harness codex.'

/** Which program: of the flag, else of the variables. Throws `invalid` where none is meant, or one that is not known. */
export function harnessMeant(context: Context, flag: HarnessName | undefined): HarnessName {
  const meant = flag ?? harnessOfVariable(context)
  if (meant !== null) return meant
  throw new ClavigerError('invalid', "Required option '--harness <name>' not specified.", {
    hint: `${HOW} HARNESS_PROVIDER is read too.`,
  })
}

/** The one that the variables name; null: none. Throws `invalid` for one that is not known. */
export function harnessOfVariable(context: Context): HarnessName | null {
  const { harness } = context.settings(true)
  if (harness === null) return null
  const known = HARNESSES.find((one) => one === harness)
  if (known !== undefined) return known
  throw new ClavigerError('invalid', 'CLAVIGER_HARNESS, or HARNESS_PROVIDER, names no program of ours.', {
    hint: HOW,
  })
}

/** A worker with an id of its own keeps its login and runs beside those of others on the disk, and finds them again. */
export function inOwnDirectory(context: Context): Context {
  const own = ownDirectory(context)
  if (own !== null) return inDirectory(context, own)
  if (context.settings(true).workerId === null) return context
  throw new ClavigerError('invalid', 'CLAVIGER_WORKER_ID, or AGENT_ID, cannot be the name of a directory.', {
    hint: 'Letters, digits, dots, dashes and underscores, 64 at most.',
  })
}

/** As the worker of that id, where it has a login here; else as it is. */
export async function asWorkerHere(context: Context): Promise<Context> {
  const own = ownDirectory(context)
  return own === null || (await readLogin(own)) === null ? context : inDirectory(context, own)
}

// Null: it has no id, or one that is no name of a directory.
function ownDirectory(context: Context): string | null {
  const { worker } = workerWord(context)
  return worker === undefined ? null : join(context.settings(true).stateDirectory, 'workers', worker)
}

function inDirectory(context: Context, stateDirectory: string): Context {
  return { ...context, settings: (aliases) => ({ ...context.settings(aliases), stateDirectory }) }
}

/** What goes into the audit log. Other programs may have put anything into their variable. */
export function workerWord(context: Context): { worker?: string } {
  const { workerId } = context.settings(true)
  return workerId !== null && WORKER_ID.test(workerId) ? { worker: workerId } : {}
}

export interface WaitOptions {
  /** True when given without a limit. */
  readonly wait?: string | true
}

/** How long is waited, in milliseconds; null: for as long as it takes. */
export function limitOf(wait: string | true): number | null {
  const seconds = wait === true ? 0 : wholeNumber('--wait', wait)
  return seconds === 0 ? null : seconds * 1_000
}

/** These leases, waited for where `--wait` says so. */
export function waitedFor(
  leases: LeaseSource,
  { wait }: WaitOptions,
  say: (line: string) => void,
): LeaseSource {
  return wait === undefined ? leases : waitingLeases(leases, { limit: limitOf(wait), say })
}
