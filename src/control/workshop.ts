// The tools every group of use-cases shares, made once from the ports.

import { createUseNotes, type UseNotes } from './credentials/noting-use.ts'
import { createProbing, type Probing } from './credentials/probing.ts'
import { createGuard, type Guard } from './guard.ts'
import { createResolution, type Resolution } from './resolution.ts'
import type { Ports } from './use-case.ts'

/** What every group of use-cases is built from. */
export interface Workshop extends Ports {
  readonly guard: Guard
  readonly probing: Probing
  readonly resolution: Resolution
  readonly useNotes: UseNotes
}

export function createWorkshop(ports: Ports): Workshop {
  return {
    ...ports,
    guard: createGuard(ports),
    probing: createProbing(ports),
    resolution: createResolution(ports),
    useNotes: createUseNotes(ports),
  }
}
