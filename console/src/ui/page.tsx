// The frame of a page inside the shell: its heading, what can be done on it, its parts.

import { type ReactNode, useEffect, useId } from 'react'

export interface PageProps {
  readonly title: string
  readonly lead?: ReactNode
  /** Buttons beside the heading. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, lead, actions, children }: PageProps) {
  useTitle(title)
  return (
    <div className="mx-auto grid w-full max-w-6xl grid-cols-[minmax(0,1fr)] content-start gap-5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div
          className={`grid min-w-0 flex-1 basis-72 grid-cols-[minmax(0,1fr)] gap-1 ${lead === undefined ? 'min-h-10 content-center' : ''}`}
        >
          <h1 title={title} className="line-clamp-2 text-xl font-semibold wrap-anywhere">
            {title}
          </h1>
          {lead !== undefined && <p className="max-w-prose text-sm text-soft">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

/** A part of a page with a heading of its own. */
export function Section({ title, actions, children }: Omit<PageProps, 'lead'>) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className="surface grid grid-cols-[minmax(0,1fr)] content-start gap-4 p-4 sm:p-5"
    >
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 id={id} className="min-w-0 text-base font-semibold wrap-anywhere">
          {title}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** The title of the window. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Claviger`
  }, [title])
}
