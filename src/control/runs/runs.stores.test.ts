// Runs on every store, with several servers where there can be: each is carried out by one worker, and nothing is told
// twice or lost.

import { describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { callerOf, enrolWorker } from '../../../test/support/machines.ts'
import { eventsOf, lines } from '../../../test/support/runs.ts'
import { useStorePairs } from '../../../test/support/store-pairs.ts'

const KEY = Buffer.alloc(32, 7)
const RUNS = 24

const stores = useStorePairs()

/** Carries out whatever it gets, until there is nothing more. Each report is said twice, as if an answer was lost. */
async function work(house: House, token: string, done: string[]): Promise<void> {
  const caller = await callerOf(house, token)
  const holding: string[] = []
  let asked = 0
  for (;;) {
    asked += 1
    const sought = { harnesses: ['claude' as const], capacity: 3, holding, waitSeconds: 2 }
    const { runs } = await house.ask(caller, 'runs.claim', { ...sought, process: caller.name, asked })
    if (runs.length === 0) return
    for (const { id, claim, harness, messages } of runs) {
      holding.push(claim)
      const { id: lease } = await house.ask(caller, 'leases.create', { harness, run: id, claim })
      const message = messages[0]?.id ?? ''
      const items = [
        { is: 'message', message, state: 'sent' },
        { is: 'event', event: { kind: 'text', text: 'hello' } },
        { is: 'event', event: { kind: 'turn-done', usage: { input: 1, cachedInput: 0, output: 1 } }, lease },
        { is: 'message', message, state: 'done' },
        { is: 'state', state: 'hibernated' },
      ].map((item, i) => ({ ...item, seq: i + 1, at: '2026-01-01T00:00:00Z' }))
      const report = (upTo: number) =>
        house.ask(caller, 'runs.report', { id, claim, items: items.slice(0, upTo) as never })
      await Promise.all([report(2), report(3)])
      await report(5)
      await report(5)
      done.push(id)
    }
  }
}

describe.each(Object.keys(stores))('runs on %s', (name) => {
  it('are carried out by one worker each', { timeout: 60_000 }, async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error('no store')
    const houses = [createHouse(first, KEY), createHouse(second, KEY)] as const
    const [house] = houses
    await house.give('bob', 'me', 'own')
    const tokens: string[] = []
    for (const worker of ['w1', 'w2', 'w3', 'w4']) tokens.push((await enrolWorker(house, worker)).token)
    const done: string[] = []
    const working = tokens.map((token, i) => work(houses[i % 2] as House, token, done))
    const made: string[] = []
    for (let i = 0; i < RUNS; i += 1) {
      const at = houses[i % 2] as House
      made.push((await at.ask('bob', 'runs.create', { harness: 'claude', prompt: `${i}` })).id)
    }
    await Promise.all(working)
    expect(done.sort()).toEqual(made.sort())
    for (const id of made) {
      expect(lines(await eventsOf(house, 'bob', id))).toEqual([
        ...[
          'queued',
          'message queued',
          'booting',
          'credential own',
          'message sent',
          'text hello',
          'turn-done',
        ],
        ...['message done', 'hibernated'],
      ])
      const run = await house.ask('bob', 'runs.read', { id })
      expect(run.usage).toEqual({ input: 1, cachedInput: 0, output: 1 })
      expect(run.served).toMatchObject([{ turns: 1 }])
    }
  })

  it('make room for one that waits at one of the workers that are full', async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error('no store')
    const houses = [createHouse(first, KEY), createHouse(second, KEY)] as const
    const [house] = houses
    await house.give('bob', 'me', 'own')
    const asks: (() => Promise<unknown>)[] = []
    const ids: string[] = []
    for (const [i, worker] of ['w1', 'w2'].entries()) {
      const caller = await callerOf(houses[i] as House, (await enrolWorker(house, worker)).token)
      const { id } = await house.ask('bob', 'runs.create', { harness: 'claude' })
      const process = { harnesses: ['claude' as const], process: worker, waitSeconds: 0 }
      const { runs } = await house.ask(caller, 'runs.claim', { ...process, capacity: 1, asked: 1 })
      const [{ claim } = { claim: '' }] = runs
      const ready = { is: 'state', state: 'ready', seq: 1, at: '2026-01-01T00:00:00Z' } as const
      await house.ask(caller, 'runs.report', { id, claim, items: [ready] })
      ids.push(id)
      const full = { ...process, capacity: 0, holding: [claim] }
      asks.push(() => (houses[i] as House).ask(caller, 'runs.claim', { ...full, asked: 2 }))
    }
    await house.ask('bob', 'runs.create', { harness: 'claude' })
    await Promise.all(asks.map((ask) => ask()))
    const wishes = await Promise.all(
      ids.map(async (id) => (await house.ask('bob', 'runs.read', { id })).wish),
    )
    expect(wishes.filter((wish) => wish === 'hibernate')).toHaveLength(1)
  })

  it('take each message once, whoever sends them at the same time', async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error('no store')
    const houses = [createHouse(first, KEY), createHouse(second, KEY)] as const
    await houses[0].give('bob', 'me', 'own')
    const { id } = await houses[0].ask('bob', 'runs.create', { harness: 'claude' })
    const send = (i: number) =>
      houses[i % 2]?.ask('bob', 'runs.send', { id, text: `text ${i % 6}`, message: `m${i % 6}` })
    await Promise.all(Array.from({ length: 18 }, (_, i) => send(i)))
    const { messages } = await houses[0].ask('bob', 'runs.read', { id })
    expect(messages.map((one) => one.id).sort()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5'])
  })
})
