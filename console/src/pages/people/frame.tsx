// The frame of the pages for somebody who is not signed in yet: one thing to do, in the middle.

import type { ReactNode } from 'react'
import { Icon } from '../../ui/icons.tsx'
import { useTitle } from '../../ui/page.tsx'

export function Frame({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useTitle(title)
  return (
    <main className="grid min-h-dvh content-start justify-items-center px-4 py-8 sm:pt-[16vh]">
      <div className="surface grid w-full max-w-md gap-5 p-5 sm:p-7">
        <div className="grid gap-3">
          <span className="grid size-10 place-items-center rounded-lg bg-accent text-on-accent">
            <Icon name="key" className="size-5.5" />
          </span>
          <h1 className="text-xl font-semibold wrap-anywhere">{title}</h1>
          {lead !== undefined && <div className="grid gap-1 text-sm text-soft">{lead}</div>}
        </div>
        {children}
      </div>
    </main>
  )
}
