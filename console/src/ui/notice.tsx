// Sentences that have to be seen: an error in the API's own words with its hint, a warning, a note.

import type { ReactNode } from 'react'
import { problemOf } from '../api/problem.ts'
import { Hint } from '../words/hint.tsx'
import { Button } from './button.tsx'
import { Icon, type IconName } from './icons.tsx'

type Tone = 'bad' | 'warn' | 'info' | 'good'

const LOOK: Readonly<Record<Tone, { icon: IconName; className: string }>> = {
  bad: { icon: 'warning', className: 'bg-bad-tint text-bad' },
  warn: { icon: 'warning', className: 'bg-warn-tint text-warn' },
  info: { icon: 'question', className: 'bg-info-tint text-info' },
  good: { icon: 'check', className: 'bg-good-tint text-good' },
}

export function Callout({ tone, children }: { tone: Tone; children: ReactNode }) {
  const { icon, className } = LOOK[tone]
  return (
    <div className={`grid grid-cols-[auto_minmax(0,1fr)] gap-2.5 rounded-lg p-3 text-sm ${className}`}>
      <Icon name={icon} className="mt-0.5 size-4" />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-1">{children}</div>
    </div>
  )
}

/** Nothing while there is no error. `retry` offers to try again. */
export function Notice({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error === null || error === undefined) return null
  const { message, hint } = problemOf(error)
  return (
    <div role="alert">
      <Callout tone="bad">
        <p className="font-medium wrap-anywhere">{message}</p>
        {hint !== undefined && <Hint text={hint} />}
        {retry !== undefined && (
          <div>
            <Button onClick={retry}>Try again</Button>
          </div>
        )}
      </Callout>
    </div>
  )
}
