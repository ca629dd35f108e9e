// `claviger doctor`: checks this machine and its server, and says what to type for each thing that is wrong.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { givenSettings } from '../../config.ts'
import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { reapLeftovers } from '../../runner/private-directory.ts'
import { checkVersion, findProgram } from '../../runner/programs.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { loginFile } from '../secrets.ts'
import { leasesOf } from './lease-source.ts'
import { programOverride } from './program-override.ts'

interface Finding {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly said: string
  /** What to type. */
  readonly hint?: string
}

/** Exit 1 when something is broken; a warning is no failure. */
export async function run(context: Context): Promise<number> {
  const { stateDirectory } = context.settings()
  const findings = [
    ok('node', process.version),
    await checkDirectory(stateDirectory),
    ...(await checkFiles(context, stateDirectory)),
    await checkServer(context),
    ...(await Promise.all(HARNESSES.map((name) => checkHarness(context, name)))),
    await checkLeftovers(context, stateDirectory),
  ]
  context.ui.answer({ checks: findings }, () => findings.flatMap(inWords))
  return findings.some((one) => one.level === 'fail') ? EXIT.failed : EXIT.ok
}

async function checkDirectory(path: string): Promise<Finding> {
  const mode = await modeOf(path)
  if (mode === null)
    return {
      level: 'warn',
      what: 'state directory',
      said: `${path} is not there yet.`,
      hint: 'claviger serve makes it.',
    }
  if ((mode & 0o077) === 0) return ok('state directory', `${path}, yours only`)
  return {
    level: 'fail',
    what: 'state directory',
    said: `${path} is open to others.`,
    hint: `Type: chmod 700 ${path}`,
  }
}

// Files that hold a key or a token; those that are not there need no check.
async function checkFiles({ dependencies }: Context, stateDirectory: string): Promise<Finding[]> {
  const { masterKeyFile = join(stateDirectory, 'master.key') } = givenSettings(dependencies.env)
  const files = [
    ['master key', masterKeyFile],
    ['admin token', join(stateDirectory, 'admin.token')],
    ['saved login', loginFile(stateDirectory)],
  ] as const
  const findings = files.map(async ([what, path]): Promise<Finding[]> => {
    const mode = await modeOf(path)
    if (mode === null) return []
    if ((mode & 0o077) === 0) return [ok(what, `${path}, yours only`)]
    return [{ level: 'fail', what, said: `${path} can be read by others.`, hint: `Type: chmod 600 ${path}` }]
  })
  return (await Promise.all(findings)).flat()
}

async function checkServer(context: Context): Promise<Finding> {
  const what = 'server'
  try {
    const { client, server, tokenSource } = await connect(context)
    const { name, role } = await client.call('whoami', {})
    return ok(what, `${server} answers; signed in as ${name} (${role}) by ${tokenSource ?? 'nothing'}`)
  } catch (thrown) {
    return failed(what, thrown)
  }
}

async function checkHarness(context: Context, name: HarnessName): Promise<Finding> {
  const { dependencies } = context
  const harness = await dependencies.harnessOf(name)
  const what = HARNESS_TITLE[name]
  const { env } = dependencies
  const path = await findProgram(harness, env, process.cwd(), programOverride(context, name).programOverride)
  if (path === null) {
    const hint = `Install it (${harness.installHint}), or set ${harness.programSetting}.`
    return { level: 'warn', what, said: `${harness.program} was not found.`, hint }
  }
  try {
    await checkVersion(harness, path, env, context.settings().stateDirectory)
    return ok(what, `${path}, ${harness.minimumVersion} or newer`)
  } catch (thrown) {
    return failed(what, thrown)
  }
}

// What runs that were killed have left is removed as the next run would do it.
async function checkLeftovers(context: Context, stateDirectory: string): Promise<Finding> {
  const what = 'runs'
  try {
    const leftovers = await reapLeftovers(stateDirectory)
    if (leftovers.length === 0) return ok(what, 'nothing is left of killed ones')
    const leases = leftovers.flatMap(({ leaseId }) => leaseId ?? [])
    const { client } = await connect(context)
    await Promise.allSettled(leases.map((id) => leasesOf(client).release(id)))
    return { level: 'warn', what, said: `Removed what ${leftovers.length} killed ones had left.` }
  } catch (thrown) {
    return failed(what, thrown)
  }
}

function ok(what: string, said: string): Finding {
  return { level: 'ok', what, said }
}

function failed(what: string, thrown: unknown): Finding {
  const known = thrown instanceof ClavigerError || errorCode(thrown) === ''
  const { message, hint } = known
    ? asClavigerError(thrown)
    : { message: (thrown as Error).message, hint: undefined }
  return { level: 'fail', what, said: message, ...(hint !== undefined && { hint }) }
}

function inWords({ level, what, said, hint }: Finding): string[] {
  const first = `${level.padEnd(4)}  ${what}: ${said}`
  return hint === undefined ? [first] : [first, `      ${hint}`]
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}
