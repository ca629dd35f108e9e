import { describe, expect, it } from 'vitest'
import { sha256 } from '../../lib/digest.ts'
import { type ChainedEntry, type ChainPlace, chained, chainStart } from './chain.ts'
import { checkChain, compareWithSeen, endsBefore } from './check.ts'

const START = chainStart(sha256, 'org-a')

function chainOf(size: number, organizationId = 'org-a'): ChainedEntry[] {
  const chain: ChainedEntry[] = []
  for (let i = 1; i <= size; i += 1) {
    const before: ChainPlace = chain.at(-1) ?? chainStart(sha256, organizationId)
    const [actor, object] = [
      { actorKind: 'person', actorId: 'p', actorName: 'ada' },
      { objectKind: 'credential', objectId: 'c', objectName: 'main' },
    ]
    const rest = { action: 'lease.create', outcome: 'allowed', details: {}, requestId: `r-${i}` } as const
    chain.push(
      chained(sha256, before, { id: `aud-${i}`, organizationId, at: i, ...actor, ...object, ...rest }),
    )
  }
  return chain
}

const CHAIN = chainOf(9)
const END = CHAIN[8] ?? START

/** What is said of these entries, which should end at `head`. */
function said(entries: readonly ChainedEntry[], head: ChainPlace = END): string[] {
  const check = checkChain(sha256, 'org-a', START)
  const findings = [...entries.flatMap((entry) => check.add(entry)), ...check.end(head)]
  return findings.map(({ kind, message }) => `${kind}: ${message}`)
}

function changed(position: number, change: Partial<ChainedEntry>): ChainedEntry[] {
  return CHAIN.map((entry) => (entry.position === position ? { ...entry, ...change } : entry))
}

const without = (...positions: number[]) => CHAIN.filter((entry) => !positions.includes(entry.position))

describe('a chain', () => {
  it('that is whole has no findings, from its start or from any place', () => {
    expect(said(CHAIN)).toEqual([])
    const check = checkChain(sha256, 'org-a', CHAIN[3] ?? START)
    expect(CHAIN.slice(4).flatMap((entry) => check.add(entry))).toEqual([])
    expect(check.last).toEqual({ position: 9, hash: END.hash })
  })

  it('without entries ends at its start', () => {
    expect(said([], START)).toEqual([])
  })

  it('with an entry changed names it, and only it', () => {
    expect(said(changed(4, { actorId: 'q' }))).toEqual([
      'altered: Entry 4 was altered, or entry 3 was replaced.',
    ])
    expect(said(changed(1, { actorId: 'q' }))).toEqual(['altered: Entry 1 was altered.'])
  })

  it('with an entry replaced by one that fits what came before names both neighbours', () => {
    const forged = chained(sha256, CHAIN[4] ?? START, { ...CHAIN[5], action: 'x' } as ChainedEntry)
    expect(said(changed(6, forged))).toEqual(['altered: Entry 7 was altered, or entry 6 was replaced.'])
  })

  it('with a gap says from where to where', () => {
    expect(said(without(5))).toEqual(['missing: Entry 5 is missing.'])
    expect(said(without(1, 5, 6))).toEqual([
      'missing: Entry 1 is missing.',
      'missing: Entries 5 to 6 are missing.',
    ])
  })

  it('with its end cut off, or more after it, says how far it went', () => {
    expect(said(without(8, 9))).toEqual(['truncated: The log ends at entry 7; it went on to entry 9.'])
    expect(said(CHAIN, CHAIN[6])).toEqual([
      'beyond-end: The log should end at entry 7; it goes on to entry 9.',
    ])
    expect(said(CHAIN, { position: 9, hash: START.hash })).toEqual([
      'head: Entry 9 is another than the one the log is recorded to end with.',
    ])
  })

  it('in another order names what stands where something else was expected', () => {
    const [a, b, c, d, e] = CHAIN as [ChainedEntry, ChainedEntry, ChainedEntry, ChainedEntry, ChainedEntry]
    expect(said([a, c, b, d, e], e)).toEqual([
      'missing: Entry 2 is missing.',
      'out-of-order: Entry 2 stands where entry 4 was expected.',
    ])
    expect(said([a, b, b, c, d, e], e)).toEqual(['out-of-order: Entry 2 stands where entry 3 was expected.'])
    expect(said([a, b, { ...c, position: 2.5 }, c, d, e], e)[0]).toMatch(/^out-of-order: Entry 2\.5 /)
  })

  it('with an entry of another organization names it, even one that is whole in its own', () => {
    const foreign = chainOf(9, 'org-b')[3] as ChainedEntry
    expect(said(changed(4, foreign))).toEqual([
      'foreign: Entry 4 belongs to another organization.',
      'altered: Entry 5 was altered, or entry 4 was replaced.',
    ])
  })
})

describe('a place that was seen before', () => {
  it('must be there, the same', () => {
    expect(compareWithSeen(END, END.hash)).toEqual([])
    expect(compareWithSeen(END, START.hash)).toMatchObject([{ kind: 'rewritten', from: 9, to: 9 }])
    expect(endsBefore(END, END)).toEqual([])
    expect(endsBefore({ position: 6, hash: '' }, END)).toMatchObject([
      { kind: 'rolled-back', from: 7, to: 9 },
    ])
  })
})
