// B5, B7: ends that renewing cannot move, and logins that are known twice, are told, each once.

import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { houseWithLogin } from '../../../test/support/house-with-login.ts'
import { signedIn } from '../../domain/grants/grant.ts'
import type { EventName } from '../../domain/telling/events.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import { createGuard } from '../guard.ts'
import { forecast } from './forecast.ts'
import { createTell } from './tell.ts'
import { startTelling } from './telling.ts'

const DAY = 86_400_000

let house: House

beforeEach(() => {
  house = createHouse()
})

async function look(): Promise<void> {
  const { signal } = new AbortController()
  await forecast({ ...house.ports, tell: createTell(house.ports), signal })
}

async function told() {
  const { events } = await house.ask('aud', 'events.list', {})
  return events.map(({ type, reason, credential }) => `${type} ${credential.name}: ${reason}`)
}

async function giveGrant(name: string, changed: Partial<GrantRow> & { endsAt?: number }): Promise<GrantRow> {
  const { endsAt = null, ...rest } = changed
  const credentialId = await house.give('ada', 'org', name)
  const tokens = { issuedAt: 0, expiresAt: house.clock.now + 3_600_000, endsAt, renewable: true }
  const row: GrantRow = {
    ...{ credentialId, organizationId: 'org-acme', revision: 1, dueAt: null, account: '', digest: '' },
    grant: signedIn(`login-${name}`, 1, tokens),
    ...rest,
  }
  await house.ports.store.grants.insert(row)
  return row
}

describe('the end of a chain', () => {
  it('is told at 14, 7, 3 and 1 days, each once, however often anybody looks', async () => {
    const end = house.clock.now + 20 * DAY
    await giveGrant('chatgpt', { endsAt: end })
    await giveGrant('endless', {})
    const counts: number[] = []
    for (const left of [20, 15, 14, 13, 8, 7, 6, 3, 2, 1, 0.5, 0, -1]) {
      house.clock.now = end - left * DAY
      await Promise.all([look(), look()])
      counts.push((await told()).length)
    }
    expect(counts).toEqual([0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4])
    expect((await told())[2]).toMatch(/^grant.ends_soon chatgpt: It ends in 3 days, .* Sign in again/)
  })

  it('is told once when it is near already, and again of a new login', async () => {
    const row = await giveGrant('chatgpt', { endsAt: house.clock.now + 2 * DAY })
    await look()
    expect(await told()).toHaveLength(1)
    const grant = { ...row.grant, login: 'another', endsAt: house.clock.now + 2 * DAY }
    await house.ports.store.grants.update(row.credentialId, 1, { grant, dueAt: null })
    await look()
    expect(await told()).toHaveLength(2)
  })

  it('of a login that is over is no news', async () => {
    const row = await giveGrant('chatgpt', { endsAt: house.clock.now + 2 * DAY })
    const refusal = { generation: 1, reason: 'revoked', at: 0 } as const
    await house.ports.store.grants.update(row.credentialId, 1, {
      grant: { ...row.grant, refusal },
      dueAt: null,
    })
    await look()
    expect(await told()).toEqual([])
  })
})

describe('what is not renewed', () => {
  const token = { type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test-0123456789' } } as const

  it('as a setup token, is told by an estimate, a year after it was stored, renamed or not', async () => {
    await house.ask('ann', 'policy.set', { harness: 'claude', policy: 'owner' })
    const id = await house.give('bob', 'me', 'mine', { ...token, acceptNotice: true })
    await house.give('bob', 'me', 'key')
    house.clock.now += 300 * DAY
    await house.ask('bob', 'credentials.rename', { id, name: 'renamed' })
    await look()
    expect(await told()).toEqual([])
    house.clock.now += 60 * DAY
    await look()
    await look()
    expect(await told()).toEqual([
      'grant.ends_soon renamed: It ends in 5 days by our estimate, a year after it was stored. Store a new one before.',
    ])
  })

  it('ends when its own row says so', async () => {
    const id = await house.give('ada', 'org', 'main')
    await house.ports.store.credentials.update('org-acme', id, 1, { expiresAt: house.clock.now + DAY })
    await look()
    expect(await told()).toEqual([expect.stringContaining('grant.ends_soon main: It ends within a day')])
  })
})

describe('a login that is known twice', () => {
  it('is told of both, once; of another organization nothing but that there is one', async () => {
    await giveGrant('one', { digest: 'd1', account: 'acc' })
    await giveGrant('two', { digest: 'd2', account: 'acc' })
    const eve = await house.give('eve', 'org', 'hers')
    const tokens = { issuedAt: 0, expiresAt: null, endsAt: null, renewable: true }
    await house.ports.store.grants.insert({
      ...{ credentialId: eve, organizationId: 'org-globex', revision: 1, dueAt: null, account: 'x' },
      ...{ digest: 'd1', grant: signedIn('l', 1, tokens) },
    })
    await look()
    await look()
    expect((await told()).sort()).toEqual([
      'grant.duplicate_found one: The same account is signed in as two of org too.',
      expect.stringContaining('one: The same login is stored elsewhere on this server: whoever renews first'),
      'grant.duplicate_found two: The same account is signed in as one of org too.',
    ])
    const hers = (await house.ask('eve', 'events.list', {})).events
    expect(hers).toMatchObject([
      { type: 'grant.duplicate_found', reason: expect.not.stringMatching(/ as | of org/) },
    ])
  })
})

it('what is told leads to where something is done about it, of a login right to signing in again', async () => {
  const { house: home, credential } = await houseWithLogin()
  const tell = createTell(home.ports)
  const linkOf = async (event: EventName, credentialId: string) => {
    const notice = { event, organizationId: 'org-acme', credentialId, reason: 'so' }
    await home.ports.store.atomically((unit) => tell(unit, notice))
    const { events } = await home.ask('aud', 'events.list', {})
    return events.find(({ type, credential: { id } }) => type === event && id === credentialId)?.link
  }
  const page = `http://claviger.test/credentials/${credential}`
  expect(await linkOf('grant.login_needed', credential)).toBe(`${page}?do=sign-in`)
  expect(await linkOf('grant.ends_soon', credential)).toBe(`${page}?do=sign-in`)
  expect(await linkOf('grant.refresh_failing', credential)).toBe(page)
  expect(await linkOf('grant.recovered', credential)).toBeNull()
  // A key has an end, and no sign-in.
  const key = await home.give('ada', 'org', 'main')
  expect(await linkOf('grant.ends_soon', key)).toBe(`http://claviger.test/credentials/${key}`)
})

it('a server looks, sends and forgets by itself, until it is stopped', async () => {
  await giveGrant('chatgpt', { endsAt: house.clock.now + 2 * DAY })
  await house.ask('ann', 'webhooks.create', { url: 'https://hooks.example.test/a' })
  const nothing = () => undefined
  const ports = {
    ...house.ports,
    guard: createGuard(house.ports),
    ...{ sender: house.ports.webhooks, chance: () => 0.5, sendEvery: 5 },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  }
  const first = startTelling(ports)
  await expect
    .poll(async () => (await house.ask('aud', 'events.list', {})).events[0]?.deliveries[0]?.state)
    .toBe('delivered')
  await first.stop()
  house.clock.now += 100 * DAY
  const second = startTelling(ports)
  await expect.poll(told).toEqual([])
  await second.stop()
})
