// Telling that fails: how often it is tried, for how long, and what of it is never said.

import { describe, expect, it } from 'vitest'
import { type ChannelHouse, channelHouse, serverOf } from '../../../test/support/channels.ts'
import { accountOf, callOf } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Store } from '../../store/store.ts'

const BOB = accountOf('7')
const DAY = 86_400_000

/** A run that is at work, and told so. */
async function atWork() {
  const house = await channelHouse()
  await house.link('bob', '7')
  await house.deliver({ is: 'call', call: callOf(BOB) })
  await house.work()
  const worker = await workerOf(house)
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('there is no run')
  await worker.lease(run)
  await worker.report(run, { is: 'state', state: 'ready', reason: '' })
  const message = run.messages[0]?.id ?? ''
  await worker.report(run, { is: 'message', message, state: 'sent' })
  await worker.report(run, { is: 'state', state: 'working', reason: '' })
  const usage = { input: 1, cachedInput: 0, output: 1 }
  const answer = () =>
    worker.report(
      run,
      { is: 'event', event: { kind: 'text', text: 'All green.' } },
      { is: 'event', event: { kind: 'turn-done', usage } },
      { is: 'message', message, state: 'done' },
      { is: 'state', state: 'ready', reason: '' },
    )
  return { house, worker, run, answer }
}

/** Looks every so many milliseconds, for so long; how often that called the platform for this. */
async function calls(
  house: ChannelHouse,
  what: string,
  every: number,
  long: number,
  before: () => Promise<unknown> = async () => undefined,
) {
  const count = () => house.platform.asked.filter((one) => one === what).length
  const first = count()
  for (let passed = 0; passed < long; passed += every) {
    house.clock.now += every
    await before()
    await house.work()
  }
  return count() - first
}

describe('what fails', () => {
  it('is tried less and less often, and holds up no comment where only the place cannot show it', async () => {
    const { house, answer } = await atWork()
    house.platform.showsNothing = new ClavigerError('unavailable', 'It is busy.')
    expect(await calls(house, 'show', 5_000, 3_600_000)).toBeLessThan(15)
    await answer()
    await calls(house, 'comment', 5_000, 600_000)
    expect(house.texts()).toEqual([expect.stringContaining('All green')])
  })

  it('is tried no more often because the run goes on', async () => {
    const { house, run } = await atWork()
    const wake = () => house.ports.store.threads.wake(run.id, house.clock.now)
    house.platform.isAway = true
    expect(await calls(house, 'comment', 5_000, 3_600_000, wake)).toBeLessThan(15)
    house.platform.isAway = false
    await calls(house, 'comment', 5_000, 600_000)
    house.platform.showsNothing = new ClavigerError('unavailable', 'It is busy.')
    await house.ports.store.threads.wake(run.id, house.clock.now)
    expect(house.texts()).toEqual([expect.stringContaining('is at work')])
  })

  it('is tried no more often because the run goes on where only the place cannot show it', async () => {
    const { house, run } = await atWork()
    const wake = () => house.ports.store.threads.wake(run.id, house.clock.now)
    house.platform.showsNothing = new ClavigerError('unavailable', 'It is busy.')
    expect(await calls(house, 'show', 5_000, 3_600_000, wake)).toBeLessThan(70)
  })

  it('is given up after a day, and tried again when something happens', async () => {
    const { house, answer } = await atWork()
    await answer()
    house.platform.isAway = true
    expect(await calls(house, 'comment', 600_000, DAY)).toBeGreaterThan(100)
    await calls(house, 'comment', 600_000, 3_600_000)
    expect(await calls(house, 'comment', 600_000, DAY)).toBe(0)
    house.platform.isAway = false
    const [run] = await house.runs()
    await house.ask('bob', 'runs.end', { id: run?.id ?? '' })
    await house.ports.store.threads.wake(run?.id ?? '', house.clock.now)
    await house.work()
    expect(house.texts()).toEqual([expect.stringContaining('All green')])
  })

  it('fails for good, and is no reason to try at each event', async () => {
    const { house, run } = await atWork()
    const wake = () => house.ports.store.threads.wake(run.id, house.clock.now)
    const { comment } = house.platform.channel
    Object.assign(house.platform.channel, {
      comment: async () => {
        house.platform.asked.push('locked')
        throw new ClavigerError('invalid', 'It is locked.')
      },
    })
    expect(await calls(house, 'locked', 5_000, 3_600_000, wake)).toBeLessThan(15)
    Object.assign(house.platform.channel, { comment })
  })

  it('lets the whole channel rest where its token is refused', async () => {
    const { house } = await atWork()
    for (let n = 0; n < 10; n += 1) {
      const { thread, ...call } = callOf(BOB)
      const at = { ...thread, key: `platform:r-1#more-${n}`, place: { n: String(n) } }
      await house.deliver({ is: 'call', call: { ...call, thread: at } }, { id: `d-more-${n}` })
    }
    await house.work()
    const ended = (await house.runs()).map(({ id }) => house.ask('bob', 'runs.end', { id }).catch(() => null))
    await Promise.all(ended)
    for (const { id } of await house.runs()) await house.ports.store.threads.wake(id, house.clock.now + 6_000)
    house.platform.refusesToken = true
    await calls(house, 'comment', 10_000, 3_600_000)
    expect(await calls(house, 'comment', 10_000, 3_600_000)).toBeLessThan(61)
    house.platform.refusesToken = false
    await calls(house, 'comment', 10_000, 900_000)
    expect(house.texts().filter((text) => /is done|was cancelled/.test(text))).toHaveLength(10)
  })
})

it('hears of what happens between reading a run and telling of it', async () => {
  const { house, worker, run, answer } = await atWork()
  await house.work()
  await answer()
  await worker.report(run, { is: 'state', state: 'hibernated', reason: '' })
  house.clock.now += 60_000
  const { store } = house.ports
  let happens = async (): Promise<void> => {
    happens = async () => undefined
    await house.ask('bob', 'runs.send', { id: run.id, text: 'And the docs.' })
    await store.threads.wake(run.id, house.clock.now)
  }
  const get: Store['runs']['get'] = async (...of) => {
    const row = await store.runs.get(...of)
    await happens()
    return row
  }
  const one = serverOf(house, { ...store, runs: { ...store.runs, get } })
  await one.work()
  house.clock.now += 10_000
  await house.work()
  expect(house.texts()).toEqual([expect.stringContaining('waits for a worker')])
})

describe('a reason', () => {
  const fail = async ({ house, worker, run }: Awaited<ReturnType<typeof atWork>>) => {
    await worker.report(run, { is: 'state', state: 'failed', reason: 'bob’s own was refused' })
    house.clock.now += 60_000
    await house.work()
  }

  it('is given while the repository is private', async () => {
    const at = await atWork()
    await fail(at)
    expect(at.house.texts()).toEqual([expect.stringContaining('has failed: bob’s own was refused')])
  })

  it('is given no more when it has become public, which is looked up once', async () => {
    const at = await atWork()
    at.house.platform.isPrivate = false
    await fail(at)
    expect(at.house.texts()).toEqual([expect.stringMatching(/has failed$/m)])
    await calls(at.house, 'comment', 600_000, DAY)
    expect(at.house.platform.asked.filter((what) => what === 'visibility')).toHaveLength(1)
  })

  it('waits until that can be looked up', async () => {
    const at = await atWork()
    at.house.platform.isAway = true
    await fail(at)
    at.house.platform.isAway = false
    at.house.platform.isPrivate = false
    at.house.clock.now += 600_000
    await at.house.work()
    expect(at.house.texts()).toEqual([expect.stringMatching(/has failed$/m)])
  })
})
