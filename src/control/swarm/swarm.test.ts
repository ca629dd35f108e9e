import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { type HouseWithLogin, houseWithLogin } from '../../../test/support/house-with-login.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Caller } from '../../domain/caller.ts'
import { leaseOfHandle, readRefreshHandle } from '../../domain/token.ts'
import type { Result } from '../use-case.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let world: HouseWithLogin
let house: House

beforeEach(async () => {
  world = await houseWithLogin()
  house = world.house
})

const holder = (token = 'token-1', changed: Partial<Caller> = {}) =>
  house.caller('bob', { tokenId: token, ...changed })

const ask = (caller: Caller = holder(), more: object = {}) =>
  house.ask(caller, 'config.resolved', { key: 'codex_oauth', includeSecrets: 'true', ...more })

function readValue({ configs }: Result<'config.resolved'>) {
  const text = configs[0]?.value.expose() ?? 'null'
  const value = JSON.parse(text)
  const held = value?.refresh as string
  return { value, held, lease: leaseOfHandle(readRefreshHandle(held)?.handle ?? '') ?? '' }
}

const leaseActs = async () =>
  (await house.audit()).filter(({ action }) => action.startsWith('lease.')).map(({ action }) => action)

describe('codex_oauth', () => {
  it('is the login, in both spellings, with a handle in the place of the refresh token', async () => {
    const answer = await ask()
    expect(answer.configs).toMatchObject([
      { key: 'codex_oauth', scope: 'global', scopeId: null, isSecret: true, description: 'chatgpt of org' },
    ])
    expect(JSON.stringify(answer)).not.toMatch(/at-test|rt-test|clv_lease/)
    const { value, held } = readValue(answer)
    expect(value).toMatchObject({
      ...{ auth_mode: 'chatgpt', OPENAI_API_KEY: null, access: 'at-test-first', accountId: 'acct-1' },
      expires: house.clock.now + HOUR,
      last_refresh: new Date(house.clock.now).toISOString(),
      tokens: {
        ...{ access_token: 'at-test-first', id_token: 'e30.e30.sig', account_id: 'acct-1' },
        oauth_provenance: { issuer: 'http://claviger.test/codex' },
      },
    })
    expect([value.tokens.refresh_token, readRefreshHandle(held)?.generation]).toEqual([held, 1])
    expect(readRefreshHandle(held)?.isFor('acct-1')).toBe(true)
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'lease.create', outcome: 'allowed', objectId: world.credential },
      details: { for: 'config/resolved', generation: 1 },
    })
  })

  it('renews by that handle', async () => {
    const { held } = readValue(await ask())
    const renewed = await world.codex.renew({ token: held, reason: 'unauthorized_recovery', requestId: 'r' })
    expect(renewed.accessToken.expose()).toBe('at-test-1')
    expect(readValue(await ask()).value.access).toBe('at-test-1')
  })

  it('is masked without includeSecrets, and no lease is made', async () => {
    const { configs } = await house.ask(holder(), 'config.resolved', { key: 'codex_oauth' })
    expect(configs[0]?.value.expose()).toBe('********')
    expect([house.opened(), await leaseActs()]).toEqual([0, []])
  })

  it.each([undefined, 'codex_oauth_0', 'OPENAI_API_KEY'])('is not handed out as %s', async (key) => {
    const { configs } = await house.ask(holder(), 'config.resolved', {
      ...(key !== undefined && { key }),
      includeSecrets: 'true',
    })
    expect([configs, house.opened(), await leaseActs()]).toEqual([[], 0, []])
  })

  it('is an empty list that says why, where nothing fits', async () => {
    await house.ask('ann', 'credentials.delete', { id: world.credential })
    expect(await ask()).toEqual({
      configs: [],
      message: 'There is no ChatGPT login for this token. Sign in: claviger codex-login',
    })
  })

  it('is not an API key, whatever goes first', async () => {
    await house.give('bob', 'me', 'key', {
      type: 'codex/api-key',
      fields: { key: 'sk-test-0123456789012345' },
    })
    expect(readValue(await ask()).value.access).toBe('at-test-first')
  })

  it('waits for a provider that is down, and says until when', async () => {
    house.clock.now += HOUR + 1
    world.provider.instead.push(() => ({
      kind: 'failed',
      doubtful: false,
      retryAfterMs: 9_000,
      message: 'busy',
    }))
    const error = await errorOf(ask())
    expect([error.code, (error.retryAfter ?? 0) > 0]).toEqual(['unavailable', true])
    house.clock.now += 60_000
    expect(readValue(await ask()).value.access).toBe('at-test-1')
  })

  it('opens nothing when it cannot be recorded', async () => {
    house.auditFails('allowed')
    expect((await errorOf(ask())).code).toBe('storage_full')
    expect(house.opened()).toBe(0)
  })

  it('is for tokens that may lease', async () => {
    const auditor = house.caller('bob', { tokenId: 'token-2', role: 'auditor' })
    expect((await errorOf(ask(auditor))).code).toBe('forbidden')
    const browser = house.caller('bob', { tokenId: null, sessionId: 'session-1' })
    expect((await errorOf(ask(browser))).message).toContain('not to a browser')
    await house.ask('ann', 'harnesses.set', { harness: 'codex', enabled: false })
    expect((await errorOf(ask())).code).toBe('forbidden')
    expect(house.opened()).toBe(0)
    expect((await house.audit()).filter(({ outcome }) => outcome === 'refused')).toHaveLength(3)
  })
})

describe('the lease behind it', () => {
  it('is the same however often one token asks, and is read then', async () => {
    const leases = new Set<string>()
    for (let i = 0; i < 20; i += 1) leases.add(readValue(await ask()).held)
    expect(leases.size).toBe(1)
    expect(await leaseActs()).toEqual(['lease.create', ...Array(19).fill('lease.read')])
  })

  it('is one for all who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()))
    expect(new Set(answers.map((answer) => readValue(answer).held)).size).toBe(1)
  })

  it('is another for another token, and for another worker with the same one', async () => {
    const asked = [
      ask(),
      ask(holder('token-2')),
      ask(holder(), { agentId: 'worker-1' }),
      ask(holder(), { agentId: 'worker-2' }),
    ]
    const leases = (await Promise.all(asked)).map((answer) => readValue(answer).lease)
    expect(new Set(leases).size).toBe(4)
    const row = await house.ports.store.leases.lookUp(leases[1] ?? '')
    expect(row).toMatchObject({ tokenId: 'token-2', holderId: 'bob', harness: 'codex' })
  })

  it('is a new one after it was ended, and on another day', async () => {
    const first = readValue(await ask())
    await world.codex.revoke({ token: first.held, requestId: 'r' })
    const second = readValue(await ask())
    expect(second.lease).not.toBe(first.lease)
    house.clock.now += DAY
    expect([first.lease, second.lease]).not.toContain(readValue(await ask()).lease)
  })

  it('is refused to whoever ends them all day long', async () => {
    for (let i = 0; i < 32; i += 1)
      await world.codex.revoke({ token: readValue(await ask()).held, requestId: 'r' })
    expect(await errorOf(ask())).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Number) })
    expect(readValue(await ask(holder('token-2'))).value.access).toBe('at-test-first')
  })

  it('lives until after its token', async () => {
    const { lease } = readValue(await ask())
    const before = (await house.ports.store.leases.lookUp(lease))?.expiresAt ?? 0
    house.clock.now += 1_000
    await ask()
    const after = (await house.ports.store.leases.lookUp(lease))?.expiresAt ?? 0
    expect([before >= house.clock.now + HOUR - 1_000, after >= before]).toEqual([true, true])
  })
})

describe('a task', () => {
  it('is a run, with the type and suffix of its credential', async () => {
    const plain = createHouse()
    await plain.give('bob', 'me', 'own')
    const asked = {
      harness: 'claude',
      workspace: { kind: 'git', url: 'https://example.test/a.git' },
    } as const
    const { id } = await plain.ask('bob', 'runs.create', { ...asked, prompt: 'mend it' })
    const read = (who: 'bob' | 'eve' = 'bob') => plain.ask(who, 'tasks.read', { id })
    const { credentialKeyType, credentialKeySuffix, ...queued } = await read()
    expect(queued).toMatchObject({
      id,
      task: 'mend it',
      status: 'pending',
      provider: 'claude',
      agentId: null,
    })
    expect([credentialKeyType, credentialKeySuffix]).toEqual([undefined, undefined])
    const worker = await workerOf(plain)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('it was not claimed')
    await worker.lease(run)
    expect(await read()).toMatchObject({
      ...{ status: 'in_progress', credentialKeyType: 'ANTHROPIC_API_KEY', credentialKeySuffix: '6789' },
      agentId: expect.any(String),
    })
    await plain.ask('bob', 'runs.end', { id })
    await worker.report(run, { is: 'state', state: 'done' })
    expect(await read()).toMatchObject({ status: 'completed', finishedAt: expect.any(String) })
    expect((await errorOf(read('eve'))).code).toBe('not_found')
  })
})
