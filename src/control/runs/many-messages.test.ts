// Runs of which too much is asked: what waits has a bound, a worker is told of a little at a time, and so is whoever looks.

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { workerOf } from '../../../test/support/runs.ts'
import {
  QUEUED_AT_MOST,
  QUEUED_TEXT_AT_MOST,
  SHOWN_AT_ONCE,
  SHOWN_TEXT_AT_ONCE,
  TOLD_AT_ONCE,
} from '../../domain/runs/queueing.ts'

const LONGEST = 200_000

async function begun(): Promise<{ house: House; id: string; send: (text: string) => Promise<unknown> }> {
  const house = createHouse()
  await house.give('bob', 'me', 'own')
  const { id } = await house.ask('bob', 'runs.create', { harness: 'claude' })
  return { house, id, send: (text) => house.ask('bob', 'runs.send', { id, text }) }
}

describe('a run that was begun with nothing', () => {
  const titles = async (house: House) => {
    const { runs } = await house.ask('bob', 'runs.list', {})
    return runs.map(({ title }) => title)
  }

  it('is called by the first message to it, and the same one when it is asked for again', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const wanted = { harness: 'claude', key: 'k' } as const
    const { id } = await house.ask('bob', 'runs.create', wanted)
    expect(await titles(house)).toEqual([''])
    await house.ask('bob', 'runs.send', { id, text: '  Mend the build.\nIt fails on ARM.' })
    await house.ask('bob', 'runs.send', { id, text: 'And the docs.' })
    expect(await titles(house)).toEqual(['Mend the build.'])
    expect((await house.ask('bob', 'runs.create', wanted)).id).toBe(id)
    expect((await house.ask('bob', 'tasks.read', { id })).task).toBe('Mend the build.')
  })

  it('keeps the name of one that it was begun with', async () => {
    const { house, send } = await begun()
    await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'First.' })
    await send('Second.')
    expect(await titles(house)).toEqual(['First.', 'Second.'])
  })
})

describe('the queue of a run', () => {
  it('takes so many messages and no more, until some have left it', async () => {
    const { house, id, send } = await begun()
    for (let i = 0; i < QUEUED_AT_MOST; i += 1) await send(`${i}`)
    expect(await errorOf(send('one more'))).toMatchObject({ code: 'conflict', hint: expect.any(String) })
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    const message = run?.messages[0]?.id ?? ''
    await worker.report(run as never, { is: 'message', message, state: 'sent' })
    await send('one more')
    expect((await house.ask('bob', 'runs.read', { id })).messages.at(-1)?.text).toBe('one more')
  })

  it('takes so much text and no more', async () => {
    const { send } = await begun()
    for (let i = 0; i < QUEUED_TEXT_AT_MOST / LONGEST; i += 1) await send('x'.repeat(LONGEST))
    expect((await errorOf(send('x'))).code).toBe('conflict')
  })
})

describe('a worker with a long queue', () => {
  it('is told of a few at a time, and of each in its turn', async () => {
    const { house, send } = await begun()
    const texts = Array.from({ length: 3 * TOLD_AT_ONCE }, (_, i) => `${i}`)
    for (const text of texts.slice(0, 2 * TOLD_AT_ONCE)) await send(text)
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    expect(run.messages.map(({ text }) => text)).toEqual(texts.slice(0, TOLD_AT_ONCE))
    let { bell, messages } = run
    const given: string[] = []
    for (const text of texts.slice(2 * TOLD_AT_ONCE)) await send(text)
    while (messages.length > 0) {
      const [first, ...rest] = messages
      if (first === undefined) break
      given.push(first.text)
      await worker.report(run, { is: 'message', message: first.id, state: 'sent' })
      await worker.report(run, { is: 'message', message: first.id, state: 'done' })
      const { news } = await worker.heartbeat(run, bell)
      messages = news[0]?.messages ?? rest
      bell = news[0]?.bell ?? bell
      expect(messages.length).toBeLessThanOrEqual(TOLD_AT_ONCE)
    }
    expect(given).toEqual(texts)
  })

  it('is told of what was sent to an earlier process, and of those that follow', async () => {
    const { house, send } = await begun()
    for (let i = 0; i < 2 * TOLD_AT_ONCE; i += 1) await send(`${i}`)
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    await worker.report(run as never, { is: 'message', message: run?.messages[0]?.id ?? '', state: 'sent' })
    house.clock.now += 1
    const [again] = await worker.claim()
    expect(again?.messages.map(({ text, state }) => `${text} ${state}`)).toEqual([
      '0 sent',
      '1 queued',
      '2 queued',
      '3 queued',
      '4 queued',
      '5 queued',
    ])
  })
})

describe('whoever looks at a long conversation', () => {
  async function talked(texts: readonly string[]) {
    const { house, id, send } = await begun()
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    for (const [i, text] of texts.entries()) {
      await send(text)
      const message = `m${i}`
      const { messages } = await house.ask('bob', 'runs.read', { id })
      await worker.report(run, { is: 'message', message: messages.at(-1)?.id ?? message, state: 'failed' })
    }
    const read = (before?: number | null) =>
      house.ask('bob', 'runs.read', { id, ...(before ? { before } : {}) })
    return { house, id, read }
  }

  it('sees the last of it, and goes back page by page', async () => {
    const texts = Array.from({ length: 2 * SHOWN_AT_ONCE + 3 }, (_, i) => `${i}`)
    const { read } = await talked(texts)
    const pages: string[][] = []
    let before: number | null = null
    do {
      const page: Awaited<ReturnType<typeof read>> = await read(before)
      pages.unshift(page.messages.map(({ text }) => text ?? ''))
      before = page.before
    } while (before !== null)
    expect(pages.map((page) => page.length)).toEqual([3, SHOWN_AT_ONCE, SHOWN_AT_ONCE])
    expect(pages.flat()).toEqual(texts)
  })

  it('gets no more text at once than can be read', async () => {
    const { read } = await talked(Array.from({ length: 8 }, () => 'x'.repeat(LONGEST)))
    const { messages, before } = await read()
    expect(messages).toHaveLength(SHOWN_TEXT_AT_ONCE / LONGEST)
    expect(before).toBe(4)
    expect((await read(before)).messages).toHaveLength(3)
    expect((await read(before)).before).toBeNull()
  })
})
