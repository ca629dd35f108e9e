import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { type LeaseNews, leaseNews, newsOf } from './lease-news.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serverThat(...answers: RequestListener[]) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    const answer = answers[Math.min(asked.length, answers.length) - 1]
    answer?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const events =
  (...texts: readonly string[]): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const text of texts) response.write(text)
    response.end()
  }

function follow(server: string, signal = new AbortController().signal): AsyncGenerator<LeaseNews> {
  return leaseNews({ server, token: new Secret('clv_test'), leaseId: 'lease_1', generation: 1 }, signal)
}

describe('following a lease', () => {
  it('tells each change, cut wherever it may be, and goes on over another connection from there', async () => {
    const { url, asked } = await serverThat(
      events(': still here\n\nid: 2\nevent: rot', 'ated\ndata: {"generation":2}\n\n'),
      (request) => request.socket.destroy(),
      events(
        'event: login-arrived\ndata: {"generation":null}\n\n',
        'event: revoked\ndata: {"reason":"gone"}\n\n',
      ),
    )
    const all: LeaseNews[] = []
    for await (const news of follow(url)) all.push(news)
    expect(all).toEqual([
      { type: 'rotated', generation: 2 },
      { type: 'login-arrived', generation: null },
      { type: 'revoked', reason: 'gone' },
    ])
    expect(asked).toEqual([
      '/api/v1/leases/lease_1/events?generation=1 Bearer clv_test',
      '/api/v1/leases/lease_1/events?generation=2 Bearer clv_test',
      '/api/v1/leases/lease_1/events?generation=2 Bearer clv_test',
    ])
  })

  it('is over when the server says that the lease is, and tries again for anything else', async () => {
    const problem = (status: number, code: string): RequestListener => {
      return (_, response) =>
        void response
          .writeHead(status, { 'content-type': 'application/problem+json' })
          .end(JSON.stringify({ code, message: 'No.' }))
    }
    const { url, asked } = await serverThat(
      problem(429, 'rate_limited'),
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      problem(401, 'unauthenticated'),
    )
    const all: LeaseNews[] = []
    for await (const news of follow(url)) all.push(news)
    expect(all).toEqual([{ type: 'revoked', reason: 'No.' }])
    expect(asked).toHaveLength(3)
  })

  it('ends when nobody listens any more', async () => {
    const { url } = await serverThat((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')
    })
    const ending = new AbortController()
    const next = follow(url, ending.signal).next()
    setTimeout(() => ending.abort(), 50)
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

it.each([
  ['event: rotated\ndata: {"generation":3}', { type: 'rotated', generation: 3 }],
  ['event: rotated\ndata: {"generation":"3"}', null],
  ['event: rotated\ndata: nonsense', null],
  ['event: something-else\ndata: {}', null],
  [': still here', null],
  ['', null],
  ['event: revoked\ndata: {}', { type: 'revoked', reason: 'it is over' }],
])('%j is %j', (block, news) => {
  expect(newsOf(block)).toEqual(news)
})
