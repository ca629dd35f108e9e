// The setting that says where a harness's program is, as the runner takes it.

import type { HarnessName } from '../../domain/harness-names.ts'
import type { Context } from '../context.ts'

export function programOverride(context: Context, harness: HarnessName): { programOverride?: string } {
  const { claudeBin, codexBin } = context.settings()
  const path = harness === 'claude' ? claudeBin : codexBin
  return path === null ? {} : { programOverride: path }
}
