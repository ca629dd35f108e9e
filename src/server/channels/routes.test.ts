import { describe, expect, it, vi } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { channelHouse } from '../../../test/support/channels.ts'
import { accountOf, callOf, type DeliveryOfTest, deliveryOf } from '../../../test/support/platform.ts'

async function opened() {
  const house = await channelHouse()
  await house.link('bob', '7')
  const { app, lines } = createTestApp(house)
  const says = { is: 'call', call: callOf(accountOf('7')) } as const
  const post = async (changed: Partial<DeliveryOfTest> = {}, path = '/webhooks/github', more?: Buffer) => {
    const { headers, body } = deliveryOf({ at: house.clock.now, says, ...changed })
    const request = new Request(`${ORIGIN}${path}`, {
      ...{ method: 'POST', headers: headers as Record<string, string> },
      body: Buffer.from(more ?? body),
    })
    return app.fetch(request)
  }
  return { house, app, lines, post }
}

describe('the address that platforms deliver to', () => {
  it('takes what is signed, and says when it was there before or asks for nothing', async () => {
    const { house, post } = await opened()
    expect((await post()).status).toBe(202)
    expect((await post()).status).toBe(200)
    expect((await post({ id: 'd-2', says: { is: 'nothing', reason: 'ping' } })).status).toBe(200)
    await house.work()
    expect(await house.runs()).toHaveLength(1)
  })

  it('answers alike whatever is wrong, and logs nothing of what was delivered', async () => {
    const { house, post, lines } = await opened()
    const answers = await Promise.all([
      post({ secret: 'another secret' }),
      post({ at: house.clock.now - 3_600_000 }),
      post({}, '/webhooks/github', Buffer.from('not json')),
      post({}, '/webhooks/github', Buffer.alloc(0)),
    ])
    const bodies = await Promise.all(
      answers.map(async (answer) => {
        const { requestId: _, ...body } = (await answer.json()) as Record<string, unknown>
        return { status: answer.status, body }
      }),
    )
    expect(bodies[0]?.status).toBe(401)
    for (const one of bodies) expect(one).toEqual(bodies[0])
    expect(lines.join('')).not.toContain('Fix the tests')
    await house.work()
    expect(await house.runs()).toEqual([])
  })

  it('reads no more than the platform sends, counted where no length is declared', async () => {
    const { app, post } = await opened()
    expect((await post({}, '/webhooks/github', Buffer.alloc(10_001))).status).toBe(413)
    const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(4_000)) })
    const request = new Request(`${ORIGIN}/webhooks/github`, {
      ...{ method: 'POST', body: endless, duplex: 'half', headers: { 'x-signature': 'a'.repeat(64) } },
    } as RequestInit)
    expect((await app.fetch(request)).status).toBe(413)
  })

  it('is for platforms that the server has, and for POST', async () => {
    const { app, post } = await opened()
    expect((await post({}, '/webhooks/linear')).status).toBe(404)
    expect((await post({}, '/webhooks/other')).status).toBe(404)
    expect((await app.fetch(new Request(`${ORIGIN}/webhooks/github`))).status).toBe(404)
  })

  it('reads nothing, and asks nobody, for what has no signature of the right form', async () => {
    const { house, app } = await opened()
    let asked = 0
    const { ofKind } = house.ports.store.channels
    Object.assign(house.ports.store.channels, {
      ofKind: (...given: Parameters<typeof ofKind>) => {
        asked += 1
        return ofKind(...given)
      },
    })
    const bodies: ReadableStream[] = []
    const post = (headers: Record<string, string>) => {
      const body = new ReadableStream({ pull: (to) => to.error(new Error('it was read')) })
      bodies.push(body)
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      return app.fetch(new Request(`${ORIGIN}/webhooks/github`, init))
    }
    for (const headers of [{}, { 'x-signature': 'short' }, { 'x-signature': 'z'.repeat(64) }] as const)
      expect((await post({ ...headers })).status).toBe(401)
    expect(asked).toBe(0)
  })

  it('does no work for an address that has delivered too much that is not signed', async () => {
    const { house, post } = await opened()
    let asked = 0
    const { verify } = house.platform.channel
    Object.assign(house.platform.channel, {
      verify: (...given: Parameters<typeof verify>) => {
        asked += 1
        return verify(...given)
      },
    })
    const refused: number[] = []
    for (let i = 0; i < 700; i += 1)
      refused.push((await post({ secret: 'another secret', at: house.clock.now + i })).status)
    expect(refused).toContain(429)
    expect(asked).toBeLessThan(650)
  })

  it('counts what is long for more', async () => {
    const { house, post } = await opened()
    Object.assign(house.platform.channel, { maxBytes: 5_000_000 })
    const refused: number[] = []
    for (let i = 0; i < 12; i += 1)
      refused.push(
        (await post({ at: house.clock.now + i }, '/webhooks/github', Buffer.alloc(5_000_000))).status,
      )
    expect([refused[0], refused.at(-1)]).toEqual([401, 429])
  })

  it('counts what is not signed, not what is', async () => {
    const { post } = await opened()
    for (let i = 0; i < 60; i += 1) expect((await post({ id: `d-${i}` })).status).toBe(202)
    const refused: number[] = []
    for (let i = 0; i < 40; i += 1) refused.push((await post({ secret: 'another secret' })).status)
    expect(refused).toContain(429)
    expect((await post({ id: 'last' })).status).toBe(202)
  })

  /** A body that comes in pieces of so many bytes, as long as it is asked for more; counts them. */
  function pieces(size: number, many: number) {
    const read = { pieces: 0 }
    const pull = (to: ReadableStreamDefaultController) => {
      if (read.pieces >= many) return to.close()
      read.pieces += 1
      to.enqueue(new Uint8Array(size))
    }
    return { read, body: new ReadableStream({ pull }, { highWaterMark: 0 }) }
  }

  function unsigned(body: ReadableStream, at = 0): Request {
    const headers = { 'x-signature': at.toString(16).padStart(64, '0') }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    return new Request(`${ORIGIN}/webhooks/github`, init)
  }

  it('counts what is too long, or breaks off, by what was read of it', async () => {
    for (const [many, first] of [
      [200, 413],
      [60, 400],
    ] as const) {
      const { house, app } = await opened()
      Object.assign(house.platform.channel, { maxBytes: 5_000_000 })
      const refused: number[] = []
      for (let i = 0; i < 16; i += 1) {
        const { body } = pieces(65_536, many)
        const broken = new TransformStream({ flush: (to) => to.error(new Error('it broke off')) })
        const given = first === 400 ? body.pipeThrough(broken) : body
        refused.push((await app.fetch(unsigned(given, i))).status)
      }
      expect([refused[0], refused.at(-1)]).toEqual([first, 429])
    }
  })

  it('reads no more at once than an address may deliver wrongly, and all that is signed', async () => {
    const { app, post } = await opened()
    const { promise, resolve } = Promise.withResolvers<void>()
    const asked = Array.from({ length: 1_000 }, (_, i) =>
      app.fetch(unsigned(new ReadableStream({ pull: (to) => promise.then(() => to.close()) }), i)),
    )
    // They are turned away while the others are still read.
    await vi.waitFor(async () => expect((await asked.at(-1))?.status).toBe(429))
    resolve()
    const states = await Promise.all(asked.map(async (one) => (await one).status))
    expect(states.filter((status) => status === 401).length).toBeLessThan(650)

    const other = await opened()
    const burst = await Promise.all(Array.from({ length: 500 }, (_, i) => other.post({ id: `d-${i}` })))
    expect(new Set(burst.map(({ status }) => status))).toEqual(new Set([202]))
    expect((await other.post({ id: 'last' })).status).toBe(202)
    expect((await post({ id: 'd' })).status).toBe(429)
  })

  it('waits for no body that comes too slowly', async () => {
    const { app } = await opened()
    const late = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal)
    const stalled = app.fetch(unsigned(new ReadableStream({ pull: () => new Promise(() => undefined) })))
    await vi.waitFor(() => expect(timeout).toHaveBeenCalled())
    late.abort()
    expect((await stalled).status).toBe(400)
    timeout.mockRestore()
  })
})
