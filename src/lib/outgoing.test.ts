import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { callUpstream, OutgoingError, type OutgoingPolicy, type UpstreamCall } from './outgoing.ts'

const STRICT: OutgoingPolicy = { allowPrivate: false, allowLoopback: true }
const LENIENT: OutgoingPolicy = { allowPrivate: true, allowLoopback: true }

const open: (Server | TcpServer)[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function started<S extends Server | TcpServer>(server: S): Promise<number> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await started(createServer(listener))}`
}

function call(url: string, more: Partial<UpstreamCall> = {}): UpstreamCall {
  return { method: 'GET', url, headers: {}, timeoutMs: 5_000, maxBytes: 10_000, ...more }
}

function answering(...addresses: string[]): OutgoingPolicy & { asked: string[] } {
  const asked: string[] = []
  return {
    ...STRICT,
    asked,
    resolve: async (host) => {
      asked.push(host)
      return addresses
    },
  }
}

async function failure(promise: Promise<unknown>): Promise<OutgoingError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(OutgoingError)
  return error as OutgoingError
}

describe('a call that is allowed', () => {
  it('sends method, headers and body, and gives back status, headers and body', async () => {
    const seen: unknown[] = []
    const url = await serve(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const { method, url: target, headers } = request
      seen.push({ method, target, own: headers['x-own'], length: headers['content-length'] })
      response.writeHead(418, { 'x-answer': 'yes' }).end(Buffer.concat(parts))
    })
    const request = call(`${url}/a?b=c`, { method: 'POST', headers: { 'x-own': '1' }, body: 'hällo' })
    const response = await callUpstream(request, STRICT)
    expect(seen).toEqual([{ method: 'POST', target: '/a?b=c', own: '1', length: '6' }])
    expect(response.status).toBe(418)
    expect(response.headers['x-answer']).toBe('yes')
    expect(response.body.toString()).toBe('hällo')
  })

  it.each(['localhost', '127.0.0.1'])('reaches this machine as %s', async (host) => {
    const url = await serve((_request, response) => response.end('here'))
    const port = new URL(url).port
    const response = await callUpstream(call(`http://${host}:${port}/`), {
      ...STRICT,
      resolve: async () => ['127.0.0.1'],
    })
    expect(response.body.toString()).toBe('here')
  })

  it('does not ask for compression and does not undo it', async () => {
    const url = await serve((request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(String(request.headers['accept-encoding'])))
    })
    const response = await callUpstream(call(url), STRICT)
    expect(response.body).toEqual(gzipSync('identity'))
  })

  it('gives a redirect back and does not follow it', async () => {
    let followed = 0
    const target = await serve((_request, response) => {
      followed += 1
      response.end()
    })
    const url = await serve((_request, response) => response.writeHead(307, { location: target }).end())
    const response = await callUpstream(call(url), STRICT)
    expect([response.status, response.headers.location, followed]).toEqual([307, target, 0])
  })
})

describe('URLs that are refused', () => {
  it.each([
    'http://example.com/',
    'http://10.0.0.1/',
    'http://[fe80::1]/',
    'http://localhost.example.com/',
    'http://localhost./',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'https://user@127.0.0.1/',
    'https://user:pass@127.0.0.1/',
    'https://api.example.com@127.0.0.1/',
    'http://127.0.0.1\\@example.com/',
    'https:\\\\127.0.0.1/',
    'https:127.0.0.1',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://%31%32%37.0.0.1/',
    'http://\uff11\uff12\uff17.0.0.1/',
    'http://127\u30020\u30020\u30021/',
    'https://exa\tmple.com/',
    'https://example.com/\r\nx: y',
    'https://',
    'https://127.0.0.1:99999/',
    '',
  ])('%j', async (url) => {
    for (const policy of [STRICT, LENIENT]) {
      const error = await failure(callUpstream(call(url), policy))
      expect(error.reason).toBe('refused-url')
    }
  })

  it('as are headers and methods that cannot be written', async () => {
    const url = await serve((_request, response) => response.end())
    const headers = { 'x-key': 'a\r\nhost: elsewhere' }
    const injected = await failure(callUpstream(call(url, { headers }), STRICT))
    expect([injected.reason, injected.message.includes('elsewhere')]).toEqual(['refused-url', false])
    const method = await failure(callUpstream(call(url, { method: 'GET /x' }), STRICT))
    expect(method.reason).toBe('refused-url')
  })
})

describe('addresses that are refused', () => {
  it.each([
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://172.16.0.1/',
    'https://192.168.0.1/',
    'https://[fc00::1]/',
  ])('%s, unless private addresses are allowed', async (url) => {
    const error = await failure(callUpstream(call(url), STRICT))
    expect(error.reason).toBe('refused-address')
    // A header that cannot be sent is noticed next, before anything is connected.
    const headers = { 'x-key': 'a\n' }
    const next = await failure(callUpstream(call(url, { headers }), LENIENT))
    expect(next.reason).toBe('refused-url')
  })

  it.each([
    'https://169.254.169.254/latest/meta-data/',
    'https://0.0.0.0/',
    'https://224.0.0.1/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[ff02::1]/',
  ])('%s, always', async (url) => {
    for (const policy of [STRICT, LENIENT]) {
      const error = await failure(callUpstream(call(url), policy))
      expect(error.reason).toBe('refused-address')
    }
  })

  it.each([
    [['127.0.0.1']],
    [['10.1.2.3']],
    [['8.8.8.8', '10.1.2.3']],
    [['10.1.2.3', '8.8.8.8']],
    [['2606:4700::1111', 'fe80::1']],
    [['::ffff:10.1.2.3']],
  ])('a name that resolves to %j', async (addresses) => {
    const policy = answering(...addresses)
    const error = await failure(callUpstream(call('https://provider.test/?key=hidden'), policy))
    expect(error.reason).toBe('refused-address')
    expect(error.message).not.toContain('hidden')
    expect(policy.asked).toEqual(['provider.test'])
  })

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['[::1]', true],
    ['localhost', false],
  ])('http://%s without allowLoopback, allowPrivate or not', async (host, allowPrivate) => {
    const calls = { count: 0 }
    const url = await serve((_request, response) => {
      calls.count += 1
      response.end()
    })
    for (const scheme of ['http', 'https']) {
      const target = `${scheme}://${host}:${new URL(url).port}/`
      const policy = { allowPrivate, allowLoopback: false, resolve: async () => ['127.0.0.1'] }
      expect((await failure(callUpstream(call(target), policy))).reason).toBe('refused-address')
    }
    expect(calls.count).toBe(0)
  })

  it('localhost, when it resolves to another machine', async () => {
    for (const url of ['http://localhost/', 'https://localhost/']) {
      const error = await failure(callUpstream(call(url), { ...answering('8.8.8.8'), ...LENIENT }))
      expect(error.reason).toBe('refused-address')
    }
  })
})

describe('the address that is called', () => {
  it('is the one that was checked, while TLS still asks for the name', async () => {
    const hellos: string[] = []
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', (data) => {
        hellos.push(data.toString('latin1'))
        socket.destroy()
      })
    })
    const port = await started(server)
    const policy = { ...answering('127.0.0.1'), ...LENIENT }
    const error = await failure(callUpstream(call(`https://pinned.test:${port}/`), policy))
    expect(error.reason).toBe('network')
    expect(policy.asked).toEqual(['pinned.test'])
    expect(hellos).toHaveLength(1)
    expect(hellos[0]).toContain('pinned.test')
  })
})

describe('a server that misbehaves', () => {
  it('by dripping is cut off at the deadline', async () => {
    const timers: NodeJS.Timeout[] = []
    const url = await serve((_request, response) => {
      response.writeHead(200)
      timers.push(setInterval(() => response.write('.'), 20))
    })
    const started = performance.now()
    const error = await failure(callUpstream(call(url, { timeoutMs: 200 }), STRICT))
    timers.forEach(clearInterval)
    expect(error.reason).toBe('timeout')
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('by saying nothing is cut off, its connection closed', async () => {
    const closed = Promise.withResolvers<void>()
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => closed.resolve())
      socket.resume()
    })
    const port = await started(server)
    const error = await failure(callUpstream(call(`http://127.0.0.1:${port}/`, { timeoutMs: 100 }), STRICT))
    expect(error.reason).toBe('timeout')
    await closed.promise
  })

  it('by never resolving is cut off, and nothing is sent later', async () => {
    let requests = 0
    const url = await serve((_request, response) => {
      requests += 1
      response.end()
    })
    const late = Promise.withResolvers<readonly string[]>()
    const policy = { ...STRICT, resolve: () => late.promise }
    const target = `http://localhost:${new URL(url).port}/`
    const error = await failure(callUpstream(call(target, { timeoutMs: 50 }), policy))
    late.resolve(['127.0.0.1'])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([error.reason, requests]).toEqual(['timeout', 0])
  })

  it('by sending without end is cut off at the limit; exactly the limit is fine', async () => {
    const endless = await serve((_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(1_000)));
      }
      response.on('drain', more)
      more()
    })
    const error = await failure(callUpstream(call(endless), STRICT))
    expect(error.reason).toBe('too-large')
    const exact = await serve((_request, response) => response.end('x'.repeat(10_000)))
    expect((await callUpstream(call(exact), STRICT)).body).toHaveLength(10_000)
  })

  it('by breaking the connection, before or within the body', async () => {
    const before = await serve((request) => request.socket.resetAndDestroy())
    const within = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('some', () => request.socket.destroy())
    })
    for (const url of [before, within]) {
      const error = await failure(callUpstream(call(`${url}/?key=hidden`), STRICT))
      expect(error.reason).toBe('network')
      expect(error.message).not.toContain('hidden')
    }
  })

  it('by switching protocols', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      )
    })
    const port = await started(server)
    const error = await failure(callUpstream(call(`http://127.0.0.1:${port}/`), STRICT))
    expect(error.reason).toBe('network')
  })

  it('by not being there, or having no name', async () => {
    const server = createServer()
    const port = await started(server)
    await new Promise((resolve) => server.close(resolve))
    open.length = 0
    const gone = await failure(callUpstream(call(`http://127.0.0.1:${port}/`), STRICT))
    expect([gone.reason, gone.message]).toEqual(['network', expect.stringContaining('ECONNREFUSED')])
    const unknown = await failure(callUpstream(call('https://provider.test/'), answering()))
    expect(unknown.reason).toBe('network')
    const failing = {
      ...STRICT,
      resolve: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
    }
    const error = await failure(callUpstream(call('https://provider.test/'), failing))
    expect([error.reason, error.message]).toEqual(['network', expect.stringContaining('ENOTFOUND')])
  })
})

it('what came while this process slept is read before it gives up', async () => {
  const url = await serve((_, response) => {
    response.end('late')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
  })
  const { body } = await callUpstream(call(url, { timeoutMs: 100 }), STRICT)
  expect(body.toString('utf8')).toBe('late')
})
