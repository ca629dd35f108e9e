// Parts of one page, one of them in sight. Each has an address of its own: whoever uses it keeps the chosen one there.

import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface Tab<Id extends string> {
  readonly id: Id
  readonly title: string
}

export interface TabsProps<Id extends string> {
  readonly label: string
  readonly tabs: readonly Tab<Id>[]
  readonly current: Id
  readonly onChoose: (id: Id) => void
  /** The part in sight. */
  readonly children: ReactNode
}

export function Tabs<Id extends string>({ label, tabs, current, onChoose, children }: TabsProps<Id>) {
  return (
    <Radix.Root value={current} onValueChange={(id) => onChoose(id as Id)} activationMode="manual">
      <Radix.List aria-label={label} className="mb-5 flex gap-1 overflow-x-auto border-b">
        {tabs.map(({ id, title }) => (
          <Radix.Trigger
            key={id}
            value={id}
            className="-mb-px min-h-10 border-b-2 border-transparent px-3 text-sm font-medium whitespace-nowrap text-soft -outline-offset-2 hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {title}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={current} tabIndex={-1} className="outline-none">
        {children}
      </Radix.Content>
    </Radix.Root>
  )
}
