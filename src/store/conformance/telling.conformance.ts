// The part of the conformance suite about what organizations are told: webhooks, events and deliveries.

import { describe, expect, it } from 'vitest'
import { newId } from '../../lib/id.ts'
import { type DeliveryRow, type EventRow, type WebhookRow, webhookPlace } from '../outbox-group.ts'
import { bytes, type CurrentStore, credentialRow } from './rows.ts'

const OLD = '0a'.repeat(16)
const NEW = 'ff'.repeat(16)

/** Registers the tests of `webhooks`, `outbox` and `deliveries`, and of what `dataKeys` knows of webhooks. */
export function describeTelling(store: CurrentStore): void {
  describe('webhooks', () => describeWebhooks(store))
  describe('events', () => describeEvents(store))
  describe('deliveries', () => describeDeliveries(store))
}

function webhookRow(changed: Partial<WebhookRow> = {}): WebhookRow {
  return {
    ...{ id: newId('whk'), organizationId: 'org-a', url: 'https://hooks.example.test/a?b=c' },
    ...{ description: 'ünïcode', events: null, createdAt: 8_640_000_000_000_000, createdBy: 'ada' },
    ...{ wrappedKey: bytes(1, 0, 255), secret: bytes(0, 255, 128) },
    ...changed,
  }
}

function eventRow(changed: Partial<EventRow> = {}): EventRow {
  const subject = {
    id: 'cred_1',
    name: 'a "b"',
    type: 'codex/oauth',
    owner: 'team:web',
    suffix: '…x',
  } as const
  return {
    ...{ id: newId('evt'), organizationId: 'org-a', name: 'grant.login_needed', subject },
    ...{ reason: 'because', link: null, once: null, createdAt: 1000 },
    ...changed,
  }
}

function describeWebhooks(store: CurrentStore): void {
  it('give back exactly what was inserted, to their organization only', async () => {
    const [all, some] = [webhookRow(), webhookRow({ events: ['grant.recovered', 'grant.ends_soon'] })]
    const foreign = webhookRow({ organizationId: 'org-b' })
    for (const row of [all, some, foreign]) await store().webhooks.insert(row)
    expect(await store().webhooks.list('org-a')).toEqual([all, some])
    expect(await store().webhooks.get('org-a', some.id)).toEqual(some)
    expect(await store().webhooks.get('org-b', some.id)).toBeUndefined()
    await expect(store().webhooks.insert(all)).rejects.toMatchObject({ code: 'conflict' })
    expect(await store().webhooks.remove('org-b', all.id)).toBe(false)
    expect(await store().webhooks.remove('org-a', all.id)).toBe(true)
    expect(await store().webhooks.remove('org-a', all.id)).toBe(false)
    expect(await store().webhooks.list('org-a')).toEqual([some])
  })

  it('take along what was still to be sent to them, and nothing else', async () => {
    const [one, other] = [webhookRow(), webhookRow()]
    for (const row of [one, other]) await store().webhooks.insert(row)
    await store().outbox.insert(eventRow(), [one.id, other.id])
    await store().webhooks.remove('org-a', one.id)
    expect((await store().deliveries.due(2000, 10)).map(({ webhookId }) => webhookId)).toEqual([other.id])
  })

  it('are re-keyed like credentials: counted, listed after them, and replaced as they were seen', async () => {
    const under = (key: string) => bytes(1, ...Buffer.from(key, 'hex'), 7)
    const credential = credentialRow({ wrappedKey: under(OLD) })
    const [old, current] = [webhookRow({ wrappedKey: under(OLD) }), webhookRow({ wrappedKey: under(NEW) })]
    await store().credentials.insert(credential)
    for (const row of [old, current]) await store().webhooks.insert(row)
    const { countByMasterKey, underOther, rewrap } = store().dataKeys
    expect(await countByMasterKey()).toEqual({ [OLD]: 2, [NEW]: 1 })
    const [first, second] = await underOther(NEW, { limit: 10 })
    expect(first?.id).toBe(credential.id)
    expect(second).toEqual({ ...webhookPlace(old), wrappedKey: old.wrappedKey })
    expect(await underOther(NEW, { limit: 1 })).toEqual([first])
    expect(await underOther(NEW, { limit: 10, after: credential.id })).toEqual([second])
    expect(await underOther(NEW, { limit: 10, after: old.id })).toEqual([])
    expect(await rewrap(old.id, under(NEW), under(OLD))).toBe(false)
    expect(await rewrap(old.id, under(OLD), under(NEW))).toBe(true)
    expect(await store().webhooks.get('org-a', old.id)).toEqual({ ...old, wrappedKey: under(NEW) })
    expect(await countByMasterKey()).toEqual({ [OLD]: 1, [NEW]: 2 })
  })
}

function describeEvents(store: CurrentStore): void {
  it('give back exactly what was inserted, with a delivery to each webhook, due at once', async () => {
    const row = eventRow({ link: 'https://claviger.example.test/x', once: 'a b' })
    expect(await store().outbox.insert(row, ['whk_2', 'whk_1'])).toBe(true)
    expect(await store().outbox.get('org-a', row.id)).toEqual(row)
    expect(await store().outbox.get('org-b', row.id)).toBeUndefined()
    const delivery = (webhookId: string): DeliveryRow => ({
      ...{ eventId: row.id, webhookId, organizationId: 'org-a', attempts: 0, since: 1000, nextAt: 1000 },
      ...{ lastStatus: '', deliveredAt: null, gaveUpAt: null },
    })
    expect(await store().outbox.listDeliveries([row.id])).toEqual([delivery('whk_1'), delivery('whk_2')])
    expect(await store().outbox.listDeliveries([])).toEqual([])
    await expect(store().outbox.insert({ ...row, once: null }, [])).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('that are to be told once are told once in their organization, and end no unit', async () => {
    const once = 'ends_soon cred_1 7'
    const told = await store().atomically(async (unit) => [
      await unit.outbox.insert(eventRow({ once }), ['whk_1']),
      await unit.outbox.insert(eventRow({ once }), ['whk_1']),
      await unit.outbox.insert(eventRow(), []),
      await unit.outbox.insert(eventRow(), []),
    ])
    expect(told).toEqual([true, false, true, true])
    expect(await store().outbox.insert(eventRow({ once, organizationId: 'org-b' }), [])).toBe(true)
    const racers = Array.from({ length: 10 }, () =>
      store().atomically((unit) => unit.outbox.insert(eventRow({ once: 'raced' }), ['whk_1'])),
    )
    expect((await Promise.all(racers)).filter(Boolean)).toHaveLength(1)
    expect(await store().outbox.list('org-a', {}, { limit: 10 })).toHaveLength(4)
    expect(await store().deliveries.counts()).toEqual({ waiting: 2, givenUp: 0 })
  })

  it('are as if they had not been when their unit fails', async () => {
    const failing = store().atomically(async (unit) => {
      await unit.outbox.insert(eventRow(), ['whk_1'])
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect(await store().outbox.list('org-a', {}, { limit: 10 })).toEqual([])
    expect(await store().deliveries.due(9000, 10)).toEqual([])
  })

  it('are listed oldest first, a page at a time, and those that were not taken by themselves', async () => {
    const rows = [eventRow(), eventRow(), eventRow()] as const
    for (const row of rows) await store().outbox.insert(row, ['whk_1', 'whk_2'])
    const quiet = eventRow()
    await store().outbox.insert(quiet, [])
    await store().outbox.insert(eventRow({ organizationId: 'org-b' }), ['whk_3'])
    const { list } = store().outbox
    expect(await list('org-a', {}, { limit: 2 })).toEqual([rows[0], rows[1]])
    expect(await list('org-a', {}, { limit: 9, after: rows[1].id })).toEqual([rows[2], quiet])
    for (const webhookId of ['whk_1', 'whk_2']) await take(store, rows[1].id, webhookId)
    await take(store, rows[2].id, 'whk_1')
    expect(await list('org-a', { undelivered: true }, { limit: 9 })).toEqual([rows[0], rows[2]])
    expect(await list('org-a', { undelivered: true }, { limit: 9, after: rows[0].id })).toEqual([rows[2]])
  })

  it('are listed newest first when that is asked for', async () => {
    const rows = [eventRow(), eventRow(), eventRow()] as const
    for (const row of rows) await store().outbox.insert(row, ['whk_1'])
    await take(store, rows[1].id, 'whk_1')
    const { list } = store().outbox
    expect(await list('org-a', {}, { limit: 2, newest: true })).toEqual([rows[2], rows[1]])
    expect(await list('org-a', {}, { limit: 9, newest: true, after: rows[1].id })).toEqual([rows[0]])
    expect(await list('org-a', { undelivered: true }, { limit: 9, newest: true })).toEqual([rows[2], rows[0]])
  })

  it('are forgotten when they are old and nothing is left to be sent', async () => {
    const [waiting, done, quiet, young] = [eventRow(), eventRow(), eventRow(), eventRow({ createdAt: 2000 })]
    for (const row of [waiting, done]) await store().outbox.insert(row, ['whk_1'])
    for (const row of [quiet, young]) await store().outbox.insert(row, [])
    await take(store, done.id, 'whk_1')
    expect(await store().outbox.prune(1000, 10)).toBe(0)
    expect(await store().outbox.prune(1001, 1)).toBe(1)
    expect(await store().outbox.prune(1001, 10)).toBe(1)
    expect(await store().outbox.list('org-a', {}, { limit: 10 })).toEqual([waiting, young])
    expect(await store().outbox.listDeliveries([done.id, waiting.id])).toHaveLength(1)
  })
}

function describeDeliveries(store: CurrentStore): void {
  const one = async () => {
    const row = eventRow()
    await store().outbox.insert(row, ['whk_1'])
    const [delivery] = await store().outbox.listDeliveries([row.id])
    if (delivery === undefined) throw new Error('there is no delivery')
    return delivery
  }
  const now = async ({ eventId }: DeliveryRow) => (await store().outbox.listDeliveries([eventId]))[0]

  it('are due from their time on, the longest due first, over all organizations', async () => {
    const late = eventRow({ createdAt: 900 })
    const early = eventRow({ createdAt: 100, organizationId: 'org-b' })
    for (const row of [late, early]) await store().outbox.insert(row, ['whk_1'])
    const ids = async (at: number, limit = 10) =>
      (await store().deliveries.due(at, limit)).map(({ eventId }) => eventId)
    expect(await ids(900)).toEqual([early.id, late.id])
    expect(await ids(900, 1)).toEqual([early.id])
    expect(await ids(899)).toEqual([early.id])
    expect(await ids(99)).toEqual([])
  })

  it('are claimed by one of many, and again when the claim has ended', async () => {
    const seen = await one()
    const claims = await Promise.all(
      Array.from({ length: 10 }, () => store().atomically((unit) => unit.deliveries.claim(seen, 5000))),
    )
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect(await now(seen)).toEqual({ ...seen, attempts: 1, nextAt: 5000 })
    expect(await store().deliveries.due(4999, 10)).toEqual([])
    const [left] = await store().deliveries.due(5000, 10)
    expect(left && (await store().deliveries.claim(left, 9000))).toBe(true)
    // The one that went silent comes back: another has begun since.
    const end = { nextAt: null, lastStatus: '200', deliveredAt: 1, gaveUpAt: null }
    expect(await store().deliveries.settle({ ...seen, attempts: 1 }, end)).toBe(false)
    expect(await store().deliveries.settle({ ...seen, attempts: 2 }, end)).toBe(true)
    expect(await now(seen)).toEqual({ ...seen, attempts: 2, ...end })
    expect(await store().deliveries.claim({ ...seen, attempts: 2 }, 9000)).toBe(false)
    expect(await store().deliveries.claim({ ...seen, eventId: 'absent' }, 9000)).toBe(false)
    expect(await store().deliveries.settle({ ...seen, eventId: 'absent', attempts: 0 }, end)).toBe(false)
  })

  it('that are due to one webhook wait together', async () => {
    const [due, claimed] = [await one(), await one()]
    await store().deliveries.claim(claimed, 5000)
    const other = eventRow()
    await store().outbox.insert(other, ['whk_2'])
    await store().deliveries.postpone('whk_1', 1000, 7000)
    expect(await now(due)).toEqual({ ...due, nextAt: 7000 })
    expect((await now(claimed))?.nextAt).toBe(5000)
    expect((await store().deliveries.due(1000, 10)).map(({ eventId }) => eventId)).toEqual([other.id])
  })

  it('begin again when they are asked for again, also to webhooks that are new', async () => {
    const seen = await one()
    await store().deliveries.claim(seen, 5000)
    await store().deliveries.settle(
      { ...seen, attempts: 1 },
      { nextAt: null, lastStatus: '500', deliveredAt: null, gaveUpAt: 4000 },
    )
    expect(await store().deliveries.counts()).toEqual({ waiting: 0, givenUp: 1 })
    const event = { id: seen.eventId, organizationId: 'org-a' }
    await store().deliveries.again(event, ['whk_1', 'whk_9'], 6000)
    await store().deliveries.again(event, [], 6000)
    const fresh = { ...seen, since: 6000, nextAt: 6000 }
    expect(await store().outbox.listDeliveries([seen.eventId])).toEqual([
      { ...fresh, attempts: 2 },
      { ...fresh, webhookId: 'whk_9', attempts: 0 },
    ])
    expect(await store().deliveries.counts()).toEqual({ waiting: 2, givenUp: 0 })
  })
}

async function take(store: CurrentStore, eventId: string, webhookId: string): Promise<void> {
  const end = { nextAt: null, lastStatus: '204', deliveredAt: 1500, gaveUpAt: null }
  expect(await store().deliveries.settle({ eventId, webhookId, attempts: 0 }, end)).toBe(true)
}
