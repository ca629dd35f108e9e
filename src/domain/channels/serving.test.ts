import { describe, expect, it } from 'vitest'
import { servedAs } from './serving.ts'

describe('who serves what is asked for from outside', () => {
  const rules = { strangers: 'organization', agent: true } as const

  it('is the person, for our own code', () => {
    expect(servedAs({ isMember: true, code: 'ours' }, rules)).toEqual({ as: 'person', because: '' })
  })

  it.each([
    [false, 'ours', 'not linked'],
    [false, 'fork', 'not linked'],
    [true, 'fork', 'fork'],
    [true, 'stranger', 'not a member'],
  ] as const)('is never a person for member %s and code %s', (isMember, code, said) => {
    const served = servedAs({ isMember, code }, rules)
    expect(served).toMatchObject({ as: 'agent', because: expect.stringContaining(said) })
    for (const refusing of [
      { strangers: 'refuse', agent: true },
      { strangers: 'organization', agent: false },
    ] as const)
      expect(servedAs({ isMember, code }, refusing)).toMatchObject({
        as: 'nobody',
        because: expect.stringContaining(said),
      })
  })
})
