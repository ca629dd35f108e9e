// The part of the conformance suite about channels: configurations, deliveries, and what is told of runs.

import { describe, expect, it } from 'vitest'
import type { Parsed } from '../../domain/channels/call.ts'
import { newId } from '../../lib/id.ts'
import { type CallRow, type ChannelRow, channelPlace, type ThreadRow } from '../channels/channel-groups.ts'
import { bytes, type CurrentStore, credentialRow } from './rows.ts'
import { runRow } from './runs.conformance.ts'

const OLD = '0a'.repeat(16)
const NEW = 'ff'.repeat(16)

/** Registers the tests of `channels`, `calls` and `threads`, and of what `dataKeys` knows of channels. */
export function describeChannels(store: CurrentStore): void {
  describe('channels', () => describeConfigurations(store))
  describe('deliveries to channels', () => describeCalls(store))
  describe('runs told of by channels', () => describeThreads(store))
}

export function channelRow(changed: Partial<ChannelRow> = {}): ChannelRow {
  const id = newId('chn')
  return {
    ...{ id, organizationId: 'org-a', kind: 'github', name: `name ${id}`, strangers: 'refuse' },
    ...{ settings: { handle: 'clavigér', 'odd "name"': 'a\nb' }, agent: null, access: 'write' },
    ...{
      accountId: null,
      accountName: null,
      wrappedKey: bytes(1, 0, 255),
      secrets: { token: bytes(0, 255), key: bytes() },
    },
    ...{ revision: 1, lastDeliveryAt: null, lastStatus: '', createdAt: 1000, createdBy: 'ada' },
    ...changed,
  }
}

export function callRow(channelId: string, changed: Partial<CallRow> = {}): CallRow {
  return {
    ...{ channelId, deliveryId: newId('del'), organizationId: 'org-a', parsed: over('1', '7') },
    ...{ receivedAt: 1000, attempts: 0, nextAt: 1000, outcome: '', reason: '', isStranger: false },
    runId: null,
    ...changed,
  }
}

function over(thread: string, accountId: string): Parsed {
  const author = { accounts: 'https://github.test', accountId, name: `name of ${accountId}`, isBot: false }
  return { is: 'over', thread, author }
}

export function threadRow(channelId: string, changed: Partial<ThreadRow> = {}): ThreadRow {
  const thread = { key: 'github:1#2', title: 'ünicode', url: 'https://github.test/1', place: { n: '2' } }
  return {
    ...{ runId: newId('run'), channelId, organizationId: 'org-a', thread, repository: null, served: '' },
    ...{ commentId: null, said: '', saidAt: 0, shown: null, attempts: 0, failures: 0 },
    ...{ author: '', nextAt: 1000, busyUntil: 0, createdAt: 1000 },
    ...changed,
  }
}

function describeConfigurations(store: CurrentStore): void {
  const insert = async (changed: Partial<ChannelRow> = {}) => {
    const row = channelRow(changed)
    await store().channels.insert(row)
    return row
  }

  it('give back exactly what was inserted, to their organization only', async () => {
    const [one, two] = [
      await insert(),
      await insert({ kind: 'linear', agent: 'bot', accountId: '9', accountName: 'ünicode' }),
    ]
    const foreign = await insert({ organizationId: 'org-b', name: one.name })
    expect(await store().channels.list('org-a')).toEqual([one, two])
    expect(await store().channels.ofKind('github')).toEqual([one, foreign])
    expect(await store().channels.get('org-a', two.id)).toEqual(two)
    expect(await store().channels.get('org-b', two.id)).toBeUndefined()
    await expect(store().channels.insert(channelRow({ name: one.name }))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(one.name),
    })
  })

  it('change by compare-and-set; what became of them last is no change', async () => {
    const [one, other] = [await insert(), await insert()]
    await store().channels.note(one.id, 'taken', 5000)
    await store().channels.note(one.id, 'could not be reached')
    const noted = { ...one, lastDeliveryAt: 5000, lastStatus: 'could not be reached' }
    expect(await store().channels.get('org-a', one.id)).toEqual(noted)
    const change = { settings: { a: 'b' }, agent: 'bot', secrets: { token: bytes(9) }, wrappedKey: bytes(7) }
    expect(await store().channels.update(one.id, 2, change)).toBe(false)
    expect(await store().channels.update(one.id, 1, change)).toBe(true)
    expect(await store().channels.update(one.id, 1, { agent: null })).toBe(false)
    expect(await store().channels.get('org-a', one.id)).toEqual({ ...noted, ...change, revision: 2 })
    expect(await store().channels.update(one.id, 2, { agent: null })).toBe(true)
    expect((await store().channels.get('org-a', one.id))?.agent).toBeNull()
    await expect(store().channels.update(one.id, 3, { name: other.name })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('take along what was delivered to them and what they tell, and nothing of others', async () => {
    const [one, other] = [await insert(), await insert()]
    for (const { id } of [one, other]) {
      await store().calls.insert(callRow(id))
      await store().threads.insert(threadRow(id))
    }
    expect(await store().channels.remove('org-b', one.id)).toBe(false)
    expect(await store().channels.remove('org-a', one.id)).toBe(true)
    expect(await store().channels.remove('org-a', one.id)).toBe(false)
    expect((await store().calls.due(2000, 10, [])).map(({ channelId }) => channelId)).toEqual([other.id])
    expect((await store().threads.due(2000, 10, [])).map(({ channelId }) => channelId)).toEqual([other.id])
  })

  it('are re-keyed like credentials: counted, listed with them, and replaced as they were seen', async () => {
    const under = (key: string) => bytes(1, ...Buffer.from(key, 'hex'), 7)
    await store().credentials.insert(credentialRow({ wrappedKey: under(OLD) }))
    const old = await insert({ wrappedKey: under(OLD) })
    await insert({ wrappedKey: under(NEW) })
    const { countByMasterKey, underOther, rewrap } = store().dataKeys
    expect(await countByMasterKey()).toEqual({ [OLD]: 2, [NEW]: 1 })
    expect(await underOther(NEW, { limit: 10 })).toContainEqual({
      ...channelPlace(old),
      wrappedKey: old.wrappedKey,
    })
    expect(await rewrap(old.id, under(NEW), under(OLD))).toBe(false)
    expect(await rewrap(old.id, under(OLD), under(NEW))).toBe(true)
    expect(await store().channels.get('org-a', old.id)).toEqual({ ...old, wrappedKey: under(NEW) })
    expect(await countByMasterKey()).toEqual({ [OLD]: 1, [NEW]: 2 })
  })
}

function describeCalls(store: CurrentStore): void {
  const channel = async () => {
    const row = channelRow()
    await store().channels.insert(row)
    return row.id
  }

  it('are taken once, whatever they say the second time, by a channel that is there', async () => {
    const [one, other] = [await channel(), await channel()]
    const row = callRow(one, { deliveryId: 'd-1' })
    expect(await store().calls.insert(row)).toBe(true)
    const again = { ...row, parsed: { is: 'nothing', reason: 'x' } as const, receivedAt: 9000 }
    expect(await store().calls.insert(again)).toBe(false)
    expect(await store().calls.insert({ ...row, channelId: other })).toBe(true)
    expect(await store().calls.insert(callRow('chn_gone'))).toBe(false)
    expect(await store().calls.list(one, 10)).toEqual([row])
  })

  it('are taken by one of many at a time', async () => {
    const row = callRow(await channel())
    const taken = await Promise.all(Array.from({ length: 20 }, () => store().calls.insert(row)))
    expect(taken.filter((was) => was)).toHaveLength(1)
    const claims = await Promise.all(Array.from({ length: 20 }, () => store().calls.claim(row, 9000)))
    expect(claims.filter((was) => was)).toHaveLength(1)
  })

  it('are due until they are over; only the last try settles', async () => {
    const id = await channel()
    const [late, early, done] = [
      callRow(id, { nextAt: 1500 }),
      callRow(id),
      callRow(id, { nextAt: null, outcome: 'nothing' }),
    ]
    for (const row of [late, early, done]) await store().calls.insert(row)
    expect(await store().calls.due(1499, 10, [])).toEqual([early])
    expect(await store().calls.due(1500, 10, [])).toEqual([early, late])
    expect(await store().calls.due(1500, 1, [])).toEqual([early])
    expect(await store().calls.due(1500, 10, ['chn_other'])).toEqual([early, late])
    expect(await store().calls.due(1500, 10, ['chn_other', id])).toEqual([])
    expect(await store().calls.claim(early, 7000)).toBe(true)
    expect(await store().calls.claim(done, 7000)).toBe(false)
    expect(await store().calls.due(1499, 10, [])).toEqual([])
    const end = { nextAt: null, outcome: 'started', reason: 'b', isStranger: true, runId: 'run_1' }
    expect(await store().calls.settle(early, end)).toBe(false)
    expect(await store().calls.settle({ ...early, attempts: 1 }, end)).toBe(true)
    expect(await store().calls.list(id, 10)).toContainEqual({ ...early, attempts: 1, ...end })
  })

  it('are compared by conversation and account, never by names', async () => {
    const id = await channel()
    const row = callRow(id, { parsed: over('t-1', '7'), nextAt: null, outcome: 'refused', reason: 'because' })
    await store().calls.insert(row)
    await store().calls.insert(callRow(id, { ...row, deliveryId: 'd-more' }))
    await store().calls.insert(callRow(id, { ...row, deliveryId: 'd-started', outcome: 'started' }))
    const refusals = async (parsed: Parsed, deliveryId = 'another', channelId = id) =>
      (await store().calls.before({ channelId, deliveryId, parsed }, 0)).refusals
    expect(await refusals(over('t-1', '7'))).toEqual(['because'])
    expect(await refusals(over('t-2', '7'))).toEqual([])
    expect(await refusals(over('t-1', '8'))).toEqual([])
    expect(await refusals(row.parsed, 'another', await channel())).toEqual([])
    const alone = callRow(id, { ...row, parsed: over('t-9', '9'), deliveryId: 'd-alone' })
    await store().calls.insert(alone)
    expect(await refusals(alone.parsed, 'd-alone')).toEqual([])
  })

  it('of strangers are counted, by account and all, since a time, when there is anything to show for them', async () => {
    const id = await channel()
    const asked = (account: string, changed: Partial<CallRow> = {}) =>
      store().calls.insert(
        callRow(id, {
          parsed: over('t', account),
          nextAt: null,
          outcome: 'refused',
          isStranger: true,
          ...changed,
        }),
      )
    await asked('7')
    await asked('7', { outcome: 'started', parsed: over('t-2', '7') })
    await asked('8', { outcome: 'continued' })
    await asked('7', { outcome: 'limited' })
    await asked('7', { receivedAt: 999 })
    await asked('7', { isStranger: false })
    const counts = async (account: string, channelId = id) =>
      store().calls.before({ channelId, deliveryId: 'another', parsed: over('t', account) }, 1000)
    expect(await counts('7')).toMatchObject({ asStranger: 2, byStrangers: 3 })
    expect(await counts('9')).toMatchObject({ asStranger: 0, byStrangers: 3 })
    expect(await counts('7', await channel())).toMatchObject({ asStranger: 0, byStrangers: 0 })
  })

  it('are forgotten when they are old and over', async () => {
    const id = await channel()
    const rows = [1000, 2000, 3000].map((receivedAt) => callRow(id, { receivedAt, nextAt: null }))
    for (const row of [...rows, callRow(id, { nextAt: 9000 })]) await store().calls.insert(row)
    expect(await store().calls.prune(3000, 1)).toBe(1)
    expect(await store().calls.prune(3000, 10)).toBe(1)
    expect((await store().calls.list(id, 10)).map(({ receivedAt }) => receivedAt)).toEqual([3000, 1000])
  })
}

function describeThreads(store: CurrentStore): void {
  const channel = async () => {
    const row = channelRow()
    await store().channels.insert(row)
    return row.id
  }

  it('give back exactly what was inserted, the newest run of a conversation first', async () => {
    const id = await channel()
    const repository = { id: '1', name: 'acme/shop', url: 'https://github.test/acme/shop', isPrivate: true }
    const [old, young] = [threadRow(id, { repository, served: 'because' }), threadRow(id)]
    const other = threadRow(id, { thread: { ...old.thread, key: 'github:1#3' } })
    for (const row of [old, young, other]) await store().threads.insert(row)
    expect(await store().threads.get('org-a', old.runId)).toEqual(old)
    expect(await store().threads.get('org-b', old.runId)).toBeUndefined()
    expect(await store().threads.ofThread(id, old.thread.key)).toEqual([young, old])
    expect(await store().threads.ofThread(await channel(), old.thread.key)).toEqual([])
    await expect(store().threads.insert(old)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('are gone with their run', async () => {
    const id = await channel()
    const [run, other] = [runRow(), runRow()]
    for (const row of [run, other]) {
      await store().runs.insert(row)
      await store().threads.insert(threadRow(id, { runId: row.id }))
    }
    await store().runs.remove(run.organizationId, run.id, 2000)
    expect((await store().threads.ofThread(id, 'github:1#2')).map(({ runId }) => runId)).toEqual([other.id])
  })

  it('are looked at by one at a time, until all is said, and again when something happens', async () => {
    const row = threadRow(await channel(), { nextAt: 5000 })
    await store().threads.insert(row)
    expect(await store().threads.due(4999, 10, [])).toEqual([])
    expect(await store().threads.wake(row.runId, 2000)).toBe(true)
    expect(await store().threads.wake(row.runId, 3000)).toBe(true)
    expect(await store().threads.wake('run_gone', 3000)).toBe(false)
    expect((await store().threads.due(2000, 10, [])).map(({ runId }) => runId)).toEqual([row.runId])
    const claims = await Promise.all(Array.from({ length: 20 }, () => store().threads.claim(row, 9000)))
    expect(claims.filter((was) => was)).toHaveLength(1)
    const end = {
      commentId: 'c-1',
      said: 'abc',
      saidAt: 2000,
      shown: 'begun',
      failures: 2,
      nextAt: null,
    } as const
    expect(await store().threads.settle(row, end)).toBe(false)
    expect(await store().threads.settle({ ...row, attempts: 1 }, end)).toBe(true)
    expect(await store().threads.get('org-a', row.runId)).toEqual({ ...row, attempts: 1, ...end })
    expect(await store().threads.claim({ ...row, attempts: 1 }, 9000)).toBe(false)
    expect(await store().threads.wake(row.runId, 8000)).toBe(true)
    expect((await store().threads.due(8000, 10, [])).map(({ runId }) => runId)).toEqual([row.runId])
    expect(await store().threads.due(8000, 10, [row.channelId])).toEqual([])
  })

  it('are nobody else’s while somebody looks at them, and what happens meanwhile is looked at after', async () => {
    const row = threadRow(await channel(), { nextAt: 1000 })
    await store().threads.insert(row)
    const due = async (now: number) => (await store().threads.due(now, 10, [])).map(({ runId }) => runId)
    const end = { commentId: 'c-1', said: 'abc', saidAt: 2000, shown: null, failures: 0 }
    expect(await store().threads.claim(row, 9000)).toBe(true)
    expect(await store().threads.wake(row.runId, 3000)).toBe(true)
    expect(await due(8999)).toEqual([])
    expect(await store().threads.settle({ ...row, attempts: 1 }, { ...end, nextAt: 20_000 })).toBe(true)
    expect(await due(2999)).toEqual([])
    expect(await due(3000)).toEqual([row.runId])
    expect(await store().threads.claim({ ...row, attempts: 1 }, 9000)).toBe(true)
    expect(await store().threads.settle({ ...row, attempts: 2 }, { ...end, nextAt: 20_000 })).toBe(true)
    expect(await due(19_999)).toEqual([])
    expect(await store().threads.claim({ ...row, attempts: 2 }, 9000)).toBe(true)
    expect(await store().threads.wake(row.runId, 4000)).toBe(true)
    expect(await store().threads.settle({ ...row, attempts: 3 }, { ...end, nextAt: null })).toBe(true)
    expect(await due(4000)).toEqual([row.runId])
    // Whoever claimed it has died.
    expect(await store().threads.claim({ ...row, attempts: 3 }, 9000)).toBe(true)
    expect(await due(9000)).toEqual([row.runId])
  })
}
