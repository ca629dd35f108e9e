// What whoever operates a worker decides about it.

import type { PinnedModels } from './models.ts'

export interface WorkerSettings {
  /** At a time. */
  readonly runs: number
  /** Full paths. */
  readonly directories: readonly string[]
  /** Milliseconds. */
  readonly silence: number
  readonly models: PinnedModels
}
