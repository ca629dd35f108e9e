// Signals between two servers on one Postgres, and what is said of them when their connection goes away.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import type { Signal } from '../signal-group.ts'
import type { Store } from '../store.ts'
import { openSqlStore } from './sql-store.ts'

const server = usePostgres()
let url: string
let name: string
const cleanups: (() => unknown)[] = []

beforeEach(async () => {
  url = await server.furnishedDatabase('store')
  name = new URL(url).pathname.slice(1)
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(at = url): Promise<Store> {
  const { store, close } = await openSqlStore({ url: at })
  cleanups.push(close)
  return store
}

/** Listens; resolves once the database carries what is sent. */
async function listening(store: Store): Promise<(Signal | 'missed')[]> {
  const heard: (Signal | 'missed')[] = []
  store.signals.listen((signal) => heard.push(signal))
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['missed'])
  return heard
}

const signal = (subject: string): Signal => ({ topic: 'holders', subject })

const listener = () =>
  server.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = '${name}' and application_name = 'claviger listening'`,
  )

describe('two servers on one database', () => {
  it('hear each other, each in the order of the commits', async () => {
    const [one, other] = [await open(), await open()]
    const [first, second] = [await listening(one), await listening(other)]
    for (let place = 0; place < 20; place += 1)
      await (place % 2 === 0 ? one : other).signals.send('holders', `${place}`)
    const expected = Array.from({ length: 20 }, (_, place) => signal(`${place}`))
    await expect.poll(() => first.length + second.length).toBe(2 + 2 * 20 + 20)
    // What one sent itself it hears at once, and a second time from the database.
    for (const heard of [first, second]) {
      const once = heard.filter((each, place) => heard.findIndex((o) => sameAs(o, each)) === place)
      expect(once.slice(1)).toEqual(expect.arrayContaining(expected))
    }
    const fromOther = first.filter((each) => each !== 'missed' && Number(each.subject) % 2 === 1)
    expect(fromOther).toEqual(expected.filter((_, place) => place % 2 === 1))
  })

  it('hear soon after the commit, and nothing of what was taken back', async () => {
    const [one, other] = [await open(), await open()]
    const heard = await listening(other)
    const middle = Promise.withResolvers<void>()
    const sent = one.atomically(async (unit) => {
      await unit.signals.send('holders', 'committed')
      await middle.promise
    })
    const failed = one.atomically(async (unit) => {
      await unit.signals.send('holders', 'taken back')
      throw new RangeError('no')
    })
    const results = Promise.allSettled([sent, failed])
    await delay(200)
    expect(heard).toEqual(['missed'])
    middle.resolve()
    await results
    const from = performance.now()
    await expect.poll(() => heard, { interval: 5 }).toEqual(['missed', signal('committed')])
    expect(performance.now() - from).toBeLessThan(500)
    await delay(100)
    expect(heard).toHaveLength(2)
  })

  it('of different schemas hear nothing of each other', async () => {
    await server.query('create schema second', name)
    const [one, other] = [await open(), await open(`${url}?options=-csearch_path%3Dsecond`)]
    const [first, second] = [await listening(one), await listening(other)]
    await one.signals.send('holders', 'of the first')
    await other.signals.send('holders', 'of the second')
    await expect.poll(() => first.length).toBe(3)
    await expect.poll(() => second.length).toBe(3)
    expect(first.slice(1)).toEqual([signal('of the first'), signal('of the first')])
    expect(second.slice(1)).toEqual([signal('of the second'), signal('of the second')])
  })

  it('take what another program says on the channel for a gap, and go on', async () => {
    const store = await open()
    const heard = await listening(store)
    const [row] = await server.query<{ query: string }>(
      `select query from pg_stat_activity where datname = '${name}' and query like 'listen %'`,
    )
    const channel = row?.query.replace('listen ', '').replaceAll('"', '') ?? ''
    for (const text of ['', 'not ours', '{}', '["holders"]', '[1,2]'])
      await server.query(`select pg_notify('${channel}', '${text}')`, name)
    await expect.poll(() => heard).toEqual(Array.from({ length: 6 }, () => 'missed'))
    await server.query(`select pg_notify('${channel}', '["holders","by hand"]')`, name)
    await expect.poll(() => heard.at(-1)).toEqual(signal('by hand'))
  })
})

describe('the connection that listens', () => {
  it('is opened only by who listens, and gone with the store', async () => {
    const { store, close } = await openSqlStore({ url })
    await store.signals.send('holders', 'nobody hears')
    expect(await listener()).toHaveLength(0)
    await listening(store)
    store.signals.listen(() => undefined)
    await delay(200)
    expect(await listener()).toHaveLength(1)
    await close()
    await expect.poll(listener).toHaveLength(0)
  })

  it('that is ended is opened again, and the gap is said', async () => {
    const [one, other] = [await open(), await open()]
    const heard = await listening(other)
    for (let round = 1; round <= 3; round += 1) {
      const [{ pid } = { pid: 0 }] = await listener()
      await server.query(`select pg_terminate_backend(${pid}, 5000)`)
      await expect
        .poll(() => heard.filter((each) => each === 'missed').length, { timeout: 10_000 })
        .toBe(round + 1)
      await one.signals.send('holders', `round ${round}`)
      await expect.poll(() => heard.at(-1)).toEqual(signal(`round ${round}`))
    }
  })

  it.each(['fast', 'immediate'] as const)('outlives a restart of Postgres (%s)', async (how) => {
    const [one, other] = [await open(), await open()]
    const heard = await listening(other)
    await server.stop(how)
    await delay(500)
    await server.start()
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['missed', 'missed'])
    await one.signals.send('holders', 'after')
    await expect.poll(() => heard.at(-1)).toEqual(signal('after'))
  })

  it('is never to a server that takes no writes: nobody could be heard there', async () => {
    const store = await open()
    const heard = await listening(store)
    await server.query(`alter database ${name} set default_transaction_read_only = on`)
    const [{ pid } = { pid: 0 }] = await listener()
    await server.query(`select pg_terminate_backend(${pid}, 5000)`)
    await delay(1_000)
    expect(heard).toEqual(['missed'])
    await server.query(`alter database ${name} set default_transaction_read_only = off`)
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['missed', 'missed'])
  })

  it('does not keep the store from being closed while Postgres is away', async () => {
    const { store, close } = await openSqlStore({ url })
    await listening(store)
    await server.stop('fast')
    cleanups.push(() => server.start())
    const from = performance.now()
    await close()
    expect(performance.now() - from).toBeLessThan(3_000)
  })
})

describe('a commit that nobody knows the outcome of', () => {
  it('is said as a gap where it was asked for', async () => {
    const store = await open()
    const heard = await listening(store)
    await server.query(`alter system set synchronous_standby_names = 'absent'`)
    await server.query('select pg_reload_conf()')
    cleanups.push(async () => {
      await server.query('alter system reset synchronous_standby_names')
      await server.query('select pg_reload_conf()')
    })
    const asked = store
      .atomically(async (unit) => {
        await unit.installation.put('a', 'b')
        await unit.signals.send('holders', 'perhaps')
      })
      .catch((error: unknown) => error)
    const waiting = `datname = '${name}' and wait_event = 'SyncRep'`
    await expect
      .poll(() => server.query(`select 1 from pg_stat_activity where ${waiting}`), { timeout: 10_000 })
      .toHaveLength(1)
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${waiting}`)
    expect(await asked).toMatchObject({ message: expect.stringContaining('may have been stored') })
    await expect.poll(() => heard.filter((each) => each === 'missed').length).toBeGreaterThan(1)
  })
})

function sameAs(a: Signal | 'missed', b: Signal | 'missed'): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
