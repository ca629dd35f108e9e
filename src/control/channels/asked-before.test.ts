// A server that dies after something was done for a delivery, and what may happen until another comes to it.

import { describe, expect, it } from 'vitest'
import { type ChannelHouse, channelHouse, serverOf } from '../../../test/support/channels.ts'
import { accountOf, callOf } from '../../../test/support/platform.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { CARRY_CLAIM, carryDue } from './carrying.ts'

const BOB = accountOf('7')

/** Does what is due, and dies before that is noted. */
async function diesAfterwards(house: ChannelHouse): Promise<void> {
  const { carrying } = serverOf(house)
  const { calls } = carrying.store
  const store = { ...carrying.store, calls: { ...calls, settle: () => Promise.reject(new Error('killed')) } }
  const { guard } = carrying
  const perform: typeof guard.perform = (caller, work) =>
    guard.perform(caller, (unit, authorize) => work({ ...unit, calls: store.calls }, authorize))
  const dying = { ...carrying, guard: { ...guard, perform } }
  await carryDue(dying)
  await dying.turns.ended().catch(() => undefined)
  house.clock.now += CARRY_CLAIM
}

const deliveriesOf = async (house: ChannelHouse) =>
  (await house.ask('ada', 'channels.get', { id: 'shop' })).deliveries

async function linked() {
  const house = await channelHouse()
  await house.link('bob', '7')
  return house
}

describe('what was done by a server that died', () => {
  it('is found in a run that is over meanwhile: nobody begins another for the same comment', async () => {
    const house = await linked()
    await house.deliver({ is: 'call', call: callOf(BOB) })
    await house.work()
    const [run] = await house.runs()
    const id = run?.id ?? ''
    await house.deliver({ is: 'call', call: callOf(BOB, { text: 'And the docs.' }) }, { id: 'd-2' })
    await diesAfterwards(house)
    expect(await house.ports.store.runMessages.list(id)).toHaveLength(2)
    await house.ask('bob', 'runs.end', { id })
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(await deliveriesOf(house)).toContainEqual(
      expect.objectContaining({ outcome: 'continued', run: id }),
    )
  })

  it.each([
    ['deleted', () => Promise.reject(new ClavigerError('invalid', 'There is no such comment.'))],
    ['too old by then', null],
  ])('is found though what was asked with is %s', async (_, complete) => {
    const house = await linked()
    await house.deliver({ is: 'call', call: callOf(BOB) })
    await diesAfterwards(house)
    const [run] = await house.runs()
    expect(run).toBeDefined()
    if (complete !== null) Object.assign(house.platform.channel, { complete })
    else house.clock.now += 2 * 24 * 3_600_000
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(await deliveriesOf(house)).toMatchObject([{ outcome: 'started', run: run?.id }])
  })
})
