// Boot-time: writes a credential into the harness's own files in the user's real configuration home, and has the
// program confirm it. It does not start agents; exec.ts gives a run a private home instead.

import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isRenewed } from '../domain/credential-types.ts'
import type { DeliveredFile } from '../domain/delivery.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Harness } from '../harnesses/harness.ts'
import { checkParent, checkWritable, UnsafePathError, writeFileAtomically } from '../lib/atomic-file.ts'
import {
  type AcquiredLease,
  deliverable,
  type LeasedCredential,
  type LeaseRequest,
  type LeaseSource,
} from './lease-source.ts'
import { type Environment, readMachine, userHome, withFullPaths, withoutOwnSettings } from './materialize.ts'
import { checkStatus, checkVersion, findProgram } from './programs.ts'

// What worker logs are searched for.
const KIND_WORDS: Readonly<Record<string, string>> = {
  'claude/oauth': 'OAuth',
  'claude/setup-token': 'setup token',
  'claude/api-key': 'API key',
  'claude/bedrock-api-key': 'Bedrock API key',
  'claude/bedrock-access-key': 'Bedrock access key',
  'codex/oauth': 'OAuth',
  'codex/access-token': 'access token',
  'codex/api-key': 'API key',
}

export interface RestoreDependencies {
  readonly harness: Harness
  readonly leases: LeaseSource
  readonly report: (line: string) => void
  /** Hears what somebody has to do something about. */
  readonly warn: (line: string) => void
}

export interface RestoreOptions {
  readonly environment: Environment
  readonly cwd: string
  readonly stateDirectory: string
  readonly request: Omit<LeaseRequest, 'harness' | 'ambient'>
  readonly noAmbient: boolean
  /** Ends a wait for a credential. */
  readonly signal: AbortSignal
  readonly programOverride?: string
  /** The setting CLAVIGER_ALLOW_HTTP. */
  readonly allowHttp?: boolean
  /** Whoever hands the credential over ends with this command, and so nobody renews it afterwards. */
  readonly isAlone?: boolean
}

/**
 * Leases a credential and writes it where the program looks for it by itself, 0600, everything else in those files
 * kept. The lease stays: the machine goes on using it, and a program that renews its login with us keeps it alive. It is
 * given back when nothing was written. Returns it. Throws `invalid` for an unsafe place (a link,
 * another owner, a directory others can write in) and for a login that must be renewed with whoever is gone by then,
 * `rejected` when the program does not see the credential afterwards.
 */
export async function restoreCredential(
  { harness, leases, report, warn }: RestoreDependencies,
  options: RestoreOptions,
): Promise<AcquiredLease> {
  const { cwd, request, noAmbient, programOverride, signal } = options
  const environment = withFullPaths(harness, options.environment, cwd)
  const stateDirectory = resolve(cwd, options.stateDirectory)
  const machine = await readMachine(harness, environment, cwd)
  const home = userHome(harness, environment)
  await prepareHome(home.directory)
  const ambient = noAmbient ? 'refused' : harness.ambient(machine)
  const lease = await leases.acquire({ harness: harness.name, ambient, ...request }, signal)
  const { credential } = lease
  if (credential === null) {
    report(`Nothing to restore: ${harness.program} uses what this machine has of its own.`)
    return lease
  }
  const restoration = await orGiveBack(leases, lease, async () => {
    if (options.isAlone === true && credential.type === 'codex/oauth') throw nobodyRenews(credential)
    const made = harness.restore(credential, machine, deliverable(lease, credential, options.allowHttp))
    const files = made.files.map(({ path, content }) => ({ path: home.file(path), content }))
    await write(files)
    for (const { path } of files) report(`wrote ${path}`)
    return made
  })
  for (const line of restoration.report) report(line)
  const program = await findProgram(harness, environment, cwd, programOverride)
  if (program === null) {
    report(`not checked: the ${harness.program} program is not installed here`)
  } else {
    const own = withoutOwnSettings(environment)
    await checkVersion(harness, program, own, stateDirectory)
    await checkStatus(harness, credential, program, own)
  }
  report(`Restored ${harness.name} ${KIND_WORDS[credential.type] ?? credential.type} credentials`)
  if (endsUnrenewed(credential)) warn(endingOf(credential))
  return lease
}

// Codex renews with whoever has given it its login, by a token that is good there only.
function nobodyRenews({ name }: LeasedCredential): ClavigerError {
  return new ClavigerError(
    'invalid',
    `${name} cannot be restored without a server: Codex renews its login with Claviger, and this command ends.`,
    {
      hint: `Start it with: claviger exec --harness codex --profile ${name} -- codex. Or keep it on a server, which restores it: claviger models push ${name}`,
    },
  )
}

// A key that ends is one that a plugin renews.
function endsUnrenewed({ type, expiresAt }: LeasedCredential): boolean {
  return type !== 'codex/oauth' && isRenewed({ type, expiresAt })
}

// What renews it stays with us, and there is no way for the program to ask for it, as Codex has with a server.
function endingOf({ expiresAt }: LeasedCredential): string {
  const when = expiresAt ? `at ${expiresAt}` : 'within hours'
  return `warning: this login ends ${when}, and what was written does not renew itself. Type claviger restore again before then, or start the program with claviger exec, which renews it.`
}

// A lease of which nothing was written serves nobody.
async function orGiveBack<T>(
  leases: LeaseSource,
  { leaseId }: AcquiredLease,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await leases.release(leaseId).catch(() => undefined)
    throw error
  }
}

// All places are looked at before the first is written, so that none is changed when one is unsafe.
async function write(files: readonly DeliveredFile[]): Promise<void> {
  await refuseUnsafe(async () => {
    for (const { path } of files) await checkWritable(path)
    for (const { path, content } of files) await writeFileAtomically(path, content.expose())
  })
}

// Before anything is leased: an unsafe place is found without a secret having left the server.
async function prepareHome(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await refuseUnsafe(() => checkParent(directory))
}

async function refuseUnsafe(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!(error instanceof UnsafePathError)) throw error
    throw new ClavigerError('invalid', `Nothing was written: ${error.message}`, {
      hint: 'Make it a file or directory of your own that only you can write, then try again.',
      cause: error,
    })
  }
}
