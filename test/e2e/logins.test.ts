// Signing in through a real server: with ChatGPT by the browser, by pasting and by device, against the sandbox; to Claude by
// the real program, with the sandbox for the hosts that it insists on. A second server goes on with what another began.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Request } from '../../src/api/schemas.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import { overNodeHttp } from '../../src/client/node-http.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { readIfThere } from '../../src/lib/atomic-file.ts'
import { startServer } from '../../src/main.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { usePostgres } from '../support/use-postgres.ts'

const postgres = usePostgres()

let directory: string
let sandbox: Sandbox
const endings: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-logins-'))
  sandbox = await startSandbox({ tls: { directory } })
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  vi.stubEnv('HTTPS_PROXY', sandbox.tls?.proxyUrl)
  vi.stubEnv('NODE_EXTRA_CA_CERTS', sandbox.tls?.caFile)
})

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  vi.unstubAllEnvs()
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

async function serve(name: string, more: object = {}): Promise<Client> {
  const stateDirectory = join(directory, name)
  const settings = serverSettings({
    ...{ stateDirectory, port: '0', logLevel: 'silent', openaiIssuer: sandbox.issuerUrl },
    masterKey: Buffer.alloc(32, 7).toString('base64'),
    ...more,
  })
  const server = await startServer(settings)
  endings.push(() => server.close())
  const token = new Secret((await readIfThere(join(stateDirectory, 'admin.token')))?.trim() ?? '')
  return createClient({ server: server.url, token, send: overNodeHttp })
}

const start = (client: Client, more: Partial<Request<'logins.start'>> = {}) =>
  client.call('logins.start', {
    ...{ type: 'codex/oauth', owner: 'org', name: 'main', method: 'paste' },
    ...more,
  })

/** Where a browser ends, or what the page shows for pasting. */
async function agree(link: string | null): Promise<string> {
  const url = new URL(link ?? '')
  const isClaude = url.hostname === 'claude.ai'
  const place = isClaude ? `${sandbox.anthropicUrl}${url.pathname}${url.search}` : url
  const answer = await fetch(place, { redirect: 'manual' })
  const shown = /<code id="code">([^<]+)</.exec(await answer.text())?.[1]?.replaceAll('&#35;', '#')
  return answer.headers.get('location') ?? shown ?? ''
}

test('with ChatGPT by a link: the login is leased, and its refresh token stays', async () => {
  const client = await serve('one')
  const login = await start(client)
  await expect(client.call('logins.complete', { id: login.id, pasted: 'wrong' })).rejects.toMatchObject({
    code: 'invalid',
  })
  const pasted = await agree(login.authorizeUrl)
  expect(await client.call('logins.complete', { id: login.id, pasted })).toMatchObject({ state: 'complete' })
  const lease = await client.call('leases.create', { harness: 'codex' })
  expect(lease.credential?.fields).toMatchObject({ access: sandbox.oauth.logins()[0]?.accessToken })
  expect(lease.credential?.fields).not.toHaveProperty('refresh')
})

test('with ChatGPT by device', async () => {
  const client = await serve('one')
  const login = await start(client, { method: 'device' })
  expect((await client.call('logins.get', { id: login.id })).state).toBe('pending')
  sandbox.oauth.decideDevice(login.userCode ?? '', 'approve')
  const state = async () => (await client.call('logins.get', { id: login.id })).state
  await expect.poll(state, { timeout: 10_000 }).toBe('complete')
})

test('what one server began another one ends', { timeout: 60_000 }, async () => {
  const databaseUrl = await postgres.createDatabase()
  const [one, two] = [await serve('one', { databaseUrl }), await serve('two', { databaseUrl })]
  const login = await start(one)
  const pasted = await agree(login.authorizeUrl)
  const calls = await Promise.allSettled(
    [one, two, one, two].map((client) => client.call('logins.complete', { id: login.id, pasted })),
  )
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await two.call('logins.get', { id: login.id })).toMatchObject({ state: 'complete' })
  expect(sandbox.oauth.logins()).toHaveLength(1)
})

test('to Claude by the program, which ends with its server', { timeout: 120_000 }, async () => {
  const { claude: claudeBin } = await agentPrograms()
  const client = await serve('one', { claudeBin })
  const begun = { type: 'claude/oauth', owner: 'me', name: 'mine', acceptNotice: true } as const
  const login = await start(client, begun)
  expect(login.authorizeUrl).toMatch(/^https:\/\/claude\.ai\//)
  const call = client.call('logins.complete', { id: login.id, pasted: 'half' })
  await expect(call).rejects.toMatchObject({ code: 'invalid' })
  const pasted = await agree(login.authorizeUrl)
  expect(await client.call('logins.complete', { id: login.id, pasted })).toMatchObject({
    state: 'complete',
    credential: { type: 'claude/oauth', fields: { email: 'person@sandbox.invalid', plan: 'max' } },
  })
  const homes = join(directory, 'one', 'sign-ins')
  await expect.poll(() => readdir(homes)).toEqual([])
  await start(client, { ...begun, name: 'other' })
  expect(await readdir(homes)).toHaveLength(1)
  await endings.pop()?.()
  expect(await readdir(homes)).toEqual([])
})

test('without a claude program says so, and opens nothing', async () => {
  const client = await serve('one', { claudeBin: join(directory, 'nowhere') })
  const call = start(client, { type: 'claude/oauth', owner: 'me', acceptNotice: true })
  await expect(call).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('CLAVIGER_CLAUDE_BIN'),
  })
})

test('taking over a login leaves one holder', async () => {
  const client = await serve('one')
  const made = sandbox.oauth.login({ provider: 'openai', account: { id: 'acct-1', email: 'a@example.test' } })
  const { idToken: id_token, accessToken: access_token, refreshToken: refresh_token } = made
  const file = JSON.stringify({ auth_mode: 'chatgpt', tokens: { id_token, access_token, refresh_token } })
  const request = { from: 'codex', file, owner: 'org', name: 'taken' } as const
  expect(await client.call('logins.import', request)).toMatchObject({ renewed: 'yes' })
  const [login] = sandbox.oauth.logins()
  expect(login?.refreshToken).not.toBe(refresh_token)
  // The copy is dead. To try it again would end the login, as its provider takes that for a theft.
  const again = client.call('logins.import', { ...request, name: 'again' })
  await expect(again).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('stored already as taken (org)'),
  })
  expect(sandbox.oauth.logins()).toMatchObject([{ revoked: false, counters: { refreshCalls: 1 } }])
})
