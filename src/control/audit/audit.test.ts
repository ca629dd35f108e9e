// Reading, verifying and signing the audit log through the use-cases.

import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { anchorText } from '../../domain/audit/anchor.ts'
import { isSigned } from '../../lib/signature.ts'
import { createMemoryStore } from '../../store/memory.ts'

let house: House

beforeEach(async () => {
  house = createHouse()
  for (const name of ['one', 'two', 'three']) await house.give('ada', 'org', name)
  await house.give('eve', 'org', 'foreign')
})

describe('the log', () => {
  it('is listed by position, page by page, of one’s own organization', async () => {
    const first = await house.ask('aud', 'audit.list', { limit: 2 })
    expect(first.entries.map(({ position }) => position)).toEqual([1, 2])
    expect(first.next).toBe('2')
    const second = await house.ask('aud', 'audit.list', { limit: 2, after: '2' })
    expect(second).toMatchObject({ next: null, entries: [{ position: 3, object: { name: 'three' } }] })
    expect((await house.ask('eve', 'audit.list', {})).entries).toMatchObject([
      { object: { name: 'foreign' } },
    ])
  })

  it('shows a time that somebody made impossible instead of failing', async () => {
    const store = createMemoryStore()
    const list: typeof store.audit.list = async (...page) =>
      (await store.audit.list(...page)).map((entry) => ({ ...entry, at: 8.65e15 }))
    const broken = createHouse({ ...store, audit: { ...store.audit, list } })
    await broken.give('ada', 'org', 'one')
    expect((await broken.ask('ada', 'audit.list', {})).entries[0]?.at).toBe('1970-01-01T00:00:00.000Z')
  })
})

describe('verifying', () => {
  it('goes from the start to the end, and on from a place', async () => {
    const whole = await house.ask('aud', 'audit.verify', {})
    expect(whole).toMatchObject({ from: 1, to: 3, entries: 3, findings: [], omitted: 0, next: null })
    const [first] = (await house.ask('aud', 'audit.list', { limit: 1 })).entries
    const { position = 0, hash = '' } = first ?? {}
    const rest = await house.ask('aud', 'audit.verify', { position, hash })
    expect(rest).toMatchObject({ from: 2, to: 3, hash: whole.hash, entries: 2, findings: [], next: null })
  })

  it('of an organization without entries finds nothing wrong', async () => {
    const empty = createHouse()
    expect(await empty.ask('ada', 'audit.verify', {})).toMatchObject({ to: 0, entries: 0, findings: [] })
  })

  it('names a place to go on from that is not there, or not the same', async () => {
    const hash = 'a'.repeat(64)
    const other = await house.ask('ada', 'audit.verify', { position: 2, hash })
    expect(other.findings.map(({ message }) => message)).toEqual([
      'Entry 2 is another than was seen there before.',
      'Entry 3 was altered, or entry 2 was replaced.',
    ])
    const gone = await house.ask('ada', 'audit.verify', { position: 9, hash })
    expect(gone.findings).toMatchObject([{ kind: 'rolled-back', from: 4, to: 9 }])
    expect(gone.next).toBeNull()
  })

  it('refuses half a place', async () => {
    const hash = 'a'.repeat(64)
    for (const half of [{ position: 2 }, { hash }, { anchorPosition: 2 }, { anchorHash: hash }]) {
      expect((await errorOf(house.ask('ada', 'audit.verify', half))).code).toBe('invalid')
    }
  })

  it('compares with a place that was noted, and with what this server has seen', async () => {
    const { to, hash } = await house.ask('ada', 'audit.verify', {})
    const wrong = 'a'.repeat(64)
    const kinds = async (anchorPosition: number, anchorHash: string) =>
      (await house.ask('ada', 'audit.verify', { anchorPosition, anchorHash })).findings.map(
        ({ kind }) => kind,
      )
    expect(await kinds(to, hash)).toEqual([])
    expect(await kinds(to, wrong)).toEqual(['rewritten'])
    expect(await kinds(to + 1, wrong)).toEqual(['rolled-back'])
  })

  it('leaves out findings when there are too many, and says how many', async () => {
    const store = createMemoryStore()
    const list: typeof store.audit.list = async (...page) =>
      (await store.audit.list(...page)).map((entry) => ({ ...entry, actorId: 'forged' }))
    const forged = createHouse({ ...store, audit: { ...store.audit, list } })
    for (let i = 0; i < 130; i += 1) await forged.ask('ada', 'explain', { harness: 'claude', user: 'bob' })
    const answer = await forged.ask('ada', 'audit.verify', {})
    expect(answer.findings).toHaveLength(100)
    expect(answer.omitted).toBe(30)
  })
})

describe('an anchor', () => {
  it('is where the log ended, signed, and is an entry itself', async () => {
    const { to, hash } = await house.ask('aud', 'audit.verify', {})
    const anchor = await house.ask('aud', 'audit.anchor', {})
    expect(anchor).toMatchObject({ organizationId: 'org-acme', position: to, hash })
    expect(isSigned(anchorText(anchor), anchor)).toBe(true)
    expect(isSigned(anchorText({ ...anchor, position: 1 }), anchor)).toBe(false)
    expect((await house.audit()).at(-1)).toMatchObject({
      action: 'audit.anchor',
      actorName: house.caller('aud').name,
      details: { position: to, hash },
    })
  })

  it('is signed by the same key for all, as long as the master key is the same', async () => {
    const [one, other] = [
      await house.ask('aud', 'audit.anchor', {}),
      await house.ask('eve', 'audit.anchor', {}),
    ]
    expect(one.publicKey).toBe(other.publicKey)
    const elsewhere = createHouse()
    expect((await elsewhere.ask('ada', 'audit.anchor', {})).publicKey).not.toBe(one.publicKey)
  })
})
