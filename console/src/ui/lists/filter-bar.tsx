// What narrows a list down: one choice each, and a way back to all of it.

import type { ReactNode } from 'react'
import { Button } from '../button.tsx'
import { type Option, Select } from '../field.tsx'

export interface Filter {
  readonly label: string
  readonly chosen: string | undefined
  readonly choices: readonly Option[]
  /** What it says while nothing is chosen. */
  readonly any?: string
  readonly onChoose: (chosen: string) => void
}

export interface FilterBarProps {
  /** Before the choices. */
  readonly first?: ReactNode
  readonly filters: readonly Filter[]
  /** Behind the choices. */
  readonly children?: ReactNode
  /** Null: nothing is narrowed down. */
  readonly onClear: (() => void) | null
}

export function FilterBar({ first, filters, children, onClear }: FilterBarProps) {
  return (
    <search className="flex flex-wrap items-end gap-2">
      {first}
      {filters.map(({ label, chosen = '', choices, any = 'Any', onChoose }) => (
        <Select
          key={label}
          label={label}
          value={chosen}
          onChoose={onChoose}
          options={[{ value: '', label: any }, ...choices]}
        />
      ))}
      {children}
      {onClear !== null && (
        <Button kind="quiet" icon="cross" onClick={onClear}>
          Clear
        </Button>
      )}
    </search>
  )
}
