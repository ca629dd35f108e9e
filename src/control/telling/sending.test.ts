// What has happened reaches the webhooks of its organization: signed, at least once, under one id; and what is not taken is
// tried for a day.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { type Receiver, startReceiver } from '../../../test/support/receiver.ts'
import { Secret } from '../../domain/secret.ts'
import type { EventName } from '../../domain/telling/events.ts'
import { TELL_FOR } from '../../domain/telling/retry.ts'
import type { Log } from '../../lib/log.ts'
import type { WebhookMessage, WebhookSender } from '../../providers/webhook-sender.ts'
import { createWebhookSender } from '../../providers/webhooks.ts'
import { createGuard } from '../guard.ts'
import { CLAIM, type SendingPorts, sendDue } from './sending.ts'
import { createTell } from './tell.ts'

const SECRET_VALUE = 'sk-ant-test-main-0123456789'

let house: House
let receiver: Receiver
let warned: object[]
const never = new AbortController().signal

beforeEach(async () => {
  house = createHouse()
  // The library of the receiver goes by the real time.
  house.clock.now = Date.now()
  receiver = await startReceiver()
  warned = []
})

afterEach(() => receiver[Symbol.asyncDispose]())

function ports(changed: Partial<SendingPorts> = {}): SendingPorts {
  const nothing = () => undefined
  const log: Log = { debug: nothing, info: nothing, warn: (facts) => void warned.push(facts), error: nothing }
  return {
    ...house.ports,
    guard: createGuard(house.ports),
    sender: createWebhookSender({ allowPrivate: true, timeoutMs: 1_500 }),
    ...{ chance: () => 0.5, log },
    ...changed,
  }
}

async function addWebhook(events?: EventName[], url = receiver.url) {
  const made = await house.ask('ann', 'webhooks.create', { url, ...(events && { events }) })
  if (url === receiver.url) receiver.secret = made.secret.expose()
  return made.id
}

async function tell(event: EventName = 'grant.login_needed', once?: string): Promise<void> {
  const [row] = await house.ports.store.credentials.list('org-acme', {}, { limit: 1 })
  const credentialId = row?.id ?? (await house.give('ada', 'org', 'main'))
  const notice = { event, organizationId: 'org-acme', credentialId, reason: 'the login was revoked' }
  const told = createTell(house.ports)
  await house.ports.store.atomically((unit) => told(unit, { ...notice, ...(once !== undefined && { once }) }))
}

async function deliveries() {
  const { events } = await house.ask('aud', 'events.list', {})
  return events.flatMap((event) => event.deliveries)
}

describe('an event', () => {
  it('is sent once, signed, with what it is about and no value', async () => {
    await addWebhook()
    await tell()
    await sendDue(ports(), never)
    await sendDue(ports(), never)
    expect(receiver.received).toHaveLength(1)
    const [got] = receiver.received
    expect(got?.genuine).toBe(true)
    const { events } = await house.ask('aud', 'events.list', {})
    expect(JSON.parse(got?.body ?? '')).toEqual({
      type: 'grant.login_needed',
      timestamp: events[0]?.createdAt,
      data: {
        organization: 'org-acme',
        credential: { ...events[0]?.credential, name: 'main', type: 'claude/api-key', owner: 'org' },
        reason: 'the login was revoked',
        // An API key: there is nothing to sign in to.
        link: `http://claviger.test/credentials/${events[0]?.credential.id}`,
      },
    })
    expect(got?.id).toBe(events[0]?.id)
    expect(`${got?.body}${JSON.stringify(events)}`).not.toContain(SECRET_VALUE)
    expect(events[0]?.deliveries).toMatchObject([{ state: 'delivered', attempts: 1, lastStatus: '204' }])
    expect((await house.audit()).map(({ action }) => action)).toContain('webhook.deliver')
  })

  it('goes to those who want it, of its organization', async () => {
    await addWebhook(['grant.recovered'])
    await house.ask('eve', 'webhooks.create', { url: receiver.url })
    await tell('grant.login_needed')
    await sendDue(ports(), never)
    expect(receiver.received).toEqual([])
    await tell('grant.recovered')
    await sendDue(ports(), never)
    expect(receiver.received).toHaveLength(1)
    expect((await house.ask('eve', 'events.list', {})).events).toEqual([])
  })

  it('is listed with the newest first when that is asked for, a page at a time', async () => {
    for (const name of ['grant.login_needed', 'grant.recovered', 'grant.ends_soon'] as const) await tell(name)
    const asked = { order: 'newest', limit: 2 } as const
    const { events, next } = await house.ask('aud', 'events.list', asked)
    expect(events.map(({ type }) => type)).toEqual(['grant.ends_soon', 'grant.recovered'])
    const rest = await house.ask('aud', 'events.list', { ...asked, after: next ?? '' })
    expect(rest.events.map(({ type }) => type)).toEqual(['grant.login_needed'])
    expect(rest.next).toBeNull()
  })

  it('of a unit that failed was never told', async () => {
    await addWebhook()
    const credentialId = await house.give('ada', 'org', 'main')
    const notice = { event: 'grant.recovered', organizationId: 'org-acme', credentialId, reason: '' } as const
    const failing = house.ports.store.atomically(async (unit) => {
      await createTell(house.ports)(unit, notice)
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    await sendDue(ports(), never)
    expect(receiver.received).toEqual([])
  })

  it('that is not taken is tried again, later and later, for a day, and then given up', async () => {
    await addWebhook()
    await tell()
    const begun = house.clock.now
    receiver.answer = (response) => response.writeHead(500).end('sk-ant-test-nothing')
    const tries: number[] = []
    for (let round = 0; round < 60; round += 1) {
      await sendDue(ports(), never)
      const [delivery] = await deliveries()
      if (delivery?.state !== 'waiting') break
      expect(delivery.lastStatus).toBe('500')
      house.clock.now = Date.parse(delivery.nextAt ?? '')
      tries.push(house.clock.now - begun)
    }
    expect(tries.slice(0, 3)).toEqual([5_000, 10_000, 20_000])
    expect(house.clock.now - begun).toBe(TELL_FOR)
    const [end] = await deliveries()
    expect(end).toMatchObject({ state: 'given-up', attempts: tries.length + 1, nextAt: null })
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1)
    expect(warned).toMatchObject([{ status: '500', attempts: tries.length + 1 }])
    const { warnings } = await house.ask('ada', 'status.get', {})
    expect(warnings.map(({ code }) => code)).toContain('events')
    const before = receiver.received.length
    await sendDue(ports(), never)
    expect(receiver.received).toHaveLength(before)
  })

  it('is not followed where a redirect leads, and is over at once where nobody is any more', async () => {
    await addWebhook()
    await tell()
    receiver.answer = (response) => response.writeHead(302, { location: receiver.url }).end()
    await sendDue(ports(), never)
    expect(await deliveries()).toMatchObject([{ state: 'waiting', lastStatus: '302' }])
    house.clock.now += 60_000
    receiver.answer = (response) => response.writeHead(410).end()
    await sendDue(ports(), never)
    expect(await deliveries()).toMatchObject([{ state: 'given-up', lastStatus: '410', attempts: 2 }])
    expect(receiver.received).toHaveLength(2)
  })

  it('to a private address is never sent, though its name looked well when it was stored', async () => {
    await addWebhook(undefined, 'https://hooks.example.test/a')
    await tell()
    const sender = createWebhookSender({ allowPrivate: false, resolve: async () => ['10.0.0.1'] })
    await sendDue(ports({ sender }), never)
    expect(await deliveries()).toMatchObject([{ state: 'waiting', lastStatus: 'refused-address' }])
  })
})

describe('several events', () => {
  it('cost a webhook that does not answer one call a round, and do not hold up others', async () => {
    await addWebhook()
    const silent = await startReceiver()
    silent.answer = () => undefined
    const dead = await addWebhook(undefined, silent.url)
    for (let i = 0; i < 5; i += 1) await tell()
    await sendDue(ports(), never)
    expect(silent.received).toHaveLength(1)
    expect(receiver.received).toHaveLength(5)
    house.clock.now += 60_000
    await sendDue(ports(), never)
    expect(silent.received).toHaveLength(2)
    await silent[Symbol.asyncDispose]()
    await house.ask('ann', 'webhooks.remove', { id: dead })
    expect(await deliveries()).toHaveLength(5)
  })
})

describe('a server that ends in the middle', () => {
  it('leaves a claim: the event is sent again under the same id when that has ended', async () => {
    await addWebhook()
    await tell()
    const dying: WebhookSender = {
      check: () => undefined,
      send: async (message: WebhookMessage) => {
        await createWebhookSender({ allowPrivate: true }).send(message)
        throw new RangeError('killed before it could write down what came back')
      },
    }
    await expect(sendDue(ports({ sender: dying }), never)).rejects.toThrow(RangeError)
    await sendDue(ports(), never)
    expect(receiver.received).toHaveLength(1)
    house.clock.now += CLAIM
    await sendDue(ports(), never)
    expect(receiver.received.map(({ id }) => id)).toEqual([
      receiver.received[0]?.id,
      receiver.received[0]?.id,
    ])
    expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 2 }])
  })

  it('sends nothing more once it is told to end', async () => {
    await addWebhook()
    await tell()
    await sendDue(ports(), AbortSignal.abort())
    expect(receiver.received).toEqual([])
  })
})

describe('an event that is asked for again', () => {
  it('is sent under the same id, to webhooks that are new too', async () => {
    await tell()
    const [event] = (await house.ask('aud', 'events.list', {})).events
    if (event === undefined) throw new Error('nothing was told')
    expect(await house.ask('ann', 'events.replay', { id: event.id })).toEqual({ webhooks: 0 })
    await addWebhook()
    expect(await house.ask('ann', 'events.replay', { id: event.id })).toEqual({ webhooks: 1 })
    await sendDue(ports(), never)
    await house.ask('ann', 'events.replay', { id: event.id })
    await sendDue(ports(), never)
    expect(receiver.received.map(({ id }) => id)).toEqual([event.id, event.id])
  })
})

describe('webhooks', () => {
  it('are tested with an event that is about nothing', async () => {
    const id = await addWebhook()
    house.ports.webhooks.send = ports().sender.send
    expect(await house.ask('ann', 'webhooks.test', { id })).toEqual({ delivered: true, status: '204' })
    expect(receiver.received).toMatchObject([{ genuine: true }])
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'webhook.test',
      data: { credential: null },
    })
    receiver.answer = (response) => response.writeHead(500).end()
    expect(await house.ask('ann', 'webhooks.test', { id })).toEqual({ delivered: false, status: '500' })
  })

  it('show their secret once and keep it sealed; the audit knows the host only', async () => {
    const made = await house.ask('ann', 'webhooks.create', { url: 'https://hooks.example.test/in?t=pass' })
    expect(made.secret).toBeInstanceOf(Secret)
    expect(made.secret.expose()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(JSON.stringify(await house.ask('ann', 'webhooks.list', {}))).not.toContain('whsec_')
    const [row] = await house.ports.store.webhooks.list('org-acme')
    expect(Buffer.from(row?.secret ?? []).toString('latin1')).not.toContain('whsec_')
    const entry = (await house.audit()).find(({ action }) => action === 'webhook.create')
    expect(entry?.objectName).toBe('hooks.example.test')
  })

  it('whose address was changed in the database get no signature', async () => {
    const id = await addWebhook()
    await tell()
    const { store } = house.ports
    const row = await store.webhooks.get('org-acme', id)
    await store.atomically(async (unit) => {
      const pending = await unit.outbox.list('org-acme', {}, { limit: 1 })
      await unit.webhooks.remove('org-acme', id)
      if (row) await unit.webhooks.insert({ ...row, url: `${receiver.url}/elsewhere` })
      for (const event of pending) await unit.deliveries.again(event, [id], house.clock.now)
    })
    await sendDue(ports(), never)
    expect(receiver.received).toEqual([])
    expect(await deliveries()).toMatchObject([{ state: 'waiting', lastStatus: 'not-sent' }])
  })

  it('go on after the master key was exchanged', async () => {
    await addWebhook()
    await house.ask('ada', 'rekey.start', {})
    await expect.poll(async () => (await house.ask('ada', 'rekey.status', {})).state).toBe('settled')
    const [row] = await house.ports.store.webhooks.list('org-acme')
    expect(house.ports.vault.keyIdOf(row?.wrappedKey ?? new Uint8Array())).toBe(house.ports.vault.keyId)
    await tell()
    await sendDue(ports(), never)
    expect(receiver.received).toMatchObject([{ genuine: true }])
  })

  it('are twenty an organization at most', async () => {
    for (let i = 0; i < 20; i += 1) await addWebhook()
    const error = await errorOf(house.ask('ann', 'webhooks.create', { url: receiver.url }))
    expect(error.code).toBe('conflict')
  })
})
