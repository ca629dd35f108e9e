import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../../test/support/app.ts'
import { createHouse, fakeKey } from '../../../test/support/house.ts'

async function followed(changed: Parameters<typeof createTestApp>[1] = {}) {
  const house = createHouse()
  const id = await house.give('bob', 'me', 'own')
  const app = createTestApp(house, changed)
  const lease = (await (await app.send('bob', 'POST', '/api/v1/leases', { harness: 'claude' })).json()) as {
    id: string
  }
  const response = await app.send('bob', 'GET', `/api/v1/leases/${lease.id}/events`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const next = async () => (await reader?.read())?.value
  return { house, id, app, lease, response, next, reader }
}

describe('GET /leases/{id}/events', () => {
  it('sends events as they happen, without a value', async () => {
    const { house, id, response, next, reader } = await followed()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await next()).toBe(': still here\n\n')
    await house.ask('bob', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    expect(await next()).toBe('id: 2\nevent: rotated\ndata: {"generation":2}\n\n')
    await reader?.cancel()
  })

  it('ends for whoever lost their token, at once', async () => {
    const { house, next, app } = await followed()
    expect(await next()).toBe(': still here\n\n')
    await app.send('bob', 'DELETE', '/api/v1/tokens/bob-test')
    const text = await next()
    expect(text).toMatch(/^event: revoked\ndata: {"reason":"[^"]*revoked[^"]*"}\n\n$/)
    expect(await next()).toBeUndefined()
    expect((await house.audit()).some(({ action }) => action === 'lease.follow')).toBe(true)
  })

  it('ends when the server does', async () => {
    const ending = new AbortController()
    const { next } = await followed({ ending: ending.signal })
    expect(await next()).toBe(': still here\n\n')
    const last = next()
    await sleep(20)
    ending.abort()
    expect(await last).toBe(': the end\n\n')
    expect(await next()).toBeUndefined()
  })

  it('is refused as reading the lease is, and takes any Last-Event-ID', async () => {
    const { app, lease } = await followed()
    expect((await app.send('cyd', 'GET', `/api/v1/leases/${lease.id}/events`)).status).toBe(404)
    expect((await app.send(null, 'GET', `/api/v1/leases/${lease.id}/events`)).status).toBe(401)
    const path = `http://claviger.test/api/v1/leases/${lease.id}/events?generation=1`
    const headers = {
      authorization: `Bearer ${await app.token('bob')}`,
      'last-event-id': '9999999 or \u00fe',
    }
    const response = await app.app.fetch(new Request(path, { headers }))
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  it('holds nothing for a HEAD, and no more than a few however many ask at once', async () => {
    const { app, lease, reader } = await followed()
    const path = `/api/v1/leases/${lease.id}/events`
    for (let i = 0; i < 20; i += 1) {
      const head = await app.send('bob', 'HEAD', path)
      expect([head.status, await head.text()]).toEqual([405, ''])
    }
    const all = await Promise.all(Array.from({ length: 30 }, () => app.send('bob', 'GET', path)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(7)
    await Promise.all(all.map(({ body }) => body?.cancel()))
    await reader?.cancel()
  })
})
