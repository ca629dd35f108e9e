// A server as it is started, and a webhook on this machine: only where the operator permits it, signed, and counted.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let stateDirectory: string
let receiver: Receiver
let server: RunningServer | undefined

beforeEach(async () => {
  stateDirectory = join(mkdtempSync(join(tmpdir(), 'claviger-webhooks-')), 'state')
  receiver = await startReceiver()
})

afterEach(async () => {
  await server?.close()
  await receiver[Symbol.asyncDispose]()
  rmSync(join(stateDirectory, '..'), { recursive: true, force: true })
})

async function start(allowPrivateUpstreams: 'yes' | 'no'): Promise<Client> {
  const given = { stateDirectory, port: '0', logLevel: 'silent', allowPrivateUpstreams }
  server = await startServer(serverSettings(given))
  const token = new Secret(readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim())
  return createClient({ server: server.url, token })
}

it('is called with a signature when somebody tests it, and its figures are on the page', async () => {
  const client = await start('yes')
  const { id, secret } = await client.call('webhooks.create', { url: receiver.url })
  receiver.secret = secret
  expect(await client.call('webhooks.test', { id })).toEqual({ delivered: true, status: '204' })
  expect(receiver.received).toMatchObject([{ genuine: true }])
  const metrics = await (await fetch(`${server?.url}/metrics`)).text()
  expect(metrics).toContain('claviger_events_waiting 0')
  expect(metrics).toContain('claviger_events_given_up 0')
})

it('is refused, and not called when it was stored before, where that is not permitted', async () => {
  const open = await start('yes')
  const { id } = await open.call('webhooks.create', { url: receiver.url })
  await server?.close()
  const client = await start('no')
  expect(await client.call('webhooks.test', { id })).toEqual({ delivered: false, status: 'refused-address' })
  await expect(client.call('webhooks.create', { url: receiver.url })).rejects.toMatchObject({
    code: 'invalid',
  })
  expect(receiver.received).toEqual([])
})
