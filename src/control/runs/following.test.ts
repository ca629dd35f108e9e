import { describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'

async function begun(house: House) {
  await house.give('bob', 'me', 'own')
  const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'hi' })
  const worker = await workerOf(house)
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('nothing was claimed')
  const speak = (text: string) => worker.report(run, { is: 'event', event: { kind: 'text', text } })
  return { id, worker, run, speak }
}

/** Ids and texts of a stream, until so many events or its end. */
async function readStream(response: Response, atMost = Number.POSITIVE_INFINITY) {
  const found: { id: number; event: string }[] = []
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    text += value ?? ''
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, id] = /^id: (\d+)$/m.exec(block) ?? []
      const [, event = ''] = /^event: (.+)$/m.exec(block) ?? []
      if (id !== undefined) found.push({ id: Number(id), event })
    }
    if (done === true || found.length >= atMost) {
      await reader?.cancel()
      return found
    }
  }
}

describe('whoever follows a run', () => {
  it('is told of each event once, in order, however often they come back', async () => {
    const house = createHouse()
    const { app, token } = createTestApp(house)
    const { id, worker, run, speak } = await begun(house)
    const authorization = `Bearer ${await token('bob')}`
    const follow = (last?: number) => {
      const headers = { authorization, ...(last !== undefined && { 'last-event-id': `${last}` }) }
      return app.fetch(new Request(`${ORIGIN}/api/v1/runs/${id}/events`, { headers }))
    }
    const speaking = (async () => {
      for (let i = 0; i < 40; i += 1) await speak(`${i}`)
      await house.ask('bob', 'runs.end', { id })
      await worker.report(run, { is: 'state', state: 'done' })
    })()
    const seen: { id: number; event: string }[] = []
    for (let round = 0; round < 5; round += 1) {
      const response = await follow(seen.at(-1)?.id)
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      seen.push(...(await readStream(response, 7)))
    }
    await speaking
    // What is left of it.
    seen.push(...(await readStream(await follow(seen.at(-1)?.id))))
    const last = (await house.ask('bob', 'runs.read', { id })).lastEvent
    expect(seen.map((one) => one.id)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
    expect(seen.filter(({ event }) => event === 'text')).toHaveLength(40)
  })

  it('goes when they do, and when the server goes down', async () => {
    const house = createHouse()
    const { id, speak } = await begun(house)
    const events = await house.ask('bob', 'runs.events', { id, after: 3 })
    expect((await events.next()).value).toBeNull()
    const next = events.next()
    await speak('a')
    expect((await next).value).toMatchObject({ type: 'text', event: { text: 'a' } })
    const waiting = events.next()
    await events.return?.()
    expect((await waiting).done).toBe(true)
  })

  it.each(['leaves the team', 'is removed'])('is told nothing more when they are one who %s', async (how) => {
    const house = createHouse()
    const { app, token } = createTestApp(house)
    house.people.change('cyd', { teams: ['platform'] })
    await house.give('ada', 'team:platform', 'ours')
    const { id } = await house.ask('bob', 'runs.create', {
      harness: 'claude',
      prompt: 'hi',
      team: 'platform',
    })
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    const authorization = `Bearer ${await token('cyd')}`
    const url = `${ORIGIN}/api/v1/runs/${id}/events`
    const response = await app.fetch(new Request(url, { headers: { authorization } }))
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const next = async () => (await reader?.read())?.value
    // They hear of it before.
    expect(await next()).toContain('event: state')
    const member = house.caller('cyd').name
    if (how === 'is removed') await house.ask('ada', 'members.remove', { member })
    else await house.ask('ada', 'teams.leave', { team: 'platform', member })
    await worker.report(run, { is: 'event', event: { kind: 'text', text: 'said afterwards' } })
    // It ends by itself, long before it would have looked again without a signal.
    let text = ''
    for (let piece = await next(); piece !== undefined; piece = await next()) text += piece
    expect(text).toContain('event: revoked')
    expect(text).not.toContain('said afterwards')
  })

  it('is told nothing more when something else has happened before that', async () => {
    const house = createHouse()
    house.people.change('cyd', { teams: ['platform'] })
    await house.give('ada', 'team:platform', 'ours')
    const { id } = await house.ask('bob', 'runs.create', {
      harness: 'claude',
      prompt: 'hi',
      team: 'platform',
    })
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    const speak = (text: string) => worker.report(run, { is: 'event', event: { kind: 'text', text } })
    const cyd = house.caller('cyd', { teams: ['platform'] })
    const { lastEvent: after } = await house.ask('bob', 'runs.read', { id })
    const events = await house.ask(cyd, 'runs.events', { id, after })
    expect((await events.next()).value).toBeNull()
    await speak('a')
    await house.ask('ada', 'teams.leave', { team: 'platform', member: cyd.name })
    await speak('b')
    expect((await errorOf(events.next())).code).toBe('not_found')
  })

  it('is told no more when the run is not theirs to see any more', async () => {
    const house = createHouse()
    await house.give('bob', 'team:platform', 'ours')
    const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', team: 'platform' })
    const stranger = house.caller('cyd')
    const asking = house.ask(stranger, 'runs.events', { id })
    await expect(asking).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is one of fifty at most, those who ask at once counted too, and makes room when they go', async () => {
    const house = createHouse()
    const { id } = await begun(house)
    const ask = () => house.ask('bob', 'runs.events', { id })
    const tries = await Promise.allSettled(Array.from({ length: 60 }, ask))
    const streams = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(streams).toHaveLength(50)
    const unknown = Array.from({ length: 60 }, () => errorOf(house.ask('cyd', 'runs.events', { id: 'none' })))
    expect(new Set((await Promise.all(unknown)).map(({ code }) => code))).toContain('not_found')
    expect(await errorOf(house.ask('cyd', 'runs.events', { id: 'none' }))).toMatchObject({
      code: 'not_found',
    })
    await streams[0]?.return?.()
    await streams[0]?.return?.()
    const again = await ask()
    expect(await errorOf(ask())).toMatchObject({ code: 'rate_limited' })
    for (const stream of [...streams, again]) await stream.return?.()
  })

  it('beyond the end, as after a database was put back, is told to begin again', async () => {
    const house = createHouse()
    const { id } = await begun(house)
    const { app, token } = createTestApp(house)
    const follow = async (last: string) => {
      const headers = { authorization: `Bearer ${await token('bob')}`, 'last-event-id': last }
      return app.fetch(new Request(`${ORIGIN}/api/v1/runs/${id}/events`, { headers }))
    }
    const beyond = await follow('999')
    expect([beyond.status, ((await beyond.json()) as { message: string }).message]).toEqual([
      409,
      expect.stringContaining('Begin again.'),
    ])
    const ends = await follow('1')
    expect(ends.status).toBe(200)
    await ends.body?.cancel()
  })
})
