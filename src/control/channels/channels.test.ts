import { describe, expect, it, vi } from 'vitest'
import { createHouse, errorOf } from '../../../test/support/house.ts'
import { PLATFORM_SECRETS } from '../../../test/support/platform.ts'
import { createGithubChannel } from '../../channels/github/github.ts'

const NEW = {
  ...({ kind: 'github', name: 'shop' } as const),
  settings: { handle: ' claviger ' },
  secrets: PLATFORM_SECRETS,
}

describe('a channel', () => {
  it('is made, listed, changed, tried and removed; its secrets are given back to nobody', async () => {
    const house = createHouse()
    const made = await house.ask('ada', 'channels.create', NEW)
    expect(made).toMatchObject({
      ...{ kind: 'github', settings: { handle: 'claviger' }, strangers: 'refuse', agent: null },
      ...{ access: 'write', secretNames: ['signing', 'token'], lastDeliveryAt: null },
      deliverTo: 'http://claviger.test/webhooks/github',
    })
    await house.ask('ada', 'channels.update', { id: 'shop', name: 'store', access: 'read' })
    const { channels, kinds } = await house.ask('bob', 'channels.list', {})
    expect(channels).toMatchObject([{ id: made.id, name: 'store', access: 'read' }])
    expect(kinds).toMatchObject([{ kind: 'github', fields: [{ name: 'handle' }, { secret: true }, {}] }])
    const tried = { works: true, account: 'claviger-app', message: '' }
    expect(await house.ask('ada', 'channels.test', { id: made.id })).toEqual(tried)
    const everything = JSON.stringify([
      await house.ask('ada', 'channels.get', { id: made.id }),
      channels,
      await house.audit(),
    ])
    for (const secret of Object.values(PLATFORM_SECRETS)) expect(everything).not.toContain(secret)
    await house.ask('ada', 'channels.remove', { id: made.id })
    expect((await house.ask('ada', 'channels.list', {})).channels).toEqual([])
    const actions = (await house.audit()).map(({ action }) => action)
    for (const action of ['create', 'update', 'test', 'remove'])
      expect(actions).toContain(`channel.${action}`)
  })

  it('keeps its secrets when others of it change, also those beside one that does', async () => {
    const house = createHouse()
    const { id } = await house.ask('ada', 'channels.create', NEW)
    const row = () => house.ports.store.channels.get('org-acme', id)
    const before = await row()
    await house.ask('ada', 'channels.update', { id, settings: { handle: 'other' } })
    expect(await row()).toMatchObject({ secrets: before?.secrets, wrappedKey: before?.wrappedKey })
    await house.ask('ada', 'channels.test', { id })
    expect((await row())?.accountId).not.toBeNull()
    const signing = 'fake-other-signing-secret'
    const changed = await house.ask('ada', 'channels.update', { id, secrets: { signing } })
    expect(changed.secretNames).toEqual(['signing', 'token'])
    expect((await house.ask('ada', 'channels.test', { id })).works).toBe(true)
    await house.ask('ada', 'channels.update', { id, secrets: { token: 'fake-other-token' } })
    expect((await row())?.accountId).toBeNull()
    expect(await house.ask('ada', 'channels.test', { id })).toEqual({
      ...{ works: false, account: null, message: 'The platform does not take this token.' },
    })
    const opened = (await house.audit()).filter(({ action }) => action === 'channel.update')
    expect(opened).toHaveLength(3)
  })

  it('has its account from the beginning, and another one with another secret', async () => {
    const house = createHouse()
    const { id, ...made } = await house.ask('ada', 'channels.create', NEW)
    expect(made).toMatchObject({ account: 'account-of-ourselves', accountName: 'claviger-app' })
    const known = async () => (await house.ask('bob', 'channels.list', {})).channels[0]
    expect(await known()).toMatchObject({ account: 'account-of-ourselves', accountName: 'claviger-app' })
    const signing = 'fake-other-signing-secret'
    expect(await house.ask('ada', 'channels.update', { id, secrets: { signing } })).toMatchObject({
      accountName: 'claviger-app',
    })
    const token = 'fake-other-token'
    expect(await house.ask('ada', 'channels.update', { id, secrets: { token } })).toMatchObject({
      ...{ account: null, accountName: null, secretNames: ['signing', 'token'] },
    })
    expect(await known()).toMatchObject({ account: null, accountName: null })
  })

  it('is added when its platform is away, too, and has its account as soon as it is tried', async () => {
    const house = createHouse()
    house.platform.isAway = true
    const { id, ...made } = await house.ask('ada', 'channels.create', NEW)
    expect(made).toMatchObject({ account: null, accountName: null })
    house.platform.isAway = false
    await house.ask('ada', 'channels.test', { id })
    expect(await house.ask('ada', 'channels.get', { id })).toMatchObject({ accountName: 'claviger-app' })
  })

  it('waits for no platform that says nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const house = createHouse()
      house.platform.holds = new Promise(() => undefined)
      const adding = house.ask('ada', 'channels.create', NEW)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await adding).toMatchObject({ account: null })
    } finally {
      vi.useRealTimers()
    }
  })

  it('is refused without what its platform needs, also when that is taken away', async () => {
    const house = createHouse()
    const options = {
      ...{ url: 'http://127.0.0.1:1', site: 'https://github.com', allowPrivate: false },
      accounts: 'github',
    }
    Object.assign(house.ports.channels, { github: createGithubChannel(options) })
    const signing = 'fake-webhook-secret-of-a-test'
    const privateKey = `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(200)}\n-----END PRIVATE KEY-----`
    const token = 'fake-github-token-of-a-robot'
    const make = (appId: string | null, secrets: Record<string, string>) =>
      house.ask('ada', 'channels.create', {
        ...{ kind: 'github', name: `c${appId}`, secrets: { signing, ...secrets } },
        settings: { handle: 'claviger', ...(appId !== null && { appId }) },
      })
    for (const [appId, secrets] of [
      [null, {}],
      ['12', {}],
      [null, { privateKey }],
      ['12', { token }],
    ] as const)
      expect((await errorOf(make(appId, secrets))).message).toMatch(/is missing/)
    await make('12', { privateKey })
    const changed = await house.ask('ada', 'channels.update', {
      id: 'c12',
      secrets: { signing: `${signing}2` },
    })
    expect(changed.secretNames).toEqual(['privateKey', 'signing'])
    const without = house.ask('ada', 'channels.update', { id: 'c12', settings: { handle: 'claviger' } })
    expect((await errorOf(without)).message).toMatch(/Token is missing/)
    const other = { id: 'c12', settings: { handle: 'claviger' }, secrets: { token, privateKey: '' } }
    expect((await house.ask('ada', 'channels.update', other)).secretNames).toEqual(['signing', 'token'])
  })

  it.each([
    ['a setting that is missing', { settings: {} }, /Handle is missing/],
    ['a setting that is malformed', { settings: { handle: '@a b' } }, /is the name that is mentioned/],
    ['a setting that there is not', { settings: { handle: 'a', other: 'b' } }, /no such setting/],
    ['a secret that is missing', { secrets: { signing: '12345678' } }, /Token is missing/],
    ['a secret among the settings', { settings: { handle: 'a', token: 'fake-1' } }, /no such setting/],
    ['an agent that there is not', { agent: 'nobody' }, /no agent nobody/],
    ['strangers without an agent', { strangers: 'organization' }, /Which agent/],
    ['a platform that there is not', { kind: 'linear' }, /no channel to linear/],
  ] as const)('is refused with %s, and nothing is stored', async (_, changed, said) => {
    const house = createHouse()
    const { message } = await errorOf(house.ask('ada', 'channels.create', { ...NEW, ...changed }))
    expect(message).toMatch(said)
    expect(await house.ports.store.channels.list('org-acme')).toEqual([])
  })

  it('repeats no secret that is malformed', async () => {
    const secrets = { signing: '12345678', token: 'pasted-in-the-wrong-place' }
    const refused = await errorOf(createHouse().ask('ada', 'channels.create', { ...NEW, secrets }))
    expect(`${refused.message} ${refused.hint}`).not.toContain(secrets.token)
  })

  it('is of one organization, and its agent serves no more when it was deleted', async () => {
    const house = createHouse()
    await house.ask('ada', 'agents.create', { name: 'helper' })
    const asked = { ...NEW, agent: 'helper', strangers: 'organization' } as const
    const { id } = await house.ask('ada', 'channels.create', asked)
    expect((await errorOf(house.ask('eve', 'channels.get', { id }))).code).toBe('not_found')
    await house.ask('ada', 'agents.delete', { agent: 'helper' })
    await house.ask('ada', 'agents.create', { name: 'helper' })
    expect((await house.ask('ada', 'channels.get', { id })).agent).toBeNull()
  })
})
