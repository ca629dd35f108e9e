// Many workers with one token ask for their login in Agent Swarm's way, at the same moment: each gets it, under one lease,
// whichever server they ask; and that lease goes with the token.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { createReplicas, type Replica, type Replicas } from '../support/replicas.ts'
import { storeLogin } from '../support/stored-login.ts'
import { usePostgres } from '../support/use-postgres.ts'

const ASKERS = 60

const postgres = usePostgres()
let sandbox: Sandbox
let databaseUrl: string
let replicas: Replicas

beforeEach(async () => {
  sandbox = await startSandbox()
  databaseUrl = await postgres.createDatabase()
  replicas = createReplicas(databaseUrl)
})

afterEach(async () => {
  await replicas.close()
  await sandbox.close()
})

async function ask({ url }: Replica, token: string): Promise<{ access: string; refresh: string }> {
  const address = `${url}/api/config/resolved?includeSecrets=true&key=codex_oauth`
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } })
  const { configs } = (await response.json()) as { configs: { value: string }[] }
  expect([response.status, configs.length]).toEqual([200, 1])
  return JSON.parse(configs[0]?.value ?? '')
}

async function renew({ url }: Replica, refresh: string): Promise<number> {
  const question = { grant_type: 'refresh_token', refresh_token: refresh, refresh_reason: 'proactive_expiry' }
  const headers = { 'content-type': 'application/json' }
  const asked = { method: 'POST', headers, body: JSON.stringify(question) }
  return (await fetch(`${url}/codex/oauth/token`, asked)).status
}

it('one lease for all of them, on three servers, until the token is revoked', async () => {
  const settings = { openaiIssuer: sandbox.issuerUrl }
  const first = await replicas.start(settings)
  const servers = [first, await replicas.start(settings), await replicas.start(settings)]
  const client = first.client()
  const { organization } = await client.call('whoami', {})
  const login = sandbox.oauth.login({ provider: 'openai' })
  await storeLogin(login, { databaseUrl, organizationId: organization.id, name: 'chatgpt' })
  const made = await client.call('tokens.create', { name: 'fleet', role: 'member', expiresInSeconds: null })

  const asked = Array.from({ length: ASKERS }, (_, i) => ask(servers[i % 3] ?? first, made.token))
  const answers = await Promise.all(asked)
  expect(new Set(answers.map(({ access }) => access))).toEqual(new Set([login.accessToken]))
  const [refresh = '', ...others] = new Set(answers.map((answer) => answer.refresh))
  expect(others).toEqual([])
  const { entries } = await client.call('audit.list', { limit: 1000 })
  const acts = entries.filter(({ details }) => details['for'] === 'config/resolved')
  const [created, read] = ['lease.create', 'lease.read'].map(
    (action) => acts.filter((act) => act.action === action).length,
  )
  expect([created, read]).toEqual([1, ASKERS - 1])

  for (const server of servers) expect(await renew(server, refresh)).toBe(200)
  await client.call('tokens.revoke', { name: 'fleet' })
  for (const server of servers) await expect.poll(() => renew(server, refresh), { timeout: 5_000 }).toBe(401)
}, 90_000)
