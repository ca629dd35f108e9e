// Codex against three servers on one Postgres: copies of one home are refused at once, each renews with another server, and
// the login is renewed once.

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { createReplicas, type Replica, type Replicas } from '../support/replicas.ts'
import { storeLogin } from '../support/stored-login.ts'
import { usePostgres } from '../support/use-postgres.ts'
import { codexMachine } from './codex-machine.ts'

const TURN = ['exec', '--skip-git-repo-check', 'say hi']
const PROVIDER_MS = 500
// Of each server, beside the programs.
const ASKS = 20

const postgres = usePostgres()
let directory: string
let sandbox: Sandbox
let replicas: Replicas
let databaseUrl: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-codex-'))
  sandbox = await startSandbox()
  databaseUrl = await postgres.createDatabase()
  replicas = createReplicas(databaseUrl)
})

afterEach(async () => {
  await replicas.close()
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

test('four copies of a home and a burst are refused at once: one renewal, and all go on', async () => {
  const servers = await three()
  const made = sandbox.oauth.login({ provider: 'openai' })
  const { organization } = await servers[0].client().call('whoami', {})
  await storeLogin(made, { databaseUrl, organizationId: organization.id, name: 'chatgpt' })
  const { codex: program } = await agentPrograms()
  const machine = (name: string, { url, token }: Replica) => {
    const refreshUrl = `${url}/codex/oauth/token`
    const steering = { CODEX_REFRESH_TOKEN_URL_OVERRIDE: refreshUrl }
    return codexMachine({ home: join(directory, name), program, sandbox, url, token, steering })
  }
  const [first, second, third] = servers
  const places = { a: first, b: second, c: third, d: first }
  const machines = await Promise.all(Object.entries(places).map(([name, server]) => machine(name, server)))
  expect(await machines[0]?.claviger(['restore', '--harness', 'codex'])).toMatchObject({ code: 0 })
  const home = (name: string) => join(directory, name, '.codex')
  for (const name of ['b', 'c', 'd']) await cp(home('a'), home(name), { recursive: true })
  const held = (await machines[3]?.readLogin('.codex'))?.tokens['refresh_token'] ?? ''

  sandbox.oauth.revokeAccessToken(made.accessToken)
  sandbox.oauth.teach({ kind: 'delay', ms: PROVIDER_MS })
  const turns = Promise.all(machines.map(({ codex }) => codex('.codex', ...TURN)))
  await expect.poll(() => sandbox.oauth.counters().refreshCalls, { timeout: 30_000, interval: 20 }).toBe(1)
  const asks = servers.flatMap(({ url }) => Array.from({ length: ASKS }, () => renew(url, held)))
  const answers = await Promise.all(asks)
  expect((await turns).map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', ''])
  expect(sandbox.oauth.counters()).toMatchObject({ refreshCalls: 1, granted: 1, maxInFlight: 1 })

  const current = sandbox.oauth.logins()[0]?.accessToken
  expect(current).not.toBe(made.accessToken)
  expect(new Set(answers.map(({ status, token }) => `${status} ${token}`))).toEqual(
    new Set([`200 ${current}`]),
  )
  for (const { readLogin, leaks } of machines) {
    expect((await readLogin('.codex')).tokens['access_token']).toBe(current)
    expect(await leaks()).toEqual([])
  }
}, 120_000)

async function three(): Promise<[Replica, Replica, Replica]> {
  const settings = { openaiIssuer: sandbox.issuerUrl }
  const first = await replicas.start(settings)
  const [second, third] = await Promise.all([replicas.start(settings), replicas.start(settings)])
  return [first, second, third]
}

async function renew(url: string, held: string): Promise<{ status: number; token: unknown }> {
  const question = {
    grant_type: 'refresh_token',
    refresh_token: held,
    refresh_reason: 'unauthorized_recovery',
  }
  const response = await fetch(`${url}/codex/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  const body = (await response.json()) as { access_token?: unknown }
  return { status: response.status, token: body.access_token }
}
