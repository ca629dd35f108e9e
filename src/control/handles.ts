// What the handle of a lease is good for: reading and ending that lease. Everything else is refused before it begins,
// whatever the person behind the lease may do, and the refusal is recorded.

import type { OperationName } from '../api/operations.ts'
import type { Caller } from '../domain/caller.ts'
import type { Guard } from './guard.ts'
import type { Control } from './use-case.ts'

const FOR_HANDLES: ReadonlySet<string> = new Set<OperationName>(['leases.read', 'leases.end'])

/** The same use-cases, closed to handles but for the two that are theirs. */
export function closedToHandles(control: Control, guard: Guard): Control {
  const closed = Object.entries(control).map(([name, useCase]) => {
    if (FOR_HANDLES.has(name)) return [name, useCase]
    const open = useCase as (caller: Caller, input: unknown) => Promise<unknown>
    return [
      name,
      (caller: Caller, input: unknown) =>
        caller.leaseId === null ? open(caller, input) : refuse(caller, name, guard),
    ]
  })
  return Object.fromEntries(closed) as Control
}

function refuse(caller: Caller, name: string, guard: Guard): Promise<void> {
  const object = { kind: 'operation', id: name, name }
  return guard.check(caller, { action: name, needs: { general: 'lease' }, object })
}
