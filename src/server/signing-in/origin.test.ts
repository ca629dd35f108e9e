// The address that a browser has asked at, and what is taken from there: the public one, the end of a tunnel, and those that
// only look like one.

import { expect, it } from 'vitest'
import { addressSeen, isOwnForm, isOwnRequest } from './origin.ts'

const PUBLIC = 'https://claviger.example.org'
const LOCAL = 'http://127.0.0.1:7717'
const TUNNEL = 'http://127.0.0.1:9999'

function request(host: string, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://unseen.test/', { method: 'POST', headers: { host, ...headers } })
}

const from = (origin: string) => ({ origin, 'sec-fetch-site': 'same-origin' })

it.each([
  ['the server itself', LOCAL, '127.0.0.1:7717', from(LOCAL), LOCAL],
  ['a tunnel with another port', LOCAL, '127.0.0.1:9999', from(TUNNEL), TUNNEL],
  ['a tunnel, only looked at', LOCAL, '127.0.0.1:9999', {}, TUNNEL],
  ['a tunnel by name', LOCAL, 'localhost:9999', from('http://localhost:9999'), 'http://localhost:9999'],
  ['a tunnel to one with a public address', PUBLIC, '127.0.0.1:9999', from(TUNNEL), TUNNEL],
  ['the same by its cookie', PUBLIC, '127.0.0.1:9999', { cookie: '__Host-claviger-9999=x' }, TUNNEL],
  ['a proxy that names its own target', PUBLIC, '127.0.0.1:7717', from(PUBLIC), PUBLIC],
  ['the same, only looked at', PUBLIC, '127.0.0.1:7717', {}, PUBLIC],
  ['the same, signed in there', PUBLIC, '127.0.0.1:7717', { cookie: '__Host-claviger=x' }, PUBLIC],
  ['a name that was made to lead here', LOCAL, 'evil.example:7717', from('http://evil.example:7717'), LOCAL],
  ['a host that is none', LOCAL, 'a b', {}, LOCAL],
])('%s', (_, publicUrl, host, headers, seen) => {
  expect(addressSeen(publicUrl, request(host, headers))).toBe(seen)
})

it('takes nothing from a page of another port, nor of a name that was made to lead here', () => {
  const takes = (publicUrl: string, asked: Request) => {
    const own = addressSeen(publicUrl, asked)
    return [isOwnForm(own, asked), isOwnRequest(own, asked)]
  }
  for (const publicUrl of [LOCAL, PUBLIC]) {
    expect(takes(publicUrl, request('127.0.0.1:9999', from(TUNNEL)))).toEqual([true, true])
    for (const [host, origin] of [
      ['127.0.0.1:9999', 'http://127.0.0.1:8080'],
      ['127.0.0.1:9999', 'http://localhost:9999'],
      ['127.0.0.1:9999', 'https://127.0.0.1:9999'],
      ['127.0.0.1:9999', 'null'],
      ['evil.example:9999', 'http://evil.example:9999'],
      ['127.0.0.1.evil.example:9999', 'http://127.0.0.1.evil.example:9999'],
    ] as const)
      expect(takes(publicUrl, request(host, { origin })), `${origin} at ${host}`).toEqual([false, false])
  }
})
