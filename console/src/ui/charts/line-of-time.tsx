// What ends when: a line from now to each end, on one scale. A full mark is an end that somebody said, a hollow one with a
// dashed line is an estimate, a cross is past. The words beside each line say the same.

import type { ReactNode } from 'react'
import { exactWords, relativeWords } from '../time.tsx'
import { type Mark, MarkShape } from './marks.tsx'

export interface End {
  readonly id: string
  readonly name: ReactNode
  /** RFC 3339. */
  readonly at: string
  readonly isEstimated: boolean
  readonly sentence: string
  /** What can be done about it. */
  readonly action?: ReactNode
}

export interface LineOfTimeProps {
  readonly label: string
  readonly ends: readonly End[]
  readonly now: number
}

const DAY = 86_400_000
const TICKS = [0.25, 0.5, 0.75, 1]

export function LineOfTime({ label, ends, now }: LineOfTimeProps) {
  const furthest = Math.max(7 * DAY, ...ends.map(({ at }) => Date.parse(at) - now))
  return (
    <div className="grid gap-1">
      <Scale furthest={furthest} now={now} />
      <ol aria-label={label} className="grid divide-y">
        {ends.map((end) => (
          <Line key={end.id} end={end} now={now} furthest={furthest} />
        ))}
      </ol>
      <Legend ends={ends} now={now} />
    </div>
  )
}

const COLUMNS =
  'items-center gap-x-4 gap-y-1 sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_minmax(0,2fr)] xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_minmax(0,3fr)]'

function Line({ end, now, furthest }: { end: End; now: number; furthest: number }) {
  const mark = markOf(end, now)
  const share = Math.max(0, Math.min(1, (Date.parse(end.at) - now) / furthest))
  return (
    <li className={`grid ${COLUMNS} py-2 text-sm`}>
      <span className="flex min-w-0 items-center gap-2 wrap-anywhere">{end.name}</span>
      <span aria-hidden="true" className="relative hidden h-4 sm:block">
        <svg aria-hidden="true" width="100%" height="16" className="absolute inset-0 text-edge">
          <line
            x1="0"
            x2={`${share * 96}%`}
            y1="8"
            y2="8"
            stroke="currentColor"
            strokeWidth="2"
            strokeDasharray={end.isEstimated ? '4 4' : undefined}
          />
        </svg>
        <span className="absolute inset-y-0 flex items-center text-ink" style={{ left: `${share * 96}%` }}>
          <MarkShape mark={mark} />
        </span>
      </span>
      <span className="flex min-w-0 flex-wrap items-center justify-between gap-2 text-soft">
        <span title={exactWords(end.at)} className="flex items-center gap-1.5">
          <span className="sm:hidden">
            <MarkShape mark={mark} />
          </span>
          {end.sentence}
        </span>
        {end.action}
      </span>
    </li>
  )
}

function markOf({ at, isEstimated }: End, now: number): Mark {
  if (Date.parse(at) <= now) return 'cross'
  return isEstimated ? 'hollow' : 'full'
}

function Scale({ furthest, now }: { furthest: number; now: number }) {
  return (
    <div aria-hidden="true" className={`hidden ${COLUMNS} text-xs text-soft sm:grid`}>
      <span />
      <span className="relative h-4">
        <span className="absolute left-0">now</span>
        {TICKS.map((tick) => (
          <span
            key={tick}
            className="absolute -translate-x-1/2 whitespace-nowrap"
            style={{ left: `${tick * 96}%` }}
          >
            {relativeWords(now + tick * furthest, now)}
          </span>
        ))}
      </span>
      <span />
    </div>
  )
}

const MEANINGS: readonly (readonly [Mark, string])[] = [
  ['full', 'known end'],
  ['hollow', 'by estimate'],
  ['cross', 'has ended'],
]

function Legend({ ends, now }: { ends: readonly End[]; now: number }) {
  const used = new Set(ends.map((end) => markOf(end, now)))
  return (
    <ul aria-hidden="true" className="flex flex-wrap gap-4 text-xs text-soft">
      {MEANINGS.filter(([mark]) => used.has(mark)).map(([mark, words]) => (
        <li key={mark} className="flex items-center gap-1.5">
          <MarkShape mark={mark} className="size-3" />
          {words}
        </li>
      ))}
    </ul>
  )
}
