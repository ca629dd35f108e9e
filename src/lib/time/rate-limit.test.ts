import { describe, expect, it } from 'vitest'
import { addressKey, createRateLimit } from './rate-limit.ts'

function limited(changed: { burst?: number; keysAtMost?: number } = {}) {
  const clock = { now: 1_000_000 }
  const limit = createRateLimit({ burst: 3, everyMs: 10_000, now: () => clock.now, ...changed })
  return { clock, limit }
}

describe('a rate limit', () => {
  it('lets a burst through, then says how long to wait, and keeps keys apart', () => {
    const { clock, limit } = limited()
    expect([1, 2, 3, 4].map(() => limit.take('ada'))).toEqual([0, 0, 0, 10_000])
    expect(limit.take('bob')).toBe(0)
    clock.now += 4000
    expect(limit.take('ada')).toBe(6000)
    clock.now += 6000
    expect([limit.take('ada'), limit.take('ada')]).toEqual([0, 10_000])
  })

  it('says how long to wait without taking a try, and takes many at once, or none', () => {
    const { clock, limit } = limited()
    expect([1, 2, 3, 4].map(() => limit.wait('ada'))).toEqual([0, 0, 0, 0])
    expect([limit.take('ada', 2), limit.take('ada', 2)]).toEqual([0, 10_000])
    expect([limit.take('ada'), limit.wait('ada')]).toEqual([0, 10_000])
    clock.now += 10_000
    expect([limit.wait('ada'), limit.take('ada'), limit.take('ada')]).toEqual([0, 0, 10_000])
  })

  it('gives back what was taken, and no more than that', () => {
    const { limit } = limited()
    expect(limit.take('ada', 3)).toBe(0)
    limit.giveBack('ada', 2)
    expect([1, 2, 3].map(() => limit.take('ada'))).toEqual([0, 0, 10_000])
    limit.giveBack('bob', 5)
    expect([1, 2, 3, 4].map(() => limit.take('bob'))).toEqual([0, 0, 0, 10_000])
  })

  it('does not let what is refused push the end away, or what is unused grow beyond the burst', () => {
    const { clock, limit } = limited()
    for (let i = 0; i < 3; i += 1) limit.take('ada')
    for (let i = 0; i < 9; i += 1) {
      clock.now += 1000
      limit.take('ada')
    }
    clock.now += 1000
    expect(limit.take('ada')).toBe(0)
    clock.now += 10_000_000
    expect([1, 2, 3, 4].map(() => limit.take('ada'))).toEqual([0, 0, 0, 10_000])
  })

  it('gives nothing for a clock that was set back', () => {
    const { clock, limit } = limited()
    for (let i = 0; i < 3; i += 1) limit.take('ada')
    clock.now -= 3_600_000
    expect(limit.take('ada')).toBe(10_000)
    clock.now += 3_600_000
    expect(limit.take('ada')).toBeGreaterThanOrEqual(0)
  })

  it('remembers a bounded number of keys, and forgets nobody who has tries to answer for', () => {
    const { clock, limit } = limited({ keysAtMost: 2 })
    for (const key of ['ada', 'ada', 'ada', 'bob']) limit.take(key)
    // There is no room: newcomers share what one has.
    expect(['x', 'y', 'z', 'w'].map((key) => limit.take(key))).toEqual([0, 0, 0, 10_000])
    expect(limit.take('ada')).toBe(10_000)
    // Bob's is full again, so that his place can be given away; Ada's is not.
    clock.now += 10_000
    expect(limit.take('eve')).toBe(0)
    expect([limit.take('ada'), limit.take('ada')]).toEqual([0, 10_000])
  })
})

describe('what an address is counted by', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s: %s', (address, key) => expect(addressKey(address)).toBe(key))
})
