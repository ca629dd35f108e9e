// The gate before every use-case: what the operations table says of who may ask is checked here, before anything is
// looked up. The handle of a lease opens only what is its own; general rights are checked, and a refusal is recorded.
// Rights over one credential need its owner and are left to the guard.

import { OPERATION_NAMES, OPERATIONS, type OperationName } from '../api/operations.ts'
import { type Caller, isGeneralRight } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Guard } from './guard.ts'
import type { Control } from './use-case.ts'

type Anything = (caller: Caller, input: unknown) => Promise<unknown>

/** The same use-cases, each behind the permission that its operation names. */
export function gated(control: Control, guard: Guard): Control {
  const behind = OPERATION_NAMES.map((name) => {
    const useCase = control[name] as Anything
    return [name, OPERATIONS[name].permission === 'public' ? useCase : gate(name, useCase, guard)]
  })
  return Object.fromEntries(behind) as Control
}

function gate(name: OperationName, useCase: Anything, guard: Guard): Anything {
  const { permission } = OPERATIONS[name]
  const object = { kind: 'operation', id: name, name }
  if (permission === 'own-lease') return useCase
  const general = isGeneralRight(permission) ? permission : undefined
  return async (caller, input) => {
    // Whatever the person behind a lease may do: its handle may not.
    if (caller.leaseId !== null) {
      await guard.check(caller, { action: name, needs: { general: 'lease' }, object })
      throw new ClavigerError('internal', 'The handle of a lease got past the gate.')
    }
    if (general !== undefined) {
      await guard.check(caller, { action: name, needs: { general }, object })
    }
    return useCase(caller, input)
  }
}
