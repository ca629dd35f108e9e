// Which type it is: by the coding agent it is for.

import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { type TypeInfo, useTypes } from '../../../words/types.ts'

const HARNESSES = ['claude', 'codex', 'raw'] as const

export interface TypeChoiceProps {
  /** Only its types; all of them without it. */
  readonly harness: string | undefined
  readonly onChoose: (type: TypeInfo) => void
  readonly onCancel: () => void
}

export function TypeChoice({ harness, onChoose, onCancel }: TypeChoiceProps) {
  const types = useTypes()
  if (types.length === 0) return <SkeletonLines lines={6} />
  const shown = HARNESSES.filter((one) => harness === undefined || one === harness)
  return (
    <>
      {shown.map((one) => (
        <section key={one} className="grid gap-2">
          <h3 className="text-sm font-medium text-soft">{harnessTitle(one)}</h3>
          <ul className="grid gap-2 sm:grid-cols-2">
            {types
              .filter((type) => type.harness === one)
              .map((type) => (
                <li key={type.type} className="grid">
                  <Choice type={type} onChoose={onChoose} />
                </li>
              ))}
          </ul>
        </section>
      ))}
      <Actions>
        <Button onClick={onCancel}>Cancel</Button>
      </Actions>
    </>
  )
}

function Choice({ type, onChoose }: { type: TypeInfo; onChoose: TypeChoiceProps['onChoose'] }) {
  return (
    <button
      type="button"
      onClick={() => onChoose(type)}
      className="grid content-start gap-0.5 rounded-lg border border-edge p-3 text-left hover:bg-sunken"
    >
      <span className="flex flex-wrap items-center justify-between gap-2">
        <span className="font-medium">{type.title}</span>
        {type.entry === 'sign-in' && <Badge>sign in</Badge>}
      </span>
      <span className="text-sm text-soft">{type.bills}</span>
    </button>
  )
}
