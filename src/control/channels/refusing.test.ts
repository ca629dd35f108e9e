// What strangers get, and how often; what is said to whoever is refused.

import { describe, expect, it } from 'vitest'
import { channelHouse } from '../../../test/support/channels.ts'
import { accountOf, callOf } from '../../../test/support/platform.ts'
import { NotThere } from '../../channels/channel.ts'
import type { Account, Call } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'

const BOB = accountOf('7')
const STRANGER = accountOf('99')
const edited = () => new ClavigerError('invalid', 'It was edited.')
const notThere = () => new NotThere('There is no such comment.')

const AGENT = { strangers: 'organization', agent: 'helper', access: 'full' } as const

function says(author: Account, changed: Partial<Call> = {}) {
  return { is: 'call', call: callOf(author, changed) } as const
}

describe('strangers', () => {
  const inThread = (n: number, author: Account) => {
    const { thread } = callOf(author)
    return says(author, { thread: { ...thread, key: `platform:r-1#${n}`, place: { n: String(n) } } })
  }

  it('have five runs in an hour, and then silence, for which nothing is asked of the platform', async () => {
    const house = await channelHouse(AGENT)
    const ask = async (n: number) => {
      await house.deliver(inThread(n, STRANGER), { id: `d-${n}` })
      await house.work()
    }
    for (let n = 1; n <= 5; n += 1) await ask(n)
    expect(await house.runs()).toHaveLength(5)
    const asked = house.platform.asked.length
    await ask(6)
    expect(house.platform.asked).toHaveLength(asked)
    expect(await house.runs()).toHaveLength(5)
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries.map(({ outcome }) => outcome)).toContain('limited')
    await house.link('bob', '7')
    await house.deliver(inThread(7, BOB), { id: 'd-7' })
    await house.work()
    expect(await house.runs()).toHaveLength(6)
    house.clock.now += 3_600_001
    await ask(8)
    expect(await house.runs()).toHaveLength(7)
  })

  it('all together have sixty, however many accounts they have', async () => {
    const house = await channelHouse()
    for (let n = 0; n < 61; n += 1) await house.deliver(inThread(n, accountOf(`s-${n}`)), { id: `d-${n}` })
    for (let round = 0; round < 4; round += 1) await house.work()
    expect(house.texts()).toHaveLength(60)
  })

  it('are counted also for what fails, and while it is tried again', async () => {
    const house = await channelHouse(AGENT)
    const completed = () => house.platform.asked.filter((what) => what === 'complete').length
    for (const [who, thrown] of [
      ['98', edited()],
      ['99', notThere()],
    ] as const) {
      house.platform.knows = () => {
        throw thrown
      }
      const before = completed()
      for (let n = 0; n < 20; n += 1) {
        await house.deliver(inThread(n, accountOf(who)), { id: `d-${who}-${n}` })
        await house.work()
      }
      expect(completed() - before).toBe(5)
    }
    for (let seconds = 0; seconds < 300; seconds += 10) {
      house.clock.now += 10_000
      await house.work()
    }
    expect(completed()).toBeLessThan(30)
    const outcomes = (await house.ports.store.calls.list(house.channelId, 100)).map(({ outcome }) => outcome)
    expect(outcomes.filter((one) => one === 'failed')).toHaveLength(10)
    expect(outcomes.filter((one) => one === 'limited')).toHaveLength(30)
  })

  it('are no members, whose failures count for nothing', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.knows = () => {
      throw edited()
    }
    for (let n = 0; n < 10; n += 1) await house.deliver(inThread(n, BOB), { id: `d-${n}` })
    await house.work()
    house.platform.knows = (call) => call
    await house.ports.store.atomically((unit) =>
      house.people.identity.changing(unit).unlinkAccounts(house.caller('bob').id),
    )
    await house.deliver(inThread(10, BOB), { id: 'd-10' })
    await house.work()
    expect(house.texts()).toEqual([expect.stringContaining('not linked')])
  })

  it('do not go on in the run of another stranger', async () => {
    const house = await channelHouse(AGENT)
    await house.deliver(says(STRANGER))
    await house.work()
    await house.deliver(says(accountOf('98')), { id: 'd-2' })
    await house.deliver(says(STRANGER), { id: 'd-3' })
    await house.work()
    expect((await house.runs()).map(({ subjectId }) => subjectId)).toEqual(['helper', 'helper'])
  })
})

describe('a refusal', () => {
  it('is said again when it is another', async () => {
    const house = await channelHouse()
    await house.deliver(says(BOB))
    await house.work()
    await house.link('bob', '7')
    await house.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    for (const id of ['d-2', 'd-3']) {
      await house.deliver(says(BOB), { id })
      await house.work()
    }
    expect(house.texts()).toEqual([
      expect.stringContaining('not linked'),
      expect.stringContaining('Claude Code is disabled'),
    ])
  })

  it('is written once also when the answer to writing it was lost', async () => {
    const house = await channelHouse()
    house.platform.losesAnswer = true
    await house.deliver(says(STRANGER))
    await house.work()
    house.clock.now += 15_000
    await house.work()
    expect(house.platform.comments.size).toBe(1)
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries).toMatchObject([{ outcome: 'refused' }])
  })
})

describe('what the platform does not know yet', () => {
  async function delivered(thrown: ClavigerError) {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.knows = () => {
      throw thrown
    }
    await house.deliver(says(BOB))
    await house.work()
    const outcome = async () => (await house.ports.store.calls.list(house.channelId, 1))[0]?.outcome
    const later = async (seconds: number) => {
      for (let passed = 0; passed < seconds; passed += 10) {
        house.clock.now += 10_000
        await house.work()
      }
    }
    return { house, outcome, later }
  }

  it('is asked for again soon after', async () => {
    const { house, outcome, later } = await delivered(notThere())
    expect(await outcome()).toBe('')
    house.platform.knows = (call) => call
    await later(10)
    expect([await outcome(), (await house.runs()).length]).toEqual(['started', 1])
  })

  it('is not there when it is not known after a minute or two', async () => {
    const { house, outcome, later } = await delivered(notThere())
    await later(120)
    expect(await outcome()).toBe('failed')
    expect(house.platform.asked.filter((what) => what === 'complete').length).toBeLessThan(6)
  })

  it('is not what was edited', async () => {
    const { outcome } = await delivered(edited())
    expect(await outcome()).toBe('failed')
  })
})
