import { describe, expect, it } from 'vitest'
import { type KeySituation, nextStep, obstacle } from './rekeying.ts'

const OWN: KeySituation = {
  source: '/state/master.key',
  ours: true,
  keyIds: ['old'],
  recorded: 'old',
  left: 0,
  others: [],
}
const other = (...keyIds: string[]) => ({ name: 'db2 (process 7)', keyIds })

describe('nextStep', () => {
  it('makes a new key where the file is ours and nobody else is on the database', () => {
    expect(nextStep(OWN)).toBe('renew')
  })

  it('makes no second one while the first is not done', () => {
    expect(nextStep({ ...OWN, keyIds: ['new', 'old'] })).toBe('rewrap')
    expect(nextStep({ ...OWN, keyIds: ['new', 'old'], recorded: 'new', left: 1 })).toBe('rewrap')
  })

  it('takes a new key that the operator has put first on every server', () => {
    const situation = { ...OWN, ours: false, keyIds: ['new', 'old'] }
    expect(nextStep(situation)).toBe('rewrap')
    expect(nextStep({ ...situation, others: [other('new', 'old')] })).toBe('rewrap')
  })

  it.each<[string, Partial<KeySituation>, string]>([
    [
      'keys of a variable',
      { ours: false, source: 'CLAVIGER_MASTER_KEY' },
      'in CLAVIGER_MASTER_KEY by itself',
    ],
    ['a new key that is second', { ours: false, keyIds: ['old', 'new'] }, 'by itself'],
    ['several servers', { others: [other('old')] }, 'of 2 servers by itself'],
    [
      'a server that knows only the old key',
      { keyIds: ['new', 'old'], others: [other('old')] },
      'not have the master key new',
    ],
    [
      'a server whose keys we cannot read',
      { keyIds: ['new', 'old'], others: [other()] },
      'not have the master key new',
    ],
    [
      'a server that seals under the old key still',
      { keyIds: ['new', 'old'], others: [other('new', 'old'), other('old', 'new')] },
      'still seals under the master key old',
    ],
  ])('explains the two steps for %s', (_, changed, sentence) => {
    const step = () => nextStep({ ...OWN, ...changed })
    expect(step).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringContaining(sentence) }),
    )
    expect(step).toThrow(expect.objectContaining({ hint: expect.stringContaining('the old one first') }))
  })
})

describe('obstacle', () => {
  it('is none where every server seals under the same key', () => {
    expect(obstacle({ keyIds: ['new', 'old'], others: [other('new'), other('new', 'old')] })).toBeNull()
  })
})
