// Whether the program of a harness is there, and new enough.

import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { checkVersion, findProgram, versionOf } from '../../runner/programs.ts'
import { programOverride } from '../commands/program-override.ts'
import type { Context } from '../context.ts'
import { type Finding, failed, ok } from './finding.ts'

export interface FoundProgram {
  readonly harness: Harness
  /** Null when there is none. */
  readonly path: string | null
}

export async function findProgramOf(context: Context, name: HarnessName): Promise<FoundProgram> {
  const { dependencies } = context
  const harness = await dependencies.harnessOf(name)
  const override = programOverride(context, name).programOverride
  return { harness, path: await findProgram(harness, dependencies.env, process.cwd(), override) }
}

export async function checkProgram(context: Context, { harness, path }: FoundProgram): Promise<Finding> {
  const what = HARNESS_TITLE[harness.name]
  if (path === null) {
    const hint = `Install it (${harness.installHint}), or set ${harness.programSetting}.`
    return { level: 'warn', what, said: `${harness.program} was not found.`, hint }
  }
  try {
    const { env } = context.dependencies
    const { stateDirectory } = context.settings()
    await checkVersion(harness, path, env, stateDirectory)
    const version = await versionOf(path, env, stateDirectory)
    return ok(what, `${path}, ${version === null ? 'of a version it does not say' : `version ${version}`}`)
  } catch (thrown) {
    return failed(what, thrown)
  }
}
