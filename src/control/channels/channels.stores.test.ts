// Runs on every store, with two servers: what is delivered to both at once is done once, and told once.

import { describe, expect, it } from 'vitest'
import { channelHouse, serverOf } from '../../../test/support/channels.ts'
import { accountOf, callOf } from '../../../test/support/platform.ts'
import { useStorePairs } from '../../../test/support/store-pairs.ts'

const stores = useStorePairs()

describe.each(Object.keys(stores))('on %s', (name) => {
  it('two servers begin one run for each delivery, and write one comment for each run', async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error(`no store ${name}`)
    const house = await channelHouse({}, first)
    await house.link('bob', '7')
    const servers = [house, serverOf(house), serverOf(house, second), serverOf(house, second)]
    const conversations = Array.from({ length: 6 }, (_, i) => {
      const { thread, ...call } = callOf(accountOf('7'))
      const conversation = { ...thread, key: `platform:r-1#${i}`, place: { n: String(i) } }
      return { is: 'call', call: { ...call, thread: conversation } } as const
    })
    const receipts = await Promise.all(
      conversations.flatMap((says, i) => servers.map((one) => one.deliver(says, { id: `d-${i}` }))),
    )
    expect(receipts.filter((one) => one === 'taken')).toHaveLength(conversations.length)
    for (let round = 0; round < 3; round += 1) await Promise.all(servers.map((one) => one.work()))
    const runs = await house.runs()
    expect(runs).toHaveLength(conversations.length)
    expect(house.platform.comments.size).toBe(conversations.length)
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries.map(({ outcome, attempts }) => `${outcome} ${attempts}`)).toEqual(
      conversations.map(() => 'started 1'),
    )
    expect(deliveries.map(({ run }) => run).sort()).toEqual(runs.map(({ id }) => id).sort())
  })

  it('who asks twice at once in a conversation is answered by one run', async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error(`no store ${name}`)
    const house = await channelHouse({}, first)
    await house.link('bob', '7')
    const says = { is: 'call', call: callOf(accountOf('7')) } as const
    const ids = ['d-1', 'd-2', 'd-3', 'd-4']
    for (const id of ids) await house.deliver(says, { id })
    await Promise.all(
      [house, serverOf(house), serverOf(house, second), serverOf(house, second)].map((one) => one.work()),
    )
    const [run, ...others] = await house.runs()
    expect(others).toEqual([])
    expect(await first.runMessages.list(run?.id ?? '')).toHaveLength(ids.length)
  })

  it('what was begun and not settled is found again by another server', async () => {
    const [first, second] = (await stores[name]?.()) ?? []
    if (first === undefined || second === undefined) throw new Error(`no store ${name}`)
    const house = await channelHouse({}, first)
    await house.link('bob', '7')
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    const [call] = await first.calls.due(house.clock.now, 1, [])
    if (call === undefined) throw new Error('nothing is due')
    await house.work()
    const [run] = await house.runs()
    // As it was when the server died: begun, and under a claim that has ended.
    const { channelId, deliveryId } = call
    const open = { nextAt: house.clock.now, outcome: '', reason: '', isStranger: false, runId: null }
    expect(await first.calls.settle({ channelId, deliveryId, attempts: 1 }, open)).toBe(true)
    await serverOf(house, second).work()
    expect(await house.runs()).toMatchObject([{ id: run?.id }])
    expect(await second.calls.list(channelId, 1)).toMatchObject([
      { attempts: 2, outcome: 'started', runId: run?.id },
    ])
  })
})
