// Agents and workers as callers.

import type { Caller } from '../../domain/caller.ts'
import type { AgentRow, WorkerRow } from '../../store/machine-groups.ts'

type Machine = Pick<Caller, 'organizationId' | 'kind' | 'id' | 'name' | 'role' | 'teams' | 'agent'>

export function agentCaller({ organizationId, name }: AgentRow): Machine {
  return { organizationId, kind: 'agent', id: name, name, role: 'agent', teams: [], agent: name }
}

export function workerCaller({ organizationId, id, name, agent }: WorkerRow): Machine {
  return { organizationId, kind: 'worker', id, name, role: 'worker', teams: [], agent }
}
