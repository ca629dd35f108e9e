import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox.ts'
import { startTlsProxy, type TlsProxy } from './proxy.ts'

let directory: string
let proxy: TlsProxy

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-proxy-'))
  proxy = await startTlsProxy({
    directory,
    hosts: {
      'one.example': (request, response) => response.end(`one: ${request.method} ${request.url}`),
      'two.example': (_request, response) => response.writeHead(418).end('two'),
    },
  })
})

afterEach(async () => {
  await proxy.close()
  await rm(directory, { recursive: true })
})

/** Asks the proxy for a tunnel; rejects with its status when there is none. */
function tunnel(to: string, by = proxy): Promise<Socket> {
  const { hostname, port } = new URL(by.proxyUrl)
  return new Promise((resolve, reject) => {
    const asked = plainRequest({ hostname, port, method: 'CONNECT', path: to })
    asked.once('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`status ${response.statusCode}`))
    })
    asked.once('error', reject).end()
  })
}

async function get(host: string, path: string, options: RequestOptions = {}, by = proxy) {
  const ca = await readFile(by.caFile, 'utf8')
  const socket = await tunnel(`${host}:443`, by)
  return await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const createConnection = () => connectTls({ socket, servername: host, ca })
    const asked = tlsRequest({ ...options, host, path, createConnection }, (response) => {
      let body = ''
      response.on('data', (part) => {
        body += part
      })
      response.once('end', () => resolve({ status: response.statusCode, body }))
    })
    asked.once('error', reject).end()
  })
}

describe('a host that is played here', () => {
  test('answers for itself, by a certificate that its authority vouches for, and is recorded', async () => {
    expect(await get('one.example', '/a?secret=1')).toEqual({ status: 200, body: 'one: GET /a?secret=1' })
    expect(await get('two.example', '/b', { method: 'POST' })).toEqual({ status: 418, body: 'two' })
    expect(proxy.records()).toMatchObject([
      { id: 1, host: 'one.example', method: 'GET', path: '/a', status: 200 },
      { id: 2, host: 'two.example', method: 'POST', path: '/b', status: 418 },
    ])
    proxy.reset()
    expect(proxy.records()).toEqual([])
  })

  test('is found by a name in capital letters', async () => {
    const socket = await tunnel('ONE.example:443')
    socket.destroy()
  })

  test('is trusted by nobody who was not told', async () => {
    const socket = await tunnel('one.example:443')
    const refused = new Promise((_resolve, reject) =>
      connectTls({ socket, servername: 'one.example' }).once('error', reject),
    )
    await expect(refused).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('has no other name in its certificate', async () => {
    const socket = await tunnel('one.example:443')
    const ca = await readFile(proxy.caFile, 'utf8')
    const refused = new Promise((_resolve, reject) =>
      connectTls({ socket, servername: 'three.example', ca }).once('error', reject),
    )
    await expect(refused).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })
})

describe('everything else is refused and recorded', () => {
  test.each([
    'other.example:443',
    'one.example:80',
    'one.example',
    '127.0.0.1:443',
    'one.example.:443',
    ':443',
  ])('a tunnel to %s', async (to) => {
    await expect(tunnel(to)).rejects.toThrow('status 403')
    expect(proxy.records()).toMatchObject([{ method: 'CONNECT', status: 403 }])
  })

  test('a request by plain http', async () => {
    const { hostname, port } = new URL(proxy.proxyUrl)
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'one.example' }
      const asked = plainRequest({ hostname, port, path: 'http://one.example/', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.once('error', reject).end()
    })
    expect(status).toBe(403)
    expect(proxy.records()).toMatchObject([{ host: 'one.example', method: 'GET', status: 403 }])
  })
})

test('the authority is for certificates only, has no key on the disk, and is another one each time', async () => {
  const pem = await readFile(proxy.caFile, 'utf8')
  const authority = new X509Certificate(pem)
  expect(authority.ca).toBe(true)
  expect(pem).not.toContain('PRIVATE KEY')
  const again = await startTlsProxy({ directory, hosts: {} })
  await again.close()
  expect(new X509Certificate(await readFile(again.caFile, 'utf8')).fingerprint256).not.toBe(
    authority.fingerprint256,
  )
})

test('a caller that talks nonsense or goes away does no harm', async () => {
  const nonsense = await tunnel('one.example:443')
  nonsense.on('error', () => nonsense.destroy())
  nonsense.write('this is no TLS')
  const { hostname, port } = new URL(proxy.proxyUrl)
  const half = connectSocket(Number(port), hostname, () => {
    half.write('CONNECT one.example:443 HTTP/1.1\r\nhost: x\r\n\r\n')
    half.once('data', () => half.resetAndDestroy())
  })
  await new Promise((resolve) => half.once('close', resolve))
  expect((await get('one.example', '/')).status).toBe(200)
})

test('close ends open tunnels', async () => {
  const socket = await tunnel('one.example:443')
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  socket.resume()
  const closing = startTlsProxy({ directory, hosts: {} }).then((other) => other.close())
  await proxy.close()
  await ended
  await closing
  proxy = await startTlsProxy({ directory, hosts: {} })
})

test('a directory that is not there rejects, and frees the port', async () => {
  const missing = join(directory, 'missing')
  const port = Number(new URL(proxy.proxyUrl).port)
  await expect(startTlsProxy({ directory: missing, hosts: {}, port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await expect(startTlsProxy({ directory: missing, hosts: {} })).rejects.toThrow()
})

describe('the sandbox', () => {
  let sandbox: Sandbox

  beforeEach(async () => {
    sandbox = await startSandbox({
      tls: { directory },
      credentials: [{ provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-right' }],
    })
  })
  afterEach(() => sandbox.close())

  const played = () => {
    if (sandbox.tls === null) throw new Error('There is no TLS.')
    return sandbox.tls
  }

  test('plays the hosts of the providers, and knows the credentials there', async () => {
    const headers = { 'x-api-key': 'sk-ant-test-right' }
    expect((await get('api.anthropic.com', '/v1/models', { headers }, played())).status).toBe(200)
    expect((await get('api.anthropic.com', '/v1/models', {}, played())).status).toBe(401)
    expect((await get('platform.claude.com', '/v1/oauth/hello', {}, played())).status).toBe(200)
    expect(sandbox.requests().map(({ provider, status }) => [provider, status])).toEqual([
      ['anthropic', 200],
      ['anthropic', 401],
      ['anthropic', 200],
    ])
    sandbox.reset()
    expect([sandbox.requests(), played().records()]).toEqual([[], []])
  })

  test('has its control routes on none of them', async () => {
    expect((await get('api.anthropic.com', '/sandbox', {}, played())).status).toBe(404)
  })

  test('answers TLS at its own address too', async () => {
    const { tlsUrl, caFile } = played()
    const ca = await readFile(caFile, 'utf8')
    const status = await new Promise((resolve, reject) => {
      const asked = tlsRequest(`${tlsUrl}/anthropic/api/hello`, { ca }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.once('error', reject).end()
    })
    expect(status).toBe(200)
  })

  test('without being asked for it has none', async () => {
    const plain = await startSandbox()
    expect(plain.tls).toBeNull()
    await plain.close()
  })
})
