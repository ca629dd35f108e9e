// Who asks without saying who they are, and how often.

import { describe, expect, it } from 'vitest'
import { createVisitors } from './visitors.ts'

const from = (remoteAddress?: string) => ({ incoming: { socket: { remoteAddress } } })

describe('a visitor', () => {
  it('is the address of the connection, whatever a header says', () => {
    const visitors = createVisitors(() => 0)
    expect(visitors.asking(from('192.0.2.7'), 'r-1')).toEqual({ address: '192.0.2.7', requestId: 'r-1' })
    expect(visitors.asking(from(undefined), 'r-2').address).toBe('unknown')
    expect(visitors.asking(undefined, 'r-3').address).toBe('unknown')
  })

  it('is told to wait after so many questions, and for how long; others are not', () => {
    const clock = { now: 0 }
    const visitors = createVisitors(() => clock.now)
    const ask = (address: string) => visitors.asking(from(address), 'r')
    for (let i = 0; i < 60; i += 1) ask('192.0.2.7')
    expect(() => ask('::ffff:192.0.2.7')).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfter: 1, hint: 'Try again in 1 second.' }),
    )
    ask('192.0.2.8')
    clock.now += 250
    ask('192.0.2.7')
  })
})
