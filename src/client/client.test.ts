import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../test/support/app.ts'
import { createHouse, errorOf, fakeKey } from '../../test/support/house.ts'
import { Secret } from '../domain/secret.ts'
import { createClient } from './client.ts'
import { overFetch } from './exchange.ts'
import { readLease } from './lean.ts'
import { overNodeHttp } from './node-http.ts'

const TOKEN = new Secret('clv_api_test')
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function serverThat(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answering(status: number, type: string, body: string, headers = {}): RequestListener {
  return (_, response) => void response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

describe('a client of the app', () => {
  it('calls operations of every method and reads their answers', async () => {
    const { app, token } = createTestApp(createHouse())
    const client = createClient({
      server: `${ORIGIN}/`,
      token: new Secret(await token('bob')),
      fetch: app.fetch,
    })
    expect(client.server).toBe(ORIGIN)
    const fields = { key: fakeKey('a') }
    const { id } = await client.call('credentials.create', {
      type: 'claude/api-key',
      owner: 'me',
      name: 'a',
      fields,
    })
    await client.call('credentials.update', { id, description: 'new' })
    await client.call('credentials.setOrder', { owner: 'me', harness: 'claude', credentials: [id] })
    const { credentials } = await client.call('credentials.list', { owner: 'me', limit: 10 })
    expect(credentials).toMatchObject([{ id, description: 'new' }])
    const lease = await client.call('leases.create', { harness: 'claude' })
    expect(lease.credential?.fields).toEqual({ key: fakeKey('a') })
    expect(await client.call('leases.end', { id: lease.id })).toEqual({ ended: true })
    expect((await client.call('credentials.delete', { id })).cleared).toHaveLength(1)
  })

  it('turns a problem document back into the error it was', async () => {
    const { app, token } = createTestApp(createHouse())
    const client = createClient({ server: ORIGIN, token: new Secret(await token('bob')), fetch: app.fetch })
    const absent = await errorOf(client.call('credentials.get', { id: 'cred/../x?y#z' }))
    expect([absent.code, absent.message]).toEqual(['not_found', 'There is no credential cred/../x?y#z.'])
    expect(absent.hint).toBe('List what there is: claviger credential list')
    expect((await errorOf(client.call('leases.create', { harness: 'claude' }))).code).toBe('no_credential')
    const stranger = createClient({ server: ORIGIN, token: null, fetch: app.fetch })
    expect((await errorOf(stranger.call('whoami', {}))).code).toBe('unauthenticated')
  })
})

const CARRIERS = [
  ['fetch', overFetch()],
  ['node:http', overNodeHttp],
] as const

describe.each(CARRIERS)('a client of something else over %s', (_, send) => {
  const HTML = '<html>sign in with secret-canary</html>'
  it.each([
    ['a page', 200, 'text/html', HTML, 'unavailable'],
    ['a page that says it is JSON', 200, 'application/json', HTML, 'unavailable'],
    ['JSON that is no object', 200, 'application/json', 'null', 'unavailable'],
    ['an empty answer', 200, 'application/json', '', 'unavailable'],
    ['a page for an error', 404, 'text/html', HTML, 'not_found'],
    ['a gateway without a server', 502, 'text/html', HTML, 'upstream'],
    ['a proxy that wants a sign-in', 401, 'text/html', HTML, 'unauthenticated'],
    ['an unusual status', 418, 'text/plain', 'teapot', 'invalid'],
    ['a problem that is none of ours', 500, 'application/problem+json', '{"title":"x"}', 'internal'],
    ['a problem that is no object', 500, 'application/problem+json', 'null', 'internal'],
    ['a problem that is no JSON', 503, 'application/problem+json', HTML, 'unavailable'],
  ])('%s: one sentence, and nothing of the body', async (_, status, type, body, code) => {
    const server = await serverThat(answering(status, type, body))
    for (const name of ['whoami', 'tokens.create'] as const) {
      const call =
        name === 'whoami'
          ? createClient({ server, token: TOKEN, send }).call(name, {})
          : createClient({ server, token: TOKEN, send }).call(name, {
              name: 'x',
              role: 'member',
              expiresInSeconds: null,
            })
      const error = await errorOf(call)
      expect([error.code, error.message]).toEqual([
        code,
        `${server} answered ${status}, which is not how Claviger answers.`,
      ])
      expect(error.hint).toContain('CLAVIGER_SERVER')
    }
  })

  it('does not follow it elsewhere, with the token or without', async () => {
    let followed = 0
    const elsewhere = await serverThat((_, response) => {
      followed += 1
      response.end('{}')
    })
    const server = await serverThat(answering(302, 'text/html', '', { location: elsewhere }))
    const error = await errorOf(createClient({ server, token: TOKEN, send }).call('whoami', {}))
    expect(error.message).toContain('answered 302')
    expect(followed).toBe(0)
  })

  it('says when nobody is there', async () => {
    const server = await serverThat(answering(200, 'text/plain', ''))
    for (const cleanup of cleanups.splice(0)) await cleanup()
    const error = await errorOf(createClient({ server, token: TOKEN, send }).call('whoami', {}))
    expect([error.code, error.message]).toEqual(['unreachable', `${server} cannot be reached.`])
    expect(error.hint).toContain('claviger serve')
  })

  it('does not wait for ever, in the head or in the body', async () => {
    const late: RequestListener[] = [
      () => undefined,
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"a":'),
    ]
    for (const listener of late) {
      let asked = 0
      const server = await serverThat((request, response) => {
        asked += 1
        listener(request, response)
      })
      const error = await errorOf(
        createClient({ server, token: TOKEN, send, timeoutMs: 80 }).call('whoami', {}),
      )
      expect([error.code, error.message]).toEqual(['unreachable', `${server} did not answer in time.`])
      expect(asked).toBe(1)
    }
  })

  it('tries a read once more when the line breaks, and a change never', async () => {
    let asked = 0
    const server = await serverThat((request, response) => {
      asked += 1
      if (asked === 1) request.socket.destroy()
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"tokens":[]}')
    })
    const client = createClient({ server, token: TOKEN, send })
    expect(await client.call('tokens.list', {})).toEqual({ tokens: [] })
    expect(asked).toBe(2)
    asked = 0
    expect((await errorOf(client.call('leases.create', { harness: 'claude' }))).code).toBe('unreachable')
    expect(asked).toBe(1)
  })

  it('never sends a token that would break the request, and does not repeat it', async () => {
    const server = await serverThat(answering(200, 'application/json', '{}'))
    const token = new Secret('clv_api_canary\nx-evil: 1')
    const error = await errorOf(createClient({ server, token, send }).call('whoami', {}))
    expect(error.code).toBe('unauthenticated')
    expect(`${error.stack} ${error.cause} ${error.hint}`).not.toContain('canary')
  })
})

describe('readLease', () => {
  const file = (server: string) => ({ server, lease: 'lease_1', handle: 'clv_lease_test' })

  it('gives the fields of the lease', async () => {
    const server = await serverThat((request, response) => {
      const right =
        request.url === '/api/v1/leases/lease_1' && request.headers.authorization === 'Bearer clv_lease_test'
      response.end(right ? '{"credential":{"fields":{"key":"k"}}}' : '{}')
    })
    expect(await readLease(file(server))).toEqual({ key: 'k' })
  })

  it('says what is wrong with any other answer', async () => {
    for (const [status, body, code] of [
      [401, '{"code":"forbidden","message":"This lease is over."}', 'forbidden'],
      [200, '<html>', 'unavailable'],
      [200, 'null', 'unavailable'],
      [200, '{"credential":null}', 'unavailable'],
      [502, '', 'upstream'],
    ] as const) {
      const server = await serverThat(answering(status, 'application/problem+json', body))
      expect([body, (await errorOf(readLease(file(server)))).code]).toEqual([body, code])
    }
    const server = await serverThat(answering(200, 'text/plain', ''))
    for (const cleanup of cleanups.splice(0)) await cleanup()
    expect((await errorOf(readLease(file(server)))).code).toBe('unreachable')
  })
})
