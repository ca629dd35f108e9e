// Postgres goes away: between units, in the middle of one, while it commits; and comes back.

import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRelay } from '../../../test/support/relay.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isOutcomeUnknown } from '../refusals.ts'
import type { Store } from '../store.ts'
import { openSqlStore, type SqlStore } from './sql-store.ts'

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

async function open(): Promise<SqlStore> {
  const opened = await openSqlStore({ url })
  cleanups.push(() => opened.close())
  return opened
}

/** Ends the sessions of the test's database for which `condition` holds; returns how many. */
async function terminate(condition = 'true'): Promise<number> {
  const ended = await server.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = '${name}' and application_name = 'claviger' and ${condition}`,
  )
  return ended.length
}

/** Waits until some session of the test's database is in this state. */
async function session(condition: string): Promise<void> {
  const query = `select 1 from pg_stat_activity where datname = '${name}' and ${condition}`
  await expect.poll(() => server.query(query), { timeout: 10_000 }).toHaveLength(1)
}

const both = async (store: Store, row: string) => [
  await store.installation.get(row),
  await store.settings.get('org-a', '*', row),
]

const put = (store: Store, row: string) =>
  store.atomically(async (unit) => {
    await unit.installation.put(row, 'first half')
    await unit.settings.put('org-a', '*', row, 'second half')
  })

describe('a connection that is ended', () => {
  it('while nobody uses it, is replaced and nobody notices', async () => {
    const { store } = await open()
    await put(store, 'before')
    await Promise.all(Array.from({ length: 8 }, () => both(store, 'before')))
    expect(await terminate()).toBeGreaterThan(1)
    await expect(put(store, 'after')).resolves.toBeUndefined()
    expect(await both(store, 'after')).toEqual(['first half', 'second half'])
  })

  it('in the middle of a unit, fails all units of its group with one sentence, and none is stored', async () => {
    const { store } = await open()
    const middle = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const neighbour = put(store, 'neighbour')
    const cut = store.atomically(async (unit) => {
      await unit.installation.put('cut', 'first half')
      middle.resolve()
      await ended.promise
      await unit.settings.put('org-a', '*', 'cut', 'second half')
    })
    const results = Promise.allSettled([neighbour, cut])
    await middle.promise
    expect(await terminate("state = 'idle in transaction'")).toBe(1)
    ended.resolve()
    for (const result of await results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'unavailable',
          message: expect.stringMatching(
            /^The Postgres database 127\.0\.0\.1:\d+\/test_\d+ closed the connection\.$/,
          ),
          hint: expect.stringContaining('Try again'),
        },
      })
      expect(isOutcomeUnknown(result.status === 'rejected' && result.reason)).toBe(false)
    }
    expect(await both(store, 'neighbour')).toEqual([undefined, undefined])
    expect(await both(store, 'cut')).toEqual([undefined, undefined])
    await expect(put(store, 'after')).resolves.toBeUndefined()
  })

  it('in the middle of a unit that says nothing more, is noticed at its end', async () => {
    const { store } = await open()
    const cut = store.atomically(async (unit) => {
      await unit.installation.put('cut', 'first half')
      await terminate("state = 'idle in transaction'")
      return 'not stored'
    })
    await expect(cut).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ closed the connection\.$/),
    })
    expect(await store.installation.get('cut')).toBeUndefined()
  })

  it('while it commits, says that it may have been stored', async () => {
    const { store } = await open()
    // A standby that never comes: COMMIT is on disk here, and waits.
    await server.query(`alter system set synchronous_standby_names = 'absent'`)
    await server.query('select pg_reload_conf()')
    cleanups.push(async () => {
      await server.query('alter system reset synchronous_standby_names')
      await server.query('select pg_reload_conf()')
    })
    const reason = async (asked: Promise<unknown>, end: string) => {
      const failed = asked.then(
        () => 'acknowledged',
        (error: unknown) => error,
      )
      await session("wait_event = 'SyncRep'")
      await server.query(
        `select ${end}(pid) from pg_stat_activity where datname = '${name}' and wait_event = 'SyncRep'`,
      )
      return failed
    }
    for (const [row, end] of [
      ['ended', 'pg_terminate_backend'],
      // Postgres says COMMIT then, and remarks that no standby has it.
      ['cut short', 'pg_cancel_backend'],
    ] as const) {
      const error = await reason(put(store, row), end)
      expect(isOutcomeUnknown(error), row).toBe(true)
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('may have been stored'),
        hint: expect.stringContaining('Look whether it is there'),
      })
      expect(await both(store, row)).toEqual(['first half', 'second half'])
    }
  })
})

const asIs = (thrown: unknown) => thrown

describe('Postgres restarted', () => {
  it.each(['fast', 'immediate'] as const)(
    'under load (%s): nothing acknowledged is lost, every error is explained',
    async (how) => {
      const { store } = await open()
      const acknowledged: string[] = []
      const refused: string[] = []
      const unknown: string[] = []
      const errors: unknown[] = []
      let going = true
      const writer = async (writerName: string) => {
        for (let place = 0; going; place += 1) {
          const row = `${writerName}-${place}`
          try {
            await put(store, row)
            acknowledged.push(row)
          } catch (error) {
            errors.push(error)
            ;(isOutcomeUnknown(error) ? unknown : refused).push(row)
            await delay(1)
          }
        }
      }
      // A refusal may come at once: without a pause it would come again before anything else gets its turn.
      const reader = async () => {
        while (going) {
          const error = await store.installation.get('any').then(() => null, asIs)
          if (error === null) continue
          errors.push(error)
          await delay(1)
        }
      }
      const load = [
        ...Array.from({ length: 20 }, (_, place) => writer(`writer-${place}`)),
        reader(),
        reader(),
      ]
      for (let round = 0; round < 3; round += 1) {
        const before = acknowledged.length
        await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + 100)
        await server.stop(how)
        await delay(300)
        await server.start()
      }
      const before = acknowledged.length
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + 100)
      going = false
      await Promise.all(load)
      expect(refused.length + unknown.length).toBeGreaterThan(0)
      for (const error of errors) {
        expect(error).toBeInstanceOf(ClavigerError)
        expect(error).toMatchObject({ code: 'unavailable', hint: expect.any(String) })
      }
      const stored = new Set(
        (await server.query<{ name: string }>('select name from installation', name)).map((row) => row.name),
      )
      const halves = new Set(
        (await server.query<{ name: string }>('select name from setting', name)).map((row) => row.name),
      )
      expect(acknowledged.filter((row) => !stored.has(row) || !halves.has(row))).toEqual([])
      expect(refused.filter((row) => stored.has(row) || halves.has(row))).toEqual([])
      expect(unknown.filter((row) => stored.has(row) !== halves.has(row))).toEqual([])
    },
  )

  it('keeps short work waiting instead of failing it', async () => {
    const { store } = await open()
    await put(store, 'before')
    await server.stop('fast')
    const asked = [put(store, 'during'), store.installation.get('before')]
    await delay(500)
    await server.start()
    expect(await Promise.all(asked)).toEqual([undefined, 'first half'])
  })

  it('after a long time: refused meanwhile, said by the check, used again without anybody', async () => {
    const { store } = await open()
    await put(store, 'before')
    await server.stop('fast')
    const from = performance.now()
    await expect(store.check()).rejects.toMatchObject({ code: 'unavailable', hint: expect.any(String) })
    expect(performance.now() - from).toBeLessThan(4_000)
    const cannotBeReached = {
      code: 'unavailable',
      message: expect.stringMatching(/ cannot be reached\.$/),
      hint: expect.stringContaining('Check that Postgres is running'),
    }
    await expect(put(store, 'during')).rejects.toMatchObject(cannotBeReached)
    // It is known by now: nobody waits any more.
    const again = performance.now()
    await expect(put(store, 'during')).rejects.toMatchObject(cannotBeReached)
    await expect(store.installation.get('before')).rejects.toMatchObject(cannotBeReached)
    await expect(store.check()).rejects.toMatchObject(cannotBeReached)
    expect(performance.now() - again).toBeLessThan(1_000)
    await server.start()
    await expect
      .poll(
        () =>
          store.check().then(
            () => 'usable',
            () => 'not yet',
          ),
        { timeout: 10_000 },
      )
      .toBe('usable')
    await put(store, 'after')
    expect(await both(store, 'after')).toEqual(['first half', 'second half'])
    expect(await both(store, 'during')).toEqual([undefined, undefined])
  })

  it('can be closed while Postgres is away', async () => {
    const { store, close } = await open()
    await server.stop('fast')
    cleanups.push(() => server.start())
    const asked = put(store, 'during').catch((error: unknown) => error)
    await delay(100)
    await close()
    expect(await asked).toMatchObject({ code: 'unavailable' })
  })
})

describe('Postgres that says nothing any more', () => {
  it('keeps nobody waiting for long, and nobody at all once it is known', { timeout: 60_000 }, async () => {
    const relay = await startRelay(Number(new URL(url).port))
    cleanups.push(relay.close)
    const { store, close } = await openSqlStore({ url: relay.through(url) })
    await put(store, 'before')
    relay.freeze()
    const silent = { code: 'unavailable', hint: expect.any(String) }
    const timed = async (asked: Promise<unknown>) => {
      const from = performance.now()
      await expect(asked).rejects.toMatchObject(silent)
      return performance.now() - from
    }
    const [read, write, check] = await Promise.all([
      timed(store.installation.get('before')),
      timed(put(store, 'during')),
      timed(store.check()),
    ])
    expect(check).toBeLessThan(3_000)
    expect(Math.max(read, write)).toBeLessThan(13_000)
    // It is known by now.
    expect(await timed(store.installation.get('before'))).toBeLessThan(1_000)
    expect(await timed(put(store, 'during'))).toBeLessThan(1_000)
    relay.thaw()
    await expect
      .poll(
        () =>
          put(store, 'after').then(
            () => 'stored',
            () => 'not yet',
          ),
        { timeout: 15_000 },
      )
      .toBe('stored')
    relay.freeze()
    const from = performance.now()
    await close()
    expect(performance.now() - from).toBeLessThan(3_000)
  })
})

describe('Postgres that takes no writes any more', () => {
  it('is said by the check, and used again when it does', async () => {
    const { store } = await open()
    await put(store, 'before')
    await server.query(`alter database ${name} set default_transaction_read_only = on`)
    await terminate()
    await expect(store.check()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(put(store, 'during')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ is read-only\.$/),
    })
    await server.query(`alter database ${name} set default_transaction_read_only = off`)
    await expect
      .poll(
        () =>
          put(store, 'after').then(
            () => 'stored',
            () => 'not yet',
          ),
        { timeout: 10_000 },
      )
      .toBe('stored')
    expect(await store.installation.get('during')).toBeUndefined()
  })
})
