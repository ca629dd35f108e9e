// A value is tried out before it counts: the provider is asked, and what it says is shown. Whoever knows better goes on.

import { problemOf } from '../../../api/problem.ts'
import { Button } from '../../../ui/button.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import type { TypeInfo } from '../../../words/types.ts'

export interface TestFirstProps {
  readonly type: TypeInfo
  readonly test: boolean
  readonly onChange: (test: boolean) => void
}

/** Nothing for a type that nobody can be asked about. */
export function TestFirst({ type, test, onChange }: TestFirstProps) {
  if (!type.testable) return null
  return (
    <Checkbox
      label="Test it first"
      hint="The provider is asked whether it works. This costs nothing, or next to nothing."
      checked={test}
      onChange={(event) => onChange(event.target.checked)}
    />
  )
}

export interface TriedProps {
  readonly error: unknown
  readonly busy: boolean
  readonly onSaveAnyway: () => void
}

/** What came of a try that stored nothing, with a way to store it all the same; any other error as it is. */
export function Tried({ error, busy, onSaveAnyway }: TriedProps) {
  if (error === null || error === undefined) return null
  const { code, message } = problemOf(error)
  if (code !== 'rejected' && code !== 'upstream') return <Notice error={error} />
  return (
    <div role="alert">
      <Callout tone="bad">
        <p className="font-medium wrap-anywhere">{message}</p>
        <p>Nothing was stored.</p>
        <div>
          <Button busy={busy} onClick={onSaveAnyway}>
            Save anyway
          </Button>
        </div>
      </Callout>
    </div>
  )
}
