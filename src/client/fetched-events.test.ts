// Events over fetch, from an honest small server on loopback.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { ClavigerError } from '../domain/errors.ts'
import { type FetchedEvent, fetchedEvents } from './fetched-events.ts'

const closings: (() => void)[] = []

afterEach(() => {
  for (const close of closings.splice(0)) close()
})

async function serverThat(answers: (response: ServerResponse, lastEventId: string) => void): Promise<string> {
  const server = createServer((request, response) =>
    answers(response, String(request.headers['last-event-id'] ?? '')),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closings.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function heard(server: string, more: Partial<Parameters<typeof fetchedEvents>[0]> = {}) {
  const events: (FetchedEvent | null)[] = []
  const signal = AbortSignal.timeout(20_000)
  const listening = fetchedEvents({ server, url: `${server}/live`, signal, ...more })
  try {
    for await (const event of listening) events.push(event)
    return { events, thrown: null }
  } catch (thrown) {
    return { events, thrown }
  }
}

const STREAM = { 'content-type': 'text/event-stream' }

it('brings events whole, however they are cut, and signs of life as null', async () => {
  const server = await serverThat((response) => {
    response.writeHead(200, STREAM)
    const text = Buffer.from('id: 7\nevent: changed\ndata: {"é":1}\n\n: still here\n\ndata: x\n\n')
    for (const byte of text) response.write(Buffer.from([byte]))
    response.end()
  })
  expect(await heard(server)).toEqual({
    events: [{ id: '7', type: 'changed', data: '{"é":1}' }, null, { id: null, type: 'message', data: 'x' }],
    thrown: null,
  })
})

it('goes on after the last event that is known', async () => {
  const server = await serverThat((response, after) => {
    response.writeHead(200, STREAM)
    response.end(`data: after ${after}\n\n`)
  })
  const { events } = await heard(server, { lastEventId: '41' })
  expect(events).toEqual([{ id: null, type: 'message', data: 'after 41' }])
})

it('throws what the server says', async () => {
  const server = await serverThat((response) => {
    response.writeHead(401, { 'content-type': 'application/problem+json' })
    response.end(
      JSON.stringify({ code: 'unauthenticated', message: 'This needs a token.', hint: 'Sign in.' }),
    )
  })
  const { thrown } = await heard(server)
  expect(thrown).toBeInstanceOf(ClavigerError)
  expect(thrown).toMatchObject({ code: 'unauthenticated', message: 'This needs a token.', hint: 'Sign in.' })
})

it('notices a line that fell silent, and one that breaks', async () => {
  const silent = await serverThat((response) => {
    response.writeHead(200, STREAM)
    response.write(': here\n\n')
  })
  expect((await heard(silent, { silenceMs: 100 })).thrown).toMatchObject({ code: 'unreachable' })
  const broken = await serverThat((response) => {
    response.writeHead(200, STREAM)
    response.write('data: x\n\n', () => response.destroy())
  })
  const { events, thrown } = await heard(broken)
  expect(events).toEqual([{ id: null, type: 'message', data: 'x' }])
  expect(thrown).toMatchObject({ code: 'unreachable' })
})

it('ends without a word when it is ended', async () => {
  const server = await serverThat((response) => {
    response.writeHead(200, STREAM)
    response.write(': here\n\n')
  })
  const ending = new AbortController()
  const listening = fetchedEvents({ server, url: server, signal: ending.signal })
  expect(await listening.next()).toEqual({ done: false, value: null })
  ending.abort()
  expect(await listening.next()).toEqual({ done: true, value: undefined })
})
