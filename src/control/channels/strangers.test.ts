// What runs of the channel's agent are handed out, whom everybody over there may ask for something.

import { describe, expect, it } from 'vitest'
import { channelHouse } from '../../../test/support/channels.ts'
import { accountOf, callOf, REPOSITORY } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'

const PULL = {
  checkout: { repository: REPOSITORY, ref: null, pull: { isFork: true, author: accountOf('99') } },
}

async function opened() {
  const house = await channelHouse({ strangers: 'organization', agent: 'helper' })
  const value = 'fake-value-of-a-raw-secret'
  const raw = { type: 'raw', fields: { value } } as const
  const id = await house.give('ada', 'org', 'REGISTRY_TOKEN', raw)
  await house.ask('ada', 'agents.attach', { agent: 'helper', credential: id })
  await house.link('bob', '7')
  const worker = await workerOf(house)
  const lease = async (changed: Parameters<typeof worker.lease>[1] = {}) => {
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    return worker.lease(run, changed)
  }
  return { house, worker, lease }
}

const CASES = [
  ['a stranger asks', callOf(accountOf('99'))],
  ['a member asks about a fork', callOf(accountOf('7'), PULL)],
] as const

describe('raw secrets', () => {
  it.each(CASES)('are handed to no run of the agent when %s, also after the channel is gone', async (_, call) => {
    const { house, lease } = await opened()
    await house.deliver({ is: 'call', call })
    await house.work()
    await house.ask('ada', 'channels.remove', { id: house.channelId })
    const { credential, raw } = await lease()
    expect([credential?.name, raw]).toEqual(['for-agents', []])
  })

  it('are handed to runs of members, and of the agent that were not asked for outside', async () => {
    const { house, lease } = await opened()
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    await house.work()
    expect((await lease()).raw.map(({ name }) => name)).toEqual(['REGISTRY_TOKEN'])
  })
})

describe('what the machine of the worker has of its own', () => {
  it.each(CASES)('never serves when %s', async (_, call) => {
    const { house, worker, lease } = await opened()
    await house.deliver({ is: 'call', call })
    await house.work()
    const { id, credential } = await lease({ ambient: 'login' })
    expect(credential?.name).toBe('for-agents')
    house.provider.result = 'limited'
    const refusal = { id, generation: credential?.generation ?? 0, status: 429, code: 'rate_limit' }
    const { verdict, lease: other } = await house.ask(worker.caller, 'leases.reject', refusal)
    expect([verdict, other]).toEqual(['wait', null])
  })

  it('does not serve either when the agent has nothing left', async () => {
    const { house, lease } = await opened()
    await house.deliver({ is: 'call', call: callOf(accountOf('99')) })
    await house.work()
    const { credentials } = await house.ask('ada', 'credentials.list', {})
    const credential = credentials.find(({ name }) => name === 'for-agents')?.id ?? ''
    await house.ask('ada', 'agents.detach', { agent: 'helper', credential })
    await expect(lease({ ambient: 'login' })).rejects.toMatchObject({ code: 'no_credential' })
  })

  it('serves runs of members as it does elsewhere', async () => {
    const { house, lease } = await opened()
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    await house.work()
    for (const { id } of (await house.ask('ada', 'credentials.list', {})).credentials)
      await house.ask('ada', 'credentials.delete', { id })
    for (const { id } of (await house.ask('bob', 'credentials.list', {})).credentials)
      await house.ask('bob', 'credentials.delete', { id })
    expect((await lease({ ambient: 'login' })).credential).toBeNull()
  })
})
