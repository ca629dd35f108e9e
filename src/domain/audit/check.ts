// Reading a chain of audit entries in order and saying what does not fit, by position. Pure; it holds one place at a
// time, so a chain of any length can be read.

import { type ChainedEntry, type ChainPlace, type Digest, linkOf } from './chain.ts'

/**
 * `missing`: positions without an entry. `altered`: an entry that does not fit the one before it. `out-of-order`: an entry
 * where a later one was expected. `truncated`: the end is missing. `beyond-end`: entries after the recorded end. `head`:
 * the recorded end is another than the last entry. `foreign`: an entry of another organization. `rewritten`: the entry at
 * a position is another than was seen there before. `rolled-back`: a server has seen more than there was.
 */
export const FINDING_KINDS = [
  'missing',
  'altered',
  'out-of-order',
  'truncated',
  'beyond-end',
  'head',
  'foreign',
  'rewritten',
  'rolled-back',
] as const

export interface Finding {
  readonly kind: (typeof FINDING_KINDS)[number]
  /** The first and the last position it is about. */
  readonly from: number
  readonly to: number
  readonly message: string
}

export interface ChainCheck {
  /** The last entry that was read, or where reading began. */
  readonly last: ChainPlace
  /** Takes the next entry; says what is wrong with it. */
  add(entry: ChainedEntry): Finding[]
  /** Compares what was read with the end that was recorded. */
  end(head: ChainPlace): Finding[]
}

/** Reads on from `start`, which was verified before, or is the start of the chain. */
export function checkChain(digest: Digest, organizationId: string, start: ChainPlace): ChainCheck {
  let last = start
  return {
    get last() {
      return last
    },
    add(entry) {
      const findings = faultsOf(digest, organizationId, last, entry)
      // What stands too far back is not a place to go on from.
      if (entry.position > last.position) last = { position: entry.position, hash: entry.hash }
      return findings
    },
    end: (head) => endFaults(last, head),
  }
}

/** The entry at `seen.position` has this hash now: says so when it is another than was seen. */
export function compareWithSeen(seen: ChainPlace, hash: string): Finding[] {
  if (seen.hash === hash) return []
  const at = seen.position
  return [finding('rewritten', at, at, `Entry ${at} is another than was seen there before.`)]
}

/** The log ends at `last`: says so when a later place was seen. */
export function endsBefore(last: ChainPlace, seen: ChainPlace): Finding[] {
  if (seen.position <= last.position) return []
  const message = `The log ends at entry ${last.position}; entry ${seen.position} was seen before.`
  return [finding('rolled-back', last.position + 1, seen.position, message)]
}

function faultsOf(digest: Digest, organizationId: string, last: ChainPlace, entry: ChainedEntry): Finding[] {
  const { position } = entry
  const expected = last.position + 1
  if (!Number.isSafeInteger(position) || position < expected) {
    const message = `Entry ${position} stands where entry ${expected} was expected.`
    return [finding('out-of-order', position, position, message)]
  }
  const foreign = entry.organizationId === organizationId ? [] : [ofAnother(position)]
  if (position > expected) return [...foreign, missing(expected, position - 1)]
  if (foreign.length > 0 || linkOf(digest, last.hash, entry, position) === entry.hash) return foreign
  const before = last.position === 0 ? '' : `, or entry ${last.position} was replaced`
  return [finding('altered', position, position, `Entry ${position} was altered${before}.`)]
}

function endFaults(last: ChainPlace, head: ChainPlace): Finding[] {
  if (last.position < head.position) {
    const message = `The log ends at entry ${last.position}; it went on to entry ${head.position}.`
    return [finding('truncated', last.position + 1, head.position, message)]
  }
  if (last.position > head.position) {
    const message = `The log should end at entry ${head.position}; it goes on to entry ${last.position}.`
    return [finding('beyond-end', head.position + 1, last.position, message)]
  }
  if (last.hash === head.hash) return []
  const message = `Entry ${last.position} is another than the one the log is recorded to end with.`
  return [finding('head', last.position, last.position, message)]
}

function missing(from: number, to: number): Finding {
  const what = from === to ? `Entry ${from} is missing.` : `Entries ${from} to ${to} are missing.`
  return finding('missing', from, to, what)
}

function ofAnother(position: number): Finding {
  return finding('foreign', position, position, `Entry ${position} belongs to another organization.`)
}

function finding(kind: Finding['kind'], from: number, to: number, message: string): Finding {
  return { kind, from, to, message }
}
