// `claviger doctor`: checks this machine and its server, or its profiles where there is none, and says what to type for
// each thing that is wrong.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { givenSettings } from '../../config.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { leasesOf } from '../../runner/client-leases.ts'
import { reapLeftovers } from '../../runner/private-directory.ts'
import { asWorkerHere, harnessOfVariable } from '../commands/machine-words.ts'
import { type Connection, connect, usesProfiles } from '../connection.ts'
import type { Context } from '../context.ts'
import { loginFile } from '../secrets.ts'
import { lookAt } from '../signing-in/known-servers.ts'
import { checkDatabase } from './database.ts'
import { checkEvents } from './events.ts'
import { exitOf, type Finding, failed, inWords, ok } from './finding.ts'
import { checkInstallation } from './installation.ts'
import { checkLogins } from './logins.ts'
import { examineProfiles } from './profiles.ts'
import { checkProgram, findProgramOf } from './program-check.ts'
import { sayInstallation } from './reaching.ts'
import { workerExaminer } from './worker.ts'

export interface DoctorOptions {
  readonly worker?: boolean
  readonly harness?: HarnessName
}

/** What is broken decides the exit code; a warning is no failure. With `worker`, all that a run on this machine needs. */
export async function run(given: Context, { worker, harness }: DoctorOptions): Promise<number> {
  // A worker has a server, or should have.
  const isWorker = worker === true
  const context = isWorker ? await asWorkerHere(given) : given
  const { stateDirectory } = context.settings()
  const named = harness ?? (isWorker ? harnessOfVariable(context) : null)
  const harnesses = named === null ? HARNESSES : [named]
  const isLocal = context.agent !== null || (!isWorker && (await usesProfiles(context)))
  const examined = isLocal ? examineAlone : isWorker ? workerExaminer(named !== null) : examine
  const findings = [
    ok('node', process.version),
    await checkDirectory(stateDirectory, isLocal),
    ...(await checkFiles(context, stateDirectory)),
    ...(await examined(context, harnesses)),
    await checkLeftovers(isLocal ? null : () => connect(context, isWorker), stateDirectory),
  ]
  context.ui.answer({ checks: findings }, () => findings.flatMap(inWords))
  return exitOf(findings)
}

async function examine(context: Context, harnesses: readonly HarnessName[]): Promise<Finding[]> {
  const programs = checkPrograms(context, harnesses)
  const server = [...(await checkServer(context)), ...(await checkDatabase(context))]
  return [...server, ...(await programs)]
}

async function examineAlone(context: Context, harnesses: readonly HarnessName[]): Promise<Finding[]> {
  const programs = checkPrograms(context, harnesses)
  return [...(await examineProfiles(context, harnesses)), ...(await programs)]
}

function checkPrograms(context: Context, harnesses: readonly HarnessName[]): Promise<Finding[]> {
  return Promise.all(harnesses.map(async (name) => checkProgram(context, await findProgramOf(context, name))))
}

async function checkDirectory(path: string, isLocal: boolean): Promise<Finding> {
  const mode = await modeOf(path)
  if (mode === null)
    return {
      level: 'warn',
      what: 'state directory',
      said: `${path} is not there yet.`,
      hint: isLocal ? 'The first profile makes it.' : 'claviger serve makes it.',
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
    ['key of the profiles', join(stateDirectory, 'profiles.key')],
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

async function checkServer(context: Context): Promise<Finding[]> {
  const what = 'server'
  try {
    const { client, server, tokenSource } = await connect(context)
    const look = await lookAt(context.settings().stateDirectory, server)
    const who = await client.call('whoami', {})
    const { name, role } = who
    const found = ok(what, `${server} answers; signed in as ${name} (${role}) by ${tokenSource ?? 'nothing'}`)
    return [
      found,
      ...sayInstallation(server, look),
      ...(await checkInstallation(client)),
      ...(await checkLogins(client, who)),
      ...(await checkEvents(client)),
    ]
  } catch (thrown) {
    return [failed(what, thrown)]
  }
}

// What runs that were killed have left is removed as the next run would do it. Without a server their leases went with them.
async function checkLeftovers(
  connecting: (() => Promise<Connection>) | null,
  stateDirectory: string,
): Promise<Finding> {
  const what = 'runs'
  try {
    const leftovers = await reapLeftovers(stateDirectory)
    if (leftovers.length === 0) return ok(what, 'nothing is left of killed ones')
    const leases = leftovers.flatMap(({ leaseId }) => leaseId ?? [])
    if (connecting !== null) {
      const { client } = await connecting()
      await Promise.allSettled(leases.map((id) => leasesOf(client).release(id)))
    }
    return { level: 'warn', what, said: `Removed what ${leftovers.length} killed ones had left.` }
  } catch (thrown) {
    return failed(what, thrown)
  }
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}
