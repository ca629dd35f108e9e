// What was looked at, and what was seen: one line each.

import { isDeepStrictEqual } from 'node:util'

export interface Report {
  /** Begins a part. */
  part(title: string): void
  /** What is seen is to be this. */
  is(what: string, seen: unknown, wanted: unknown): void
  /** What is as it is, whatever it is: no fault of ours. */
  note(what: string): void
  /** How many were not as they are to be. */
  failures(): number
}

export function createReport(print: (line: string) => void): Report {
  let failures = 0
  return {
    part: (title) => print(`\n${title}`),
    is(what, seen, wanted) {
      const isAsWanted = isDeepStrictEqual(seen, wanted)
      print(`  ${isAsWanted ? 'ok  ' : 'FAIL'}  ${what}`)
      if (isAsWanted) return
      failures += 1
      print(`        seen    ${JSON.stringify(seen)}\n        wanted  ${JSON.stringify(wanted)}`)
    },
    note: (what) => print(`  note  ${what}`),
    failures: () => failures,
  }
}
