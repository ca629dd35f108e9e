import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayOf, endingSentence, estimatedEnd, thresholdOf } from './endings.ts'
import { eventBody } from './events.ts'
import { nextTry, TELL_FOR, verdictOn } from './retry.ts'

const DAY = 86_400_000

describe('retries', () => {
  it('double their waits up to two hours, end after a day, and try a last time then', () => {
    const waits: number[] = []
    let now = 0
    for (;;) {
      const next = nextTry({ since: 0, now, chance: 0.5 })
      if (next === null) break
      waits.push((next - now) / 1000)
      now = next
    }
    expect(waits.slice(0, 6)).toEqual([5, 5, 10, 20, 40, 80])
    expect(Math.max(...waits)).toBe(7200)
    expect(now).toBe(TELL_FOR)
    expect(waits.length).toBeLessThan(40)
  })

  it('always come later than now and never after the day, whatever chance says', () => {
    const number = fc.integer({ min: 0, max: TELL_FOR - 1 })
    fc.assert(
      fc.property(number, fc.double({ min: 0, max: 1, noNaN: true }), (now, chance) => {
        const next = nextTry({ since: 0, now, chance }) ?? 0
        expect(next).toBeGreaterThan(now)
        expect(next).toBeLessThanOrEqual(TELL_FOR)
      }),
    )
    expect(nextTry({ since: 0, now: TELL_FOR, chance: 0 })).toBeNull()
  })

  it('are for everything but what was taken, and what is gone for good', () => {
    for (const status of ['200', '204', '299']) expect(verdictOn(status)).toBe('delivered')
    for (const status of ['301', '307', '400', '404', '429', '500', 'timeout', 'network', ''])
      expect(verdictOn(status)).toBe('again')
    expect(verdictOn('410')).toBe('never')
  })
})

describe('ends', () => {
  it.each([
    [15, null],
    [14, 14],
    [8, 14],
    [7, 7],
    [3.5, 7],
    [3, 3],
    [1, 1],
    [0.01, 1],
    [0, null],
    [-3, null],
  ])('%d days away are told at %s', (days, threshold) => {
    expect(thresholdOf(1000 + days * DAY, 1000)).toBe(threshold)
  })

  it('of setup tokens are estimated, of nothing else', () => {
    expect(estimatedEnd('claude/setup-token', 5)).toBe(5 + 365 * DAY)
    expect(estimatedEnd('claude/api-key', 5)).toBeNull()
    expect(endingSentence(3 * DAY, 0, true)).toContain('estimate')
    expect(endingSentence(3 * DAY, 0, false)).toMatch(/in 3 days.*Sign in again/)
  })

  it('that differ by seconds are one', () => {
    expect(dayOf(100 * DAY + 3_600_000)).toBe(dayOf(100 * DAY + 3_605_000))
    expect(dayOf(100 * DAY)).not.toBe(dayOf(101 * DAY))
  })
})

it('the body is {type, timestamp, data}, and the same each time', () => {
  const subject = { id: 'c', name: 'n', type: 't', owner: 'org', suffix: '…x' } as const
  const facts = { name: 'grant.recovered', createdAt: 0, organizationId: 'o', reason: 'r', subject } as const
  expect(JSON.parse(eventBody({ ...facts, link: null }))).toEqual({
    type: 'grant.recovered',
    timestamp: '1970-01-01T00:00:00.000Z',
    data: { organization: 'o', credential: subject, reason: 'r' },
  })
  expect(eventBody({ ...facts, link: 'https://x' })).toContain('"link":"https://x"')
})
