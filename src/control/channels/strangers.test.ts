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
  const worker = await workerOf(house, 'jail', 'helper')
  const ofMembers = await workerOf(house)
  const lease = async (changed: Parameters<typeof worker.lease>[1] = {}, who = worker) => {
    const [run] = await who.claim()
    if (run === undefined) throw new Error('there is no run')
    return who.lease(run, changed)
  }
  return { house, worker, ofMembers, lease }
}

const CASES = [
  ['a stranger asks', callOf(accountOf('99'))],
  ['a member asks about a fork', callOf(accountOf('7'), PULL)],
] as const

describe('raw secrets', () => {
  it.each(CASES)(
    'are handed to no run of the agent when %s, also after the channel is gone',
    async (_, call) => {
      const { house, lease } = await opened()
      await house.deliver({ is: 'call', call })
      await house.work()
      await house.ask('ada', 'channels.remove', { id: house.channelId })
      const { credential, raw } = await lease()
      expect([credential?.name, raw]).toEqual(['for-agents', []])
    },
  )

  it('are handed to runs of members, and of the agent that were not asked for outside', async () => {
    const { house, ofMembers, lease } = await opened()
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    await house.work()
    expect((await lease({}, ofMembers)).raw.map(({ name }) => name)).toEqual(['REGISTRY_TOKEN'])
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
    const { house, ofMembers, lease } = await opened()
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) })
    await house.work()
    for (const { id } of (await house.ask('ada', 'credentials.list', {})).credentials)
      await house.ask('ada', 'credentials.delete', { id })
    for (const { id } of (await house.ask('bob', 'credentials.list', {})).credentials)
      await house.ask('bob', 'credentials.delete', { id })
    expect((await lease({ ambient: 'login' }, ofMembers)).credential).toBeNull()
  })
})

describe('a worker that is nobody’s in particular', () => {
  it.each(CASES)('gets no run when %s, and all others', async (_, call) => {
    const { house, worker, ofMembers } = await opened()
    await house.deliver({ is: 'call', call })
    await house.work()
    expect(await ofMembers.claim()).toEqual([])
    await house.deliver({ is: 'call', call: callOf(accountOf('7')) }, { id: 'd-2' })
    await house.work()
    expect((await ofMembers.claim()).map((run) => run.for.kind)).toEqual(['person'])
    expect((await worker.claim()).map((run) => run.for)).toMatchObject([{ kind: 'agent', name: 'helper' }])
  })

  it('is not taken for one that could: what is missing is said where people look', async () => {
    const house = await channelHouse({ strangers: 'organization', agent: 'helper' })
    await (await workerOf(house)).claim()
    await house.deliver({ is: 'call', call: callOf(accountOf('99')) })
    await house.work()
    const [run] = await house.runs()
    const read = async () => (await house.ask('ada', 'runs.read', { id: run?.id ?? '' })).hint
    const missing =
      'No worker of the agent helper is there, and no other takes what strangers ask for. On a machine that has nothing else: claviger worker --server http://claviger.test --enrol, with a code from an admin: claviger admin worker enrol NAME --agent helper'
    expect(await read()).toBe(missing)
    expect(house.texts()).toEqual([expect.stringContaining('An admin enrols one; then it goes on')])
    const id = house.channelId
    const hints = async () => [
      (await house.ask('ada', 'channels.get', { id })).hint,
      (await house.ask('ada', 'channels.test', { id })).hint,
      (await house.ask('ada', 'channels.update', { id, strangers: 'organization' })).hint,
      (await house.ask('ada', 'channels.list', {})).channels[0]?.hint,
    ]
    expect(await hints()).toEqual([missing, missing, missing, missing])
    expect((await house.ask('ada', 'overview', {})).waiting.map(({ hint }) => hint)).toEqual([missing])
    const { caller } = await workerOf(house, 'jail', 'helper')
    await house.ports.store.workers.seen(caller.id, house.clock.now, house.clock.now + 1)
    expect(await hints()).toEqual([null, null, null, null])
    expect(await read()).toBeNull()
    house.clock.now += 60_000
    await house.work()
    expect(house.texts()).toEqual([expect.not.stringContaining('An admin')])
  })

  it('is what a channel lacks only while it lets strangers in', async () => {
    const house = await channelHouse({ strangers: 'refuse', agent: 'helper' })
    expect((await house.ask('ada', 'channels.get', { id: house.channelId })).hint).toBeNull()
  })
})

describe('a channel that lets strangers in no more', () => {
  async function working() {
    const { house, worker, ofMembers } = await opened()
    for (const [id, account, key] of [
      ['d-1', '99', 'platform:r-1#1'],
      ['d-2', '98', 'platform:r-1#2'],
      ['d-3', '7', 'platform:r-1#3'],
    ] as const) {
      const thread = { ...callOf(accountOf(account)).thread, key }
      await house.deliver({ is: 'call', call: callOf(accountOf(account), { thread }) }, { id })
      await house.work()
      house.clock.now += 1_000
    }
    const [atWork] = await worker.claim({ capacity: 1 })
    if (atWork === undefined) throw new Error('there is no run')
    await worker.lease(atWork)
    return { house, worker, ofMembers, atWork }
  }

  it.each([
    ['refuses them', { strangers: 'refuse' }],
    ['has them served by another agent', { agent: 'other' }],
  ] as const)('and %s ends what is queued and at work for them, and nothing else', async (_, change) => {
    const { house, worker, ofMembers, atWork } = await working()
    await house.ask('ada', 'agents.create', { name: 'other' })
    const id = house.channelId
    await house.ask('ada', 'channels.update', { id, access: 'read' })
    expect((await worker.heartbeat(atWork)).news).toEqual([])
    await house.ask('ada', 'channels.update', { id, ...change })
    expect((await worker.heartbeat(atWork)).news).toMatchObject([{ wish: 'cancel' }])
    expect(await worker.claim({ holding: [atWork.claim] })).toEqual([])
    expect((await house.runs()).map(({ run }) => run.state).sort()).toEqual([
      'booting',
      'cancelled',
      'queued',
    ])
    expect((await ofMembers.claim()).map((run) => run.for.kind)).toEqual(['person'])
  })

  it('gives a run that was begun in that moment neither a credential nor its repository', async () => {
    const { house, worker, atWork } = await working()
    const row = await house.ports.store.channels.get('org-acme', house.channelId)
    await house.ports.store.channels.update(house.channelId, row?.revision ?? 0, { strangers: 'refuse' })
    await expect(worker.lease(atWork)).rejects.toMatchObject({ code: 'forbidden' })
    const asked = { id: atWork.id, claim: atWork.claim }
    await expect(house.ask(worker.caller, 'runs.repository', asked)).rejects.toMatchObject({
      code: 'forbidden',
    })
  })
})
