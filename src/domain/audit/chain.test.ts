import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../lib/digest.ts'
import { type ChainedEntry, chained, chainStart, detailsText, linkOf, readDetails } from './chain.ts'
import type { AuditEntry } from './entry.ts'

const ENTRY: AuditEntry = {
  id: 'aud_1',
  organizationId: 'org-a',
  at: 1_700_000_000_000,
  actorKind: 'person',
  actorId: 'person-1',
  actorName: 'ada@example.test',
  action: 'lease.create',
  objectKind: 'credential',
  objectId: 'cred_1',
  objectName: 'main',
  outcome: 'allowed',
  details: { reason: 'it is yours', forced: true, version: 3, until: null },
  requestId: 'request-1',
}

describe('a link', () => {
  // Logs and exports that exist were hashed this way: these texts may never change.
  it('is SHA-256 of the hash before it and a JSON array of everything', () => {
    const start = chainStart(sha256, 'org-a')
    expect(start).toEqual({ position: 0, hash: sha256('["claviger audit chain v1","org-a"]') })
    const first = chained(sha256, start, ENTRY)
    const text =
      '["claviger audit entry v1","org-a",1,"aud_1",1700000000000,"person","person-1","ada@example.test","lease.create",' +
      '"credential","cred_1","main","allowed",' +
      '"{\\"forced\\":true,\\"reason\\":\\"it is yours\\",\\"until\\":null,\\"version\\":3}","request-1"]'
    expect(first).toMatchObject({ position: 1, hash: sha256(start.hash + text) })
    expect(first.hash).toBe('21038d9933b3215219fb27855ae7db1bd970a30716158b1127b2f8b23a116641')
  })

  it('covers every field, the position and what came before', () => {
    const start = chainStart(sha256, 'org-a')
    const hashes = new Set([linkOf(sha256, start.hash, ENTRY, 1)])
    for (const field of Object.keys(ENTRY) as (keyof AuditEntry)[]) {
      const other = field === 'at' ? 1 : field === 'details' ? {} : 'other'
      hashes.add(linkOf(sha256, start.hash, { ...ENTRY, [field]: other }, 1))
    }
    hashes.add(linkOf(sha256, start.hash, ENTRY, 2))
    hashes.add(linkOf(sha256, chainStart(sha256, 'org-b').hash, ENTRY, 1))
    expect(hashes.size).toBe(Object.keys(ENTRY).length + 3)
  })

  it('does not depend on the order of details', () => {
    const [one, other] = [
      { a: 1, b: 2, 10: 'x' },
      { 10: 'x', b: 2, a: 1 },
    ].map((details) => chained(sha256, chainStart(sha256, 'org-a'), { ...ENTRY, details }))
    expect(one?.hash).toBe(other?.hash)
  })
})

describe('texts', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
  const value = fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null))
  // Lone halves too, which no arbitrary of whole characters makes.
  const half = fc.constantFrom('\uD83D', 'a\uDE00b', '\0', '\uD83D\uD83D\uDE00')

  it('of any kind come back from UTF-8 and JSON as what was hashed', () => {
    fc.assert(
      fc.property(fc.oneof(text, half), fc.dictionary(fc.oneof(text, half), value), (name, details) => {
        const entry = chained(sha256, chainStart(sha256, 'org-a'), { ...ENTRY, actorName: name, details })
        const kept: ChainedEntry = {
          ...entry,
          actorName: Buffer.from(entry.actorName).toString('utf8'),
          details: readDetails(Buffer.from(detailsText(entry.details)).toString('utf8')),
        }
        expect(entry.actorName.includes('\0')).toBe(false)
        expect(linkOf(sha256, chainStart(sha256, 'org-a').hash, kept, 1)).toBe(entry.hash)
      }),
    )
  })

  it('of details that were written by others are not taken for ours', () => {
    for (const foreign of ['', '[]', 'null', '1', '{"a": 1}', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":{}}']) {
      expect(readDetails(foreign)).toEqual({ altered: foreign })
    }
    expect(readDetails('{"a":1}')).toEqual({ a: 1 })
  })
})
