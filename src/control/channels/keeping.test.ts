import { describe, expect, it, vi } from 'vitest'
import { channelHouse } from '../../../test/support/channels.ts'
import { accountOf, callOf } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'
import { keepChannels } from './keeping.ts'

const DAY = 86_400_000

describe('a server', () => {
  it('does what is delivered, hears of its runs, and ends when it is told to', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    const kept = keepChannels({ ...house.ports, log: house.carrying.log })
    try {
      await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
      await vi.waitUntil(() => house.texts()[0]?.includes('waits for a worker'), 10_000)
      // Less than it would look after by itself.
      house.clock.now += 6_000
      await (await workerOf(house)).claim()
      await vi.waitUntil(() => house.texts()[0]?.includes('gets its workspace'), 10_000)
    } finally {
      await kept.stop()
    }
    const asked = house.platform.asked.length
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) }, { id: 'd-2' })
    expect(house.platform.asked).toHaveLength(asked)
  })

  it('forgets what was delivered more than thirty days ago, and is over', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    await house.work()
    house.clock.now += 31 * DAY
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) }, { id: 'd-2' })
    const kept = keepChannels({ ...house.ports, log: house.carrying.log })
    const left = () => house.ports.store.calls.list(house.channelId, 10)
    await vi.waitUntil(async () => (await left()).length === 1, 10_000)
    await kept.stop()
    expect(await left()).toMatchObject([{ deliveryId: 'd-2' }])
  })
})
