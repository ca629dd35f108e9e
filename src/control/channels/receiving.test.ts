import { describe, expect, it } from 'vitest'
import { type ChannelHouse, channelHouse } from '../../../test/support/channels.ts'
import { errorOf } from '../../../test/support/house.ts'
import { accountOf, callOf, deliveryOf, ourselves } from '../../../test/support/platform.ts'
import type { Parsed } from '../../domain/channels/call.ts'

const SAYS: Parsed = { is: 'call', call: callOf(accountOf('7')) }

async function linkedHouse(): Promise<ChannelHouse> {
  const house = await channelHouse()
  await house.link('bob', '7')
  return house
}

async function nothingHappened(house: ChannelHouse): Promise<void> {
  await house.work()
  expect(await house.runs()).toEqual([])
  expect(await house.ports.store.calls.list(house.channelId, 10)).toEqual([])
  expect(house.platform.asked).toEqual([])
}

describe('a delivery', () => {
  it('is taken once: the same again is known, and starts nothing', async () => {
    const house = await linkedHouse()
    expect(await house.deliver(SAYS)).toBe('taken')
    expect(await house.deliver(SAYS)).toBe('known')
    await house.work()
    expect(await house.deliver(SAYS)).toBe('known')
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(house.platform.comments.size).toBe(1)
  })

  const at = Date.UTC(2026, 0, 1)
  const altered = () => {
    const whole = deliveryOf({ at, says: SAYS })
    return { ...whole, body: Buffer.from(JSON.stringify({ ...SAYS, call: callOf(accountOf('8')) })) }
  }
  it.each([
    ['signed with another secret', () => deliveryOf({ at, says: SAYS, secret: 'another secret' })],
    ['not signed at all', () => ({ ...deliveryOf({ at, says: SAYS }), headers: { 'x-delivery': 'd-1' } })],
    ['altered', altered],
    ['of ten minutes ago', () => deliveryOf({ at: at - 600_000, says: SAYS })],
    ['of the future', () => deliveryOf({ at: at + 600_000, says: SAYS })],
  ])('that is %s does nothing, and is answered like all of these', async (_, made) => {
    const house = await linkedHouse()
    const before = (await house.audit()).length
    const refused = await errorOf(house.receiving.receive('github', made()))
    expect(refused).toMatchObject({
      code: 'unauthenticated',
      message: 'This delivery is not signed by a channel of this server.',
    })
    await nothingHappened(house)
    // The secret was opened, once, whatever is delivered after it.
    await errorOf(house.receiving.receive('github', made()))
    expect((await house.audit()).slice(before).map(({ action }) => action)).toEqual(['channel.listen'])
    const { lastDeliveryAt } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(lastDeliveryAt).toBeNull()
  })

  it('for a platform without a channel is not signed', async () => {
    const house = await linkedHouse()
    const delivered = deliveryOf({ at, says: SAYS })
    expect((await errorOf(house.receiving.receive('linear', delivered))).code).toBe('unauthenticated')
    await house.ask('ada', 'channels.remove', { id: 'shop' })
    expect((await errorOf(house.receiving.receive('github', delivered))).code).toBe('unauthenticated')
  })

  it('is compared with the secret that holds now', async () => {
    const house = await linkedHouse()
    await house.deliver({ is: 'nothing', reason: 'it is a ping' })
    const secrets = { signing: 'another-fake-signing-secret', token: 'fake-platform-token' }
    await house.ask('ada', 'channels.update', { id: 'shop', secrets })
    expect((await errorOf(house.deliver(SAYS))).code).toBe('unauthenticated')
    expect(await house.deliver(SAYS, { secret: secrets.signing })).toBe('taken')
  })

  it('reaches its channel while the secret of another one does not open', async () => {
    const house = await linkedHouse()
    const row = await house.ports.store.channels.get('org-acme', house.channelId)
    if (row === undefined) throw new Error('there is no channel')
    const broken = { ...row, id: 'chn_0', organizationId: 'org-globex', wrappedKey: Uint8Array.of(1, 2, 3) }
    await house.ports.store.channels.insert(broken)
    expect(await house.deliver(SAYS)).toBe('taken')
    const refused = house.deliver(SAYS, { secret: 'another secret' })
    expect((await errorOf(refused)).code).toBe('unavailable')
  })

  it.each([
    ['of a program', accountOf('7', { isBot: true })],
    ['of ourselves', ourselves],
  ])('%s asks for nothing', async (_, author) => {
    const house = await linkedHouse()
    await house.ask('ada', 'channels.test', { id: 'shop' })
    house.platform.asked.length = 0
    expect(await house.deliver({ is: 'call', call: callOf(author) })).toBe('nothing')
    await nothingHappened(house)
  })
})
