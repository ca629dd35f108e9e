// Several servers on one Postgres that all find the same due: each event reaches the webhook once.

import { afterEach, expect, it } from 'vitest'
import { createHouse } from '../../../test/support/house.ts'
import { type Receiver, startReceiver } from '../../../test/support/receiver.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { createWebhookSender } from '../../providers/webhooks.ts'
import { openSqlStore } from '../../store/sql/sql-store.ts'
import { createGuard } from '../guard.ts'
import { type SendingPorts, sendDue } from './sending.ts'
import { createTell } from './tell.ts'

const EVENTS = 20

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function houseOn(url: string, masterKey: Uint8Array) {
  const { store, close } = await openSqlStore({ url })
  cleanups.push(close)
  const house = createHouse(store, masterKey)
  house.clock.now = Date.now()
  return house
}

function sending(house: Awaited<ReturnType<typeof houseOn>>): SendingPorts {
  const nothing = () => undefined
  return {
    ...house.ports,
    guard: createGuard(house.ports),
    sender: createWebhookSender({ allowPrivate: true }),
    chance: () => 0.5,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  }
}

async function slowReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  cleanups.push(() => receiver[Symbol.asyncDispose]())
  receiver.answer = (response) => {
    setTimeout(() => response.writeHead(200).end(), 20)
  }
  return receiver
}

it('two senders send each event once', async () => {
  const [url, masterKey] = [await server.createDatabase(), new Uint8Array(32).fill(9)]
  const [one, two] = [await houseOn(url, masterKey), await houseOn(url, masterKey)]
  const receiver = await slowReceiver()
  receiver.secret = (await one.ask('ann', 'webhooks.create', { url: receiver.url })).secret.expose()
  const credentialId = await one.give('ada', 'org', 'main')
  const notice = { organizationId: 'org-acme', credentialId, reason: 'because' } as const
  const told = createTell(one.ports)
  for (let i = 0; i < EVENTS; i += 1)
    await one.ports.store.atomically((unit) => told(unit, { event: 'grant.recovered', ...notice }))
  const { signal } = new AbortController()
  const senders = [sending(one), sending(two)]
  await Promise.all(senders.map((ports) => sendDue(ports, signal)))
  expect(receiver.received.every(({ genuine }) => genuine)).toBe(true)
  expect(receiver.received).toHaveLength(EVENTS)
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(EVENTS)
  expect(await one.ports.store.deliveries.counts()).toEqual({ waiting: 0, givenUp: 0 })
})
