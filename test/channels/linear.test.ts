// The whole server on its settings, and a Linear on loopback: who it is there, what it takes, and what it says.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import {
  type FakeLinear,
  LINEAR_SECRETS,
  LINEAR_USERS,
  type Payload,
  sent,
  startLinear,
} from '../support/linear.ts'

const { us, bob, ann } = LINEAR_USERS
const { token: _, ...WITHOUT_TOKEN } = LINEAR_SECRETS
const REST = { strangers: 'refuse', access: 'write' } as const

let parent: string
let linear: FakeLinear
let server: RunningServer
let client: Client

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-linear-'))
  const stateDirectory = join(parent, 'state')
  linear = await startLinear({ now: Date.now() })
  server = await startServer(
    serverSettings({ stateDirectory, port: '0', logLevel: 'silent', linearApi: linear.url }),
  )
  const token = new Secret(readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim())
  client = createClient({ server: server.url, token })
})

afterEach(async () => {
  await server.close()
  await linear.stop()
  rmSync(parent, { recursive: true, force: true })
})

function add(name: string, secrets: Record<string, string> = LINEAR_SECRETS) {
  return client.call('channels.create', {
    ...{ kind: 'linear', name, settings: { handle: 'claviger' }, secrets, ...REST },
  })
}

async function post(payload: Payload): Promise<number> {
  const { headers, body } = sent({ ...payload, webhookTimestamp: Date.now() })
  const request = { method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) }
  return (await fetch(`${server.url}/webhooks/linear`, request)).status
}

it('is asked who we are, and told in an issue what became of it', async () => {
  const { kinds } = await client.call('channels.list', {})
  expect(kinds).toContainEqual(expect.objectContaining({ kind: 'linear', title: 'Linear' }))
  const { id, deliverTo } = await add('planning')
  expect(deliverTo).toBe(`${server.url}/webhooks/linear`)
  expect(await client.call('channels.test', { id })).toMatchObject({ works: true, account: us.name })
  const issue = linear.issue(ann)
  expect(await post(linear.give(issue, us, bob))).toBe(200)
  await vi.waitUntil(() => linear.comments.size > 0, 20_000)
  expect([...linear.comments.values()]).toMatchObject([
    { user: us, body: expect.stringContaining('This account is not linked to a member here.') },
  ])
})

it('makes no channel without a token, and says of one that Linear does not take it', async () => {
  await expect(add('planning', WITHOUT_TOKEN)).rejects.toMatchObject({ code: 'invalid' })
  const { id } = await add('planning', { ...LINEAR_SECRETS, token: 'lin_api_another' })
  expect(await client.call('channels.test', { id })).toMatchObject({
    ...{ works: false, message: 'Linear does not take the token of this channel.' },
  })
})
