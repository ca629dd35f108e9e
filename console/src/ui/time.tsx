// Times as people say them, with the exact one behind, kept right while the page is open.

import { useSyncExternalStore } from 'react'

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

const EVERY = 15_000
const watchers = new Set<() => void>()
let now = Date.now()

setInterval(() => {
  now = Date.now()
  for (const watcher of watchers) watcher()
}, EVERY)

/** Milliseconds since 1970, to some seconds. */
export function useNow(): number {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => now,
  )
}

/** `3 days ago`, `in 2 hours`, `just now`. */
export function relativeWords(at: number, from: number): string {
  // A day from now is a day also a moment later.
  const distance = at > from ? Math.round((at - from) / 60_000) * 60_000 : at - from
  const unit = UNITS.find(([, size]) => Math.abs(distance) >= size)
  return unit === undefined ? 'just now' : RELATIVE.format(Math.trunc(distance / unit[1]), unit[0])
}

export function exactWords(time: string): string {
  return EXACT.format(new Date(time))
}

/** An RFC 3339 time; a dash where there is none. */
export function RelativeTime({ time }: { time: string | null | undefined }) {
  const from = useNow()
  if (time === null || time === undefined) return <span className="text-soft">–</span>
  return (
    <time dateTime={time} title={exactWords(time)} className="truncate">
      {relativeWords(Date.parse(time), from)}
    </time>
  )
}
