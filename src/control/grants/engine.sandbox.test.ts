// The engine with OpenAI's own way of renewing, against a token endpoint that misbehaves.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { type GrantWorld, grantWorld } from '../../../test/support/grants.ts'
import { Secret } from '../../domain/secret.ts'
import { openAiRenewer } from '../../providers/openai-login.ts'
import type { TokenFault } from '../../sandbox/oauth/faults.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'

const MINUTE = 60_000

let sandbox: Sandbox
let world: GrantWorld
let id: string
let login: string
let refresh = ''

beforeEach(async () => {
  sandbox = await startSandbox()
  world = grantWorld()
  const made = sandbox.oauth.login({ provider: 'openai', settings: { rotation: 'grace', graceMs: 600_000 } })
  login = made.id
  refresh = made.refreshToken ?? ''
  Object.assign(world.provider, { live: made.refreshToken, account: made.account.id })
  id = await world.signIn(-MINUTE)
})
afterEach(() => sandbox.close())

function server() {
  const renewer = openAiRenewer({ issuer: sandbox.issuerUrl })
  const timings = { callTimeout: 500, lease: 1_000 }
  const { timings: standard } = world.server('x').ports
  return world.server('a', { renewerOf: () => renewer, timings: { ...standard, ...timings } }).grants
}

const calls = () => sandbox.oauth.counters().tokenCalls

const tolerated: TokenFault[] = [
  { kind: 'no-refresh-token' },
  { kind: 'unchanged-refresh-token' },
  { kind: 'expires-in', value: 0 },
  { kind: 'expires-in', value: -5 },
  { kind: 'expires-in', value: 'soon' },
  { kind: 'expires-in', value: '3600' },
  { kind: 'expires-in', value: 1e15 },
  { kind: 'expires-in' },
  { kind: 'drip', everyMs: 1, bytes: 200 },
]

it.each(tolerated)('%j is a renewal, and the next one goes on from it', async (fault) => {
  sandbox.oauth.teach(fault, { times: 1 })
  const grants = server()
  expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  expect(calls()).toBe(1)
  expect(await grants.want(id, { kind: 'forced', seen: 2 })).toEqual({ kind: 'good', generation: 3 })
  expect(calls()).toBe(2)
  expect(sandbox.oauth.logins().find((one) => one.id === login)?.counters.reuseDetections).toBe(0)
})

const failing: TokenFault[] = [
  { kind: 'html' },
  { kind: 'html', at: 'after-commit' },
  { kind: 'huge', bytes: 3_000_000, at: 'after-commit' },
  { kind: 'redirect', to: 'http://127.0.0.1:9/elsewhere' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502, at: 'after-commit' },
  { kind: 'status', status: 429, retryAfter: '30' },
  { kind: 'lost' },
  { kind: 'lost', at: 'after-commit' },
  { kind: 'drip', everyMs: 200 },
]

it.each(failing)('%j is tried again after a while, by one call', async (fault) => {
  sandbox.oauth.teach(fault, { times: 1 })
  const grants = server()
  expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later', because: 'failing' })
  await grants.ended()
  expect(calls()).toBe(1)
  expect(await grants.want(id, { kind: 'use' })).toMatchObject({ kind: 'later', because: 'failing' })
  expect(calls()).toBe(1)
  world.clock.now += MINUTE
  expect(await grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
  expect(calls()).toBe(2)
})

it('tells when it issued tokens, by its own clock', async () => {
  await server().want(id, { kind: 'use' })
  const { mintedAt = 0 } = (await world.store.grants.get(id))?.grant ?? {}
  expect(Math.abs(mintedAt - Date.now())).toBeLessThan(MINUTE)
})

it('a login is ended at its issuer; one that cannot be reached, or fails, may be told again', async () => {
  const fields = { refresh: new Secret(refresh) }
  const revoke = (issuer: string) => openAiRenewer({ issuer }).revoke?.('codex/oauth', fields)
  expect(await revoke('http://127.0.0.1:9')).toBe(false)
  expect(await revoke(sandbox.issuerUrl)).toBe(true)
  // It is over already.
  expect(await revoke(sandbox.issuerUrl)).toBe(true)
  expect(await server().want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
})

it('tokens of somebody else are refused', async () => {
  sandbox.oauth.teach({ kind: 'other-account' }, { times: 1 })
  expect(await server().want(id, { kind: 'use' })).toEqual({ kind: 'sign-in' })
  expect(await world.store.credentials.get('org-acme', id)).toMatchObject({
    version: 1,
    stateReason: 'the provider answered for another account',
  })
})
