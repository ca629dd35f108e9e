// Runs on every store, with several servers where there can be: each is carried out by one worker, and nothing is told
// twice or lost.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { callerOf, enrolWorker } from '../../../test/support/machines.ts'
import { eventsOf, lines } from '../../../test/support/runs.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { openSqlStore } from '../../store/sql/sql-store.ts'
import type { Store } from '../../store/store.ts'

const KEY = Buffer.alloc(32, 7)
const RUNS = 24

const postgres = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function opened(url: string): Promise<Store> {
  const { store, close } = await openSqlStore({ url })
  cleanups.push(close)
  return store
}

// Two of one database, as two servers have it.
const stores: Readonly<Record<string, () => Promise<[Store, Store]>>> = {
  memory: async () => {
    const store = createMemoryStore()
    return [store, store]
  },
  sqlite: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claviger-runs-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    const store = await opened(`sqlite:${join(directory, 'claviger.db')}`)
    return [store, store]
  },
  postgres: async () => {
    const url = await postgres.furnishedDatabase('store')
    return [await opened(url), await opened(url)]
  },
}

/** Carries out whatever it gets, until there is nothing more. Each report is said twice, as if an answer was lost. */
async function work(house: House, token: string, done: string[]): Promise<void> {
  const caller = await callerOf(house, token)
  const holding: string[] = []
  for (;;) {
    const asked = { harnesses: ['claude' as const], capacity: 3, holding, waitSeconds: 2 }
    const { runs } = await house.ask(caller, 'runs.claim', asked)
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
