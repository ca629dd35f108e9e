// Text for people: safe to print, aligned, and relative times. Pure; ui.ts prints it.

import { counted } from '../domain/counted.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const UNITS: readonly (readonly [name: string, size: number])[] = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
]

/** One line that cannot steer a terminal: control and direction characters become visible escapes. */
export function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** Rows under their headings, each column as wide as its widest cell, two blanks between them. */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [headings, ...rows.map((row) => row.map(plain))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))))
  return cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  )
}

/** Labels and values of one thing, aligned; entries without a value are left out. */
export function labelled(
  entries: readonly (readonly [label: string, value: string | undefined])[],
): string[] {
  const given = entries.filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  )
  const widest = Math.max(0, ...given.map(([label]) => width(label)))
  return given.map(([label, value]) => `${label}:${' '.repeat(widest - width(label))}  ${plain(value)}`)
}

/** An RFC 3339 time as `3 days ago` or `in 2 hours`; what is no time comes back as it is. */
export function relativeTime(time: string, now: number): string {
  const at = Date.parse(time)
  if (Number.isNaN(at)) return time
  // What was said to last 7 days does not last 6 because saying it took a while.
  const distance = at <= now ? now - at : (at - now) * 1.001
  const unit = UNITS.find(([, size]) => distance >= size)
  if (!unit) return 'just now'
  const count = Math.floor(distance / unit[1])
  const words = counted(count, unit[0])
  return at <= now ? `${words} ago` : `in ${words}`
}

/** A duration such as `30d`, `12h`, `90m` or `3600s` in seconds, or null. */
export function durationSeconds(text: string): number | null {
  const match = /^(\d{1,9})([smhd])$/.exec(text)
  if (!match) return null
  const size = { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] as 's' | 'm' | 'h' | 'd']
  return Number(match[1]) * size
}

function width(text: string): number {
  return [...text].length
}
