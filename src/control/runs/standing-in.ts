// A worker reads, reports, follows and ends the lease of a run it has claimed as its handle does: for whoever the run is.

import type { Caller } from '../../domain/caller.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { subjectOfRun } from './serving.ts'

type OfLeases = Pick<Control, 'leases.read' | 'leases.reject' | 'leases.events' | 'leases.end'>

/** The same use-cases, for workers too. */
export function forWorkersOfRuns(workshop: Workshop, leases: OfLeases): OfLeases {
  const holder = (caller: Caller, id: string) => holderFor(workshop, caller, id)
  return {
    'leases.read': async (caller, input) => leases['leases.read'](await holder(caller, input.id), input),
    'leases.reject': async (caller, input) => leases['leases.reject'](await holder(caller, input.id), input),
    'leases.events': async (caller, input) => leases['leases.events'](await holder(caller, input.id), input),
    'leases.end': async (caller, input) => leases['leases.end'](await holder(caller, input.id), input),
  }
}

async function holderFor(workshop: Workshop, caller: Caller, leaseId: string): Promise<Caller> {
  const { organizationId, kind, id: worker } = caller
  if (kind !== 'worker' || caller.leaseId !== null) return caller
  const { runLeases, runs } = workshop.store
  const served = await runLeases.get(leaseId)
  const row = served && (await runs.get(organizationId, served.runId))
  const claim = row?.run.claim
  if (served === undefined || row === undefined || claim?.worker !== worker || claim.id !== served.claim)
    return caller
  return { ...(await subjectOfRun(workshop, caller, row)), tokenId: null, leaseId }
}
