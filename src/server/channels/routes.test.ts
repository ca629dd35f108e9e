import { describe, expect, it } from 'vitest'
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
      ...{ method: 'POST', body: endless, duplex: 'half' },
    } as RequestInit)
    expect((await app.fetch(request)).status).toBe(413)
  })

  it('is for platforms that the server has, and for POST', async () => {
    const { app, post } = await opened()
    expect((await post({}, '/webhooks/linear')).status).toBe(404)
    expect((await post({}, '/webhooks/other')).status).toBe(404)
    expect((await app.fetch(new Request(`${ORIGIN}/webhooks/github`))).status).toBe(404)
  })

  it('counts what is not signed, not what is', async () => {
    const { post } = await opened()
    for (let i = 0; i < 60; i += 1) expect((await post({ id: `d-${i}` })).status).toBe(202)
    const refused: number[] = []
    for (let i = 0; i < 40; i += 1) refused.push((await post({ secret: 'another secret' })).status)
    expect(refused).toContain(429)
    expect((await post({ id: 'last' })).status).toBe(202)
  })
})
