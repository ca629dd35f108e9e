import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import type { PersonName } from '../../../test/support/people.ts'
import type { SignInOfTest } from '../../../test/support/sign-in.ts'

const HOUR = 3_600_000

let house: House
let codex: SignInOfTest
let credential: string

const start = (who: PersonName, link: string, more: object = {}) =>
  house.ask(who, 'logins.start', { type: 'codex/oauth', method: 'paste', link, ...more })
const submit = (who: PersonName, { id }: { id: string }) =>
  house.ask(who, 'logins.complete', { id, pasted: 'good' })
const describeLink = (who: PersonName, code: string) => house.ask(who, 'loginLinks.describe', { code })

async function codeFor(member?: string, by: PersonName = 'ada'): Promise<string> {
  const made = await house.ask(by, 'loginLinks.create', { id: credential, ...(member && { member }) })
  return made.link.expose().split('#')[1] ?? ''
}

beforeEach(async () => {
  house = createHouse()
  codex = house.signIns[0] as SignInOfTest
  await house.ask('ada', 'policy.set', { harness: 'codex', policy: 'shared' })
  const begun = await house.ask('ada', 'logins.start', {
    ...{ type: 'codex/oauth', owner: 'org', name: 'shared', method: 'paste' },
  })
  credential = (await submit('ada', begun)).credential?.id ?? ''
})

describe('a link to sign in again', () => {
  it('lets the person it is for do that, for this credential, once', async () => {
    const code = await codeFor('bob@example.test')
    expect(await describeLink('bob', code)).toMatchObject({
      ...{ credential: { id: credential, name: 'shared', type: 'codex/oauth', owner: 'org' } },
      ...{ account: 'ada@example.test', methods: ['browser', 'paste', 'device'] },
    })
    const login = await start('bob', code)
    const done = await submit('bob', login)
    expect(done).toMatchObject({ state: 'complete' })
    // A member still sees no more of it than name and type.
    expect(done.credential).not.toHaveProperty('suffix')
    expect(await house.ask('ada', 'credentials.get', { id: credential })).toMatchObject({ version: 2 })
    expect((await errorOf(start('bob', code))).message).toBe('This link was used already.')
    expect((await errorOf(describeLink('bob', code))).code).toBe('conflict')
    // And nothing else: not even the same without a link.
    const again = { type: 'codex/oauth', method: 'paste', credential } as const
    expect((await errorOf(house.ask('bob', 'logins.start', again))).code).toBe('forbidden')
  })

  it('makes nobody who holds it that person', async () => {
    const code = await codeFor('bob@example.test')
    for (const who of ['ada', 'ann', 'cyd', 'aud'] as const) {
      expect((await errorOf(describeLink(who, code))).message).toBe('This link is for somebody else.')
      expect((await errorOf(start(who, code))).code).toBe('forbidden')
    }
    expect((await errorOf(start('eve', code))).code).toBe('not_found')
    expect((await errorOf(start('bob', `${code.slice(0, -1)}x`))).code).toBe('not_found')
    expect(codex.begun).toHaveLength(1)
    await start('bob', code)
    const refused = (await house.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ action }) => action)).toContain('login.open')
  })

  it('is for the account that the credential has, and for nothing else', async () => {
    const code = await codeFor('bob@example.test')
    for (const more of [{ replaceAccount: true }, { credential }])
      expect((await errorOf(start('bob', code, more))).code).toBe('invalid')
    const wrongType = { type: 'claude/oauth', method: 'paste', link: code } as const
    expect((await errorOf(house.ask('bob', 'logins.start', wrongType))).code).toBe('invalid')
    const login = await start('bob', code)
    codex.account = 'acct-of-bob'
    expect((await errorOf(submit('bob', login))).code).toBe('conflict')
    expect(await house.ask('ada', 'credentials.get', { id: credential })).toMatchObject({ version: 1 })
  })

  it('ends with its time, and with the right of whoever made it, also while it is used', async () => {
    const late = await codeFor('bob@example.test')
    house.clock.now += 25 * HOUR
    expect((await errorOf(start('bob', late))).message).toBe('This link has expired.')
    const code = await codeFor('bob@example.test', 'ann')
    const login = await start('bob', code)
    const other = await codeFor('bob@example.test', 'ann')
    house.people.change('ann', { role: 'member' })
    expect((await errorOf(start('bob', other))).code).toBe('forbidden')
    expect((await errorOf(submit('bob', login))).code).toBe('forbidden')
    expect(await house.ask('ada', 'credentials.get', { id: credential })).toMatchObject({ version: 1 })
  })

  it('gives no right when it is for nobody in particular', async () => {
    const code = await codeFor()
    expect((await errorOf(start('bob', code))).code).toBe('forbidden')
    expect(await submit('ann', await start('ann', code))).toMatchObject({ state: 'complete' })
  })

  it('is used by one of many who try at once', async () => {
    const code = await codeFor('bob@example.test')
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => start('bob', code)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is made by those who look after a login, and stands nowhere afterwards', async () => {
    expect((await errorOf(house.ask('bob', 'loginLinks.create', { id: credential }))).code).toBe('forbidden')
    const key = await house.give('ada', 'org', 'key')
    expect((await errorOf(house.ask('ada', 'loginLinks.create', { id: key }))).code).toBe('invalid')
    const code = await codeFor('bob@example.test')
    const kept = JSON.stringify([
      await house.audit(),
      await house.ports.store.installation.beginningWith('login'),
    ])
    expect(kept).not.toContain(code)
  })
})
