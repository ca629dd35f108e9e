import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Loopback, listenOnLoopback } from './loopback.ts'

const endings: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** Ports that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((one) => new Promise<void>((done) => one.listen(0, '127.0.0.1', done))))
  const ports = servers.map((one) => (one.address() as AddressInfo).port)
  await Promise.all(servers.map((one) => new Promise((done) => one.close(done))))
  return ports
}

async function listen(ports: readonly number[]): Promise<{ loopback: Loopback | null; queries: string[] }> {
  const queries: string[] = []
  const loopback = await listenOnLoopback(ports, '/auth/callback', async (query) => {
    queries.push(query)
    return { status: query === 'good' ? 200 : 400, text: `got ${query}` }
  })
  if (loopback !== null) endings.push(loopback.close)
  return { loopback, queries }
}

async function take(port: number, host: string): Promise<void> {
  const other = createServer()
  await new Promise<void>((done) => other.listen({ port, host, ipv6Only: true }, done))
  endings.push(() => new Promise((done) => other.close(done)))
}

interface Asked {
  readonly host?: string
  readonly method?: string
  readonly address?: string
}

function ask(port: number, path: string, { host, method = 'GET', address = '127.0.0.1' }: Asked = {}) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { host: host ?? `localhost:${port}` }
    const asking = request({ host: address, port, path, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asking.on('error', reject).end()
  })
}

describe('a listener on this machine', () => {
  it('answers its one path on both addresses, as often as it is asked', async () => {
    const { loopback, queries } = await listen(await freePorts(1))
    const port = loopback?.port ?? 0
    expect(await ask(port, '/auth/callback?bad')).toEqual({ status: 400, text: 'got bad\n' })
    expect(await ask(port, '/auth/callback?good', { address: '::1', host: `[::1]:${port}` })).toEqual({
      status: 200,
      text: 'got good\n',
    })
    expect(queries).toEqual(['bad', 'good'])
  })

  it('refuses other paths, hosts and methods without asking anybody', async () => {
    const { loopback, queries } = await listen(await freePorts(1))
    const port = loopback?.port ?? 0
    expect((await ask(port, '/')).status).toBe(404)
    expect((await ask(port, '/auth/callback/x?good')).status).toBe(404)
    expect((await ask(port, '/auth/callback?good', { host: `evil.example:${port}` })).status).toBe(421)
    expect((await ask(port, '/auth/callback?good', { host: 'localhost' })).status).toBe(421)
    expect((await ask(port, '/auth/callback?good', { method: 'POST' })).status).toBe(405)
    expect(queries).toEqual([])
  })

  it('takes the next port when one of the addresses is taken, and none when all are', async () => {
    const [first = 0, second = 0] = await freePorts(2)
    await take(first, '::1')
    const { loopback } = await listen([first, second])
    expect(loopback?.port).toBe(second)
    expect((await listen([first, second])).loopback).toBeNull()
  })

  it('is gone at once when it is closed', async () => {
    const { loopback } = await listen(await freePorts(1))
    await loopback?.close()
    await expect(ask(loopback?.port ?? 0, '/auth/callback?good')).rejects.toThrow('ECONNREFUSED')
  })
})
