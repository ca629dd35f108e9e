// Who asks without saying who they are, and how often.

import { describe, expect, it } from 'vitest'
import { createVisitors } from './visitors.ts'

const from = (remoteAddress?: string) => ({ incoming: { socket: { remoteAddress } } })

function asked(forwarded?: string): Request {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return new Request('http://claviger.test/', { headers })
}

describe('a visitor', () => {
  it('is the address of the connection, whatever a header says', () => {
    const visitors = createVisitors({ now: () => 0, proxies: 0 })
    const visitor = visitors.asking(asked('203.0.113.9'), from('192.0.2.7'), 'r-1')
    expect(visitor).toEqual({ address: '192.0.2.7', requestId: 'r-1' })
    expect(visitors.asking(asked(), from('::ffff:192.0.2.7'), 'r-2').address).toBe('192.0.2.7')
    expect(visitors.asking(asked(), from(undefined), 'r-3').address).toBe('unknown')
    expect(visitors.asking(asked(), undefined, 'r-4').address).toBe('unknown')
  })

  it.each([
    [1, '203.0.113.9', '203.0.113.9'],
    [1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    [2, 'evil, 198.51.100.1 ,203.0.113.9', '198.51.100.1'],
    [2, '203.0.113.9', '192.0.2.7'],
    [1, 'nonsense', '192.0.2.7'],
    [1, undefined, '192.0.2.7'],
  ])('behind %i proxies, forwarded for %s, is %s', (proxies, forwarded, address) => {
    const visitors = createVisitors({ now: () => 0, proxies })
    expect(visitors.asking(asked(forwarded), from('192.0.2.7'), 'r').address).toBe(address)
  })

  it('is told to wait after so many questions, and for how long; others are not', () => {
    const clock = { now: 0 }
    const visitors = createVisitors({ now: () => clock.now, proxies: 0 })
    const ask = (address: string) => visitors.asking(asked(), from(address), 'r')
    for (let i = 0; i < 60; i += 1) ask('192.0.2.7')
    expect(() => ask('::ffff:192.0.2.7')).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfter: 1, hint: 'Try again in 1 second.' }),
    )
    ask('192.0.2.8')
    clock.now += 250
    ask('192.0.2.7')
  })
})

describe('work before it is known who asks', () => {
  const works = () => {
    const clock = { now: 0 }
    const visitors = createVisitors({ now: () => clock.now, proxies: 0 })
    return (token: string, address = '192.0.2.7') => visitors.working(asked(), from(address), token)
  }
  const LIMITED = expect.objectContaining({ code: 'rate_limited' })

  it('takes a try until it has ended, and more for more of it; what was right gives all back', () => {
    const begin = works()
    const under = Array.from({ length: 590 }, (_, at) => begin(`t-${at}`))
    under[0]?.more(10)
    expect(() => begin('another')).toThrow(LIMITED)
    expect(() => under[1]?.more(1)).toThrow(LIMITED)
    begin('of another address', '192.0.2.8')
    under[0]?.end(true)
    for (let at = 0; at < 11; at += 1) begin(`again-${at}`).end(false)
    expect(() => begin('another')).toThrow(LIMITED)
  })

  it('is bounded over all addresses, while it is under way', () => {
    const begin = works()
    const under = Array.from({ length: 2_048 }, (_, at) => begin(`t-${at}`, `192.0.2.${at % 200}`))
    expect(() => begin('one too many', '198.51.100.1')).toThrow(LIMITED)
    under[0]?.end(false)
    under[0]?.end(false)
    begin('again', '198.51.100.1')
    expect(() => begin('one too many', '198.51.100.1')).toThrow(LIMITED)
  })

  it('is refused with what was wrong too often, whoever comes with it', () => {
    const begin = works()
    for (let at = 0; at < 20; at += 1) begin('the same', `192.0.2.${at}`).end(false)
    expect(() => begin('the same', '198.51.100.1')).toThrow(LIMITED)
    begin('another', '198.51.100.1')
  })
})
