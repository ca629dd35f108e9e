// A button that takes something away, after a question.

import { type ReactNode, useState } from 'react'
import type { OperationName } from '../../../../../src/api/operations.ts'
import type { Request } from '../../../../../src/api/schemas.ts'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { useToast } from '../../../ui/toast.tsx'

export interface RemoveProps<N extends OperationName> {
  readonly operation: N
  readonly input: Request<N>
  /** `Revoke`, `Remove`, `Delete`. */
  readonly verb: string
  readonly name: string
  /** Said when it is done. */
  readonly done: string
  /** What happens, in plain words. */
  readonly children: ReactNode
}

export function Remove<N extends OperationName>({
  operation,
  input,
  verb,
  name,
  done,
  children,
}: RemoveProps<N>) {
  const [asks, setAsks] = useState(false)
  const say = useToast()
  const change = useChange(operation, () => {
    setAsks(false)
    say(done)
  })
  return (
    <>
      <Button kind="quiet" aria-label={`${verb} ${name}`} onClick={() => setAsks(true)}>
        {verb}
      </Button>
      <ConfirmDialog
        open={asks}
        onClose={() => {
          setAsks(false)
          change.reset()
        }}
        title={`${verb} ${name}?`}
        verb={verb}
        error={change.error}
        busy={change.isPending}
        onConfirm={() => change.mutate(input)}
      >
        {children}
      </ConfirmDialog>
    </>
  )
}
