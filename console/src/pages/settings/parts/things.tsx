// A short list of things, each a line with what can be done about it.

import type { ReactNode } from 'react'
import { Notice } from '../../../ui/notice.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'

export interface ThingsProps<One> {
  readonly label: string
  /** Undefined: nothing is known yet. */
  readonly things: readonly One[] | undefined
  readonly error: unknown
  readonly keyOf: (one: One) => string
  readonly line: (one: One) => ReactNode
}

export function Things<One>({ label, things, error, keyOf, line }: ThingsProps<One>) {
  if (error !== null) return <Notice error={error} />
  if (things === undefined) return <SkeletonLines lines={3} />
  if (things.length === 0) return <p className="text-sm text-soft">There are none.</p>
  return (
    <ul aria-label={label} className="max-h-96 divide-y overflow-y-auto">
      {things.map((one) => (
        <li key={keyOf(one)} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-2.5 text-sm">
          {line(one)}
        </li>
      ))}
    </ul>
  )
}

/** What it is, and what is known of it. */
export function What({ name, children }: { name: ReactNode; children?: ReactNode }) {
  return (
    <div className="grid min-w-0 flex-1 basis-48 gap-0.5">
      <span className="flex flex-wrap items-center gap-2 font-medium wrap-anywhere">{name}</span>
      {children !== undefined && (
        <span className="flex flex-wrap gap-x-3 text-xs text-soft wrap-anywhere">{children}</span>
      )}
    </div>
  )
}
