import { describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Caller } from '../../domain/caller.ts'
import type { LiveNews } from './live-news.ts'

type Who = Parameters<House['ask']>[0]

/** A stream that is read until something in particular was told, or it ended. */
async function listen(house: House, who: Who, after?: number) {
  const stream = await house.ask(who, 'live', after === undefined ? {} : { after })
  const all: LiveNews[] = []
  const next = async () => {
    for (;;) {
      const { done, value } = await stream.next()
      if (done === true) return null
      if (value === null) continue
      all.push(value)
      return value
    }
  }
  const ready = await next()
  return {
    ready,
    all,
    next,
    /** Topics that are told from now on, up to and with this one. */
    async until(topic: string): Promise<string[]> {
      const told = new Set<string>()
      for (;;) {
        const news = await next()
        for (const one of news?.topics ?? [])
          for (const id of one.ids ?? ['*']) told.add(`${one.topic} ${id}`)
        if (news === null) told.add('the end')
        if (news === null || news.topics.some((one) => one.topic === topic)) return [...told].sort()
      }
    },
    stop: () => stream.return?.(),
  }
}

describe('whoever listens to what changes', () => {
  it('is told which lists to read again, of what they may know only', async () => {
    const house = createHouse()
    const [ada, bob, cyd] = [
      await listen(house, 'ada'),
      await listen(house, 'bob'),
      await listen(house, 'cyd'),
    ]
    expect(ada.ready).toMatchObject({ type: 'ready', topics: [] })
    const own = await house.give('bob', 'me', 'own')
    const teams = await house.give('bob', 'team:platform', 'teams')
    await house.ask('ada', 'harnesses.set', { harness: 'codex', enabled: false })
    expect(await bob.until('settings')).toEqual([`credentials ${own}`, `credentials ${teams}`, 'settings *'])
    expect((await cyd.until('settings')).join()).not.toContain('credentials')
    // Of what is his alone that there is one more, and not which.
    expect(await ada.until('settings')).toEqual(['audit *', 'credentials *', 'settings *'])
    await house.ask('bob', 'leases.create', { harness: 'claude' })
    await house.ask('bob', 'credentials.rename', { id: own, name: 'other' })
    await house.ask('ada', 'harnesses.set', { harness: 'codex', enabled: true })
    expect((await ada.until('settings')).join()).not.toContain('credentials')
    await house.ask('bob', 'credentials.delete', { id: own })
    expect(await ada.until('credentials')).toContain('credentials *')
    expect(JSON.stringify(ada.all)).not.toContain(own)
    expect(JSON.stringify([ada.all, bob.all, cyd.all])).not.toContain('own"')
    await Promise.all([ada.stop(), bob.stop(), cyd.stop()])
  })

  it('learns of what the organization owns only what a member may: no new values, no use', async () => {
    const house = createHouse()
    const id = await house.give('ada', 'org', 'orgs')
    const [ann, bob] = [await listen(house, 'ann'), await listen(house, 'bob')]
    await house.ask('ada', 'credentials.update', { id, fields: { key: fakeKey('new') } })
    await house.ask('bob', 'leases.create', { harness: 'claude' })
    expect((await ann.until('usage')).join()).toMatch(new RegExp(`credentials ${id}.*usage ${id}`))
    await house.ask('ada', 'credentials.rename', { id, name: 'other' })
    expect(await bob.until('credentials')).toEqual([`credentials ${id}`])
    await Promise.all([ann.stop(), bob.stop()])
  })

  it('goes on where they left off, and reads runs again, which no log tells of', async () => {
    const house = createHouse()
    const first = await listen(house, 'bob')
    const own = await house.give('bob', 'me', 'own')
    await first.until('credentials')
    const after = first.all.at(-1)?.position ?? 0
    await first.stop()
    const second = await house.give('bob', 'me', 'second')
    await house.give('ada', 'me', 'hers')
    const again = await listen(house, 'bob', after)
    expect(again.ready).toEqual({
      ...{ type: 'ready', position: (await house.audit()).length },
      topics: [
        { topic: 'credentials', ids: [second] },
        { topic: 'runs', ids: null },
      ],
    })
    expect(JSON.stringify(again.ready)).not.toContain(own)
    await again.stop()
    // A database that was put back, or too long ago.
    const lost = await listen(house, 'bob', 1_000_000)
    expect(lost.ready?.topics).toEqual([{ topic: 'all', ids: null }])
    await lost.stop()
  })

  it('is told of a run when it looks different, not of each word in it', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const [bob, cyd] = [await listen(house, 'bob'), await listen(house, 'cyd')]
    const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'hi' })
    expect(await bob.until('runs')).toContain(`runs ${id}`)
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    expect(await bob.until('runs')).toContain(`runs ${id}`)
    for (let i = 0; i < 20; i += 1)
      await worker.report(run, { is: 'event', event: { kind: 'text', text: `${i}` } })
    await worker.report(run, { is: 'state', state: 'ready' })
    expect(await bob.until('runs')).toContain(`runs ${id}`)
    await house.ask('ada', 'harnesses.set', { harness: 'codex', enabled: false })
    expect((await bob.until('settings')).join()).not.toContain('runs')
    expect((await cyd.until('settings')).join()).not.toContain('runs')
    await Promise.all([bob.stop(), cyd.stop()])
  })

  it('asks anew when they are in another team, and are told so', async () => {
    const house = createHouse()
    const cyd = await listen(house, 'cyd')
    await house.ask('ada', 'teams.join', { team: 'platform', member: 'cyd' })
    expect(await cyd.until('self')).toContain('self *')
    expect(await cyd.next()).toBeNull()
  })

  it('is heard by a few at a time, and makes room again', async () => {
    const house = createHouse()
    const tries = await Promise.allSettled(Array.from({ length: 25 }, () => listen(house, 'bob')))
    const open = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(open).toHaveLength(20)
    expect((await errorOf(listen(house, 'bob'))).code).toBe('rate_limited')
    await (await listen(house, 'cyd')).stop()
    await Promise.all(open.map((one) => one.stop()))
    await (await listen(house, 'bob')).stop()
  })

  it('is nobody with the handle of a lease', async () => {
    const house = createHouse()
    const handle: Partial<Caller> = { tokenId: null, leaseId: 'lease_1' }
    expect((await errorOf(house.ask(house.caller('bob', handle), 'live', {}))).code).toBe('forbidden')
  })
})

describe('GET /live', () => {
  it('carries positions that a browser sends back, and ends with the token', async () => {
    const house = createHouse()
    const { app, token, send } = createTestApp(house)
    const authorization = `Bearer ${await token('bob')}`
    const open = async (headers: Record<string, string>) => {
      const response = await app.fetch(
        new Request(`${ORIGIN}/api/v1/live`, { headers: { authorization, ...headers } }),
      )
      return response.body?.pipeThrough(new TextDecoderStream()).getReader()
    }
    const reader = await open({})
    const [, position = ''] = /^id: (\d+)\nevent: ready\n/.exec((await reader?.read())?.value ?? '') ?? []
    expect(position).toMatch(/^\d+$/)
    const id = await house.give('bob', 'me', 'own')
    const again = await open({ 'last-event-id': position })
    expect((await again?.read())?.value).toContain(`{"topic":"credentials","ids":["${id}"]}`)
    await again?.cancel()
    // A place that is none: whoever has it has old lists.
    const elsewhere = await open({ 'last-event-id': 'from-another-server' })
    expect((await elsewhere?.read())?.value).toContain(`{"topic":"credentials"`)
    await elsewhere?.cancel()
    expect((await reader?.read())?.value).toContain(`event: changed\n`)
    await send('bob', 'DELETE', '/api/v1/tokens/bob-test')
    let last = ''
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: '' }
      if (done) break
      last = value
    }
    expect(last).toMatch(/^event: revoked\ndata: {"reason":"[^"]*revoked[^"]*"}/)
  })
})
