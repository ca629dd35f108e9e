// A server that is killed while it tells somebody: what was committed is sent after the restart, and what nobody has noted
// as taken is sent again, under the same id.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { CLAIM } from '../../src/control/telling/sending.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { storeLogin } from '../support/logins.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { withServerStore } from '../support/server-store.ts'

let stateDirectory: string
let sandbox: Sandbox
let receiver: Receiver
let server: ServerProcess | undefined

beforeEach(async () => {
  stateDirectory = join(mkdtempSync(join(tmpdir(), 'claviger-webhooks-')), 'state')
  mkdirSync(stateDirectory, { mode: 0o700 })
  sandbox = await startSandbox()
  receiver = await startReceiver()
})
afterEach(async () => {
  await server?.kill()
  await receiver[Symbol.asyncDispose]()
  await sandbox.close()
  rmSync(join(stateDirectory, '..'), { recursive: true, force: true })
})

async function start(): Promise<Client> {
  const given = { stateDirectory, masterKey: MASTER_KEY, port: '0', logLevel: 'info' }
  const places = { openaiIssuer: sandbox.issuerUrl, allowPrivateUpstreams: 'yes' }
  server = await startServerProcess({ ...given, ...places })
  if (!server.said.startsWith('url ')) throw new Error(`${server.said}\n${server.logs()}`)
  const token = new Secret(readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim())
  return createClient({ server: server.said.slice('url '.length), token })
}

// What is due later is due so much sooner: the claim of the dead one has to end first. No server runs.
function passTime(ms: number): void {
  const database = new DatabaseSync(join(stateDirectory, 'claviger.db'))
  database.prepare('update event_delivery set next_at = next_at - ? where attempts > 0').run(ms)
  database.close()
}

/** Logins whose provider will refuse to renew them, which is an event each. */
async function storeRefused(organizationId: string, count: number): Promise<void> {
  const masterKey = Buffer.from(MASTER_KEY, 'hex')
  await withServerStore(`sqlite:${join(stateDirectory, 'claviger.db')}`, async (store) => {
    for (let i = 0; i < count; i += 1) {
      const { login } = await storeLogin({ store, masterKey, organizationId }, sandbox, -60_000)
      sandbox.oauth.revokeLogin(login)
    }
  })
}

it('what was committed is delivered, what was taken and not noted once more, with the same id', async () => {
  const first = await start()
  const { id: webhook, secret } = await first.call('webhooks.create', {
    url: receiver.url,
    events: ['grant.login_needed'],
  })
  const { organization } = await first.call('whoami', {})
  await server?.stop()
  await storeRefused(organization.id, 2)
  receiver.secret = secret
  // It has taken the first, and its sender never hears of it; the second waits behind.
  receiver.answer = () => undefined

  const victim = await start()
  const told = async (client: Client) =>
    (await client.call('events.list', {})).events.filter(({ type }) => type === 'grant.login_needed')
  await expect.poll(async () => (await told(victim)).length, { timeout: 10_000 }).toBe(2)
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1)
  await server?.kill()
  expect(receiver.received).toHaveLength(1)

  receiver.answer = (response) => response.writeHead(204).end()
  passTime(CLAIM)
  const again = await start()
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(3)
  const events = await told(again)
  const booked = async () =>
    (await told(again)).every(({ deliveries }) => deliveries[0]?.state === 'delivered')
  await expect.poll(booked, { timeout: 5_000 }).toBe(true)
  expect(events.map(({ deliveries }) => deliveries[0]?.webhook)).toEqual([webhook, webhook])
  const [taken, ...later] = receiver.received
  expect(later.map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort())
  const repeated = later.find(({ id }) => id === taken?.id)
  expect(repeated?.body).toBe(taken?.body)
  expect(receiver.received.map(({ genuine }) => genuine)).toEqual([true, true, true])
  // Signed anew each time: it is the same only where id and second are.
  const signed = receiver.received.map(({ id, headers }) => `${id} ${headers['webhook-timestamp']}`)
  const signatures = receiver.received.map(({ headers }) => headers['webhook-signature'])
  expect(new Set(signatures).size).toBe(new Set(signed).size)
})
