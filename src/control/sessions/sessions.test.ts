// Browsers that people are signed in with: how they get in, what they are, and everything that ends them.

import { beforeEach, describe, expect, it } from 'vitest'
import { BROWSER, givePassword, PASSWORD, signIn } from '../../../test/support/browsers.ts'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import type { PersonName } from '../../../test/support/people.ts'
import { sha256 } from '../../lib/digest.ts'
import { type Authenticate, createAuthenticator } from '../authenticate.ts'
import { createControl } from '../control.ts'

const DAY = 86_400_000
const VISITOR = { address: '192.0.2.1', requestId: 'r' }
const OTHER = 'another password'

let house: House
let here: Authenticate
/** Another server of the same database. */
let there: Authenticate

beforeEach(() => {
  house = createHouse()
  here = createAuthenticator(house.ports)
  there = createAuthenticator(house.ports)
})

const caller = (cookie: string) => here(cookie, 'request-1', 'cookie')

/** Bob also is an admin of Globex. */
async function bobInTwo(): Promise<void> {
  const { identity, store } = house.ports
  const member = { email: 'bob@example.test', name: '', role: 'admin', teams: [] } as const
  await store.atomically((unit) => identity.changing(unit).addMember('org-globex', member))
}

const attempt = (changed: object = {}, from: Parameters<House['visit']>[2] = BROWSER) =>
  house.visit('session.create', { email: 'bob@example.test', password: PASSWORD, ...changed }, from)

describe('signing in', () => {
  it('makes the browser its person, with their role and teams', async () => {
    const { cookie, id, session, expiresAt } = await signIn(house, 'bob')
    expect(await caller(cookie)).toEqual({
      ...{ organizationId: 'org-acme', kind: 'person', id: 'bob', name: 'bob@example.test', role: 'member' },
      ...{ teams: ['platform'], agent: null, operator: true },
      ...{ tokenId: null, sessionId: id, leaseId: null, requestId: 'request-1' },
    })
    expect(session).toEqual({
      person: {
        ...{ id: 'bob', email: 'bob@example.test', name: 'bob', role: 'member', teams: ['platform'] },
        ...{ hasPassword: true, secondFactor: false },
      },
      organization: { id: 'org-acme', name: 'Acme' },
      organizations: [{ id: 'org-acme', name: 'Acme' }],
      operator: true,
      session: { id, method: 'password', createdAt: expect.any(String), expiresAt: expect.any(String) },
    })
    expect(await house.ask(await caller(cookie), 'session.read', {})).toEqual(session)
    expect(expiresAt).toBe(house.clock.now + 30 * DAY)
  })

  it('is kept as a digest, and recorded without a value', async () => {
    const { cookie, id } = await signIn(house, 'bob')
    const kept = await house.ports.store.sessions.ofPerson('bob')
    expect(kept).toMatchObject([
      { id, digest: sha256(cookie), address: '192.0.2.1', userAgent: 'Testzilla/1.0 (X11)' },
    ])
    const audit = await house.audit()
    expect(audit.at(-1)).toMatchObject({
      ...{
        action: 'session.create',
        actorId: 'bob',
        objectKind: 'session',
        objectId: id,
        outcome: 'allowed',
      },
      details: { by: 'password', browser: 'Testzilla/1.0 (X11)', address: '192.0.2.1' },
    })
    expect(JSON.stringify([kept, audit])).not.toContain(cookie)
    expect(JSON.stringify(audit)).not.toContain(PASSWORD)
  })

  it('refuses a wrong password and an unknown e-mail in the same words; the first is recorded', async () => {
    await givePassword(house, 'bob')
    const wrong = await errorOf(attempt({ password: OTHER }))
    const unknown = await errorOf(attempt({ email: 'nobody@example.test' }))
    expect(wrong).toMatchObject({ code: 'unauthenticated', message: unknown.message, hint: unknown.hint })
    expect(await house.ports.store.sessions.ofPerson('bob')).toEqual([])
    expect(await house.audit()).toMatchObject([
      {
        ...{ action: 'session.create', actorKind: 'visitor', objectKind: 'member', objectId: 'bob' },
        ...{ outcome: 'refused', details: { reason: 'wrong password', address: '192.0.2.1' } },
      },
    ])
  })

  it('is for pages of this server only', async () => {
    await givePassword(house, 'bob')
    expect(await errorOf(attempt({}, '192.0.2.1'))).toMatchObject({ code: 'forbidden' })
    expect(await house.audit()).toEqual([])
  })

  it('is limited by address and person: whoever guesses from one address keeps nobody out elsewhere', async () => {
    await givePassword(house, 'bob')
    for (let i = 0; i < 10; i += 1) await errorOf(attempt({ password: OTHER }))
    expect(await errorOf(attempt())).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Number) })
    const elsewhere = { ...BROWSER, address: '198.51.100.7' }
    await expect(attempt({}, elsewhere)).resolves.toMatchObject({ state: 'signed-in' })
    house.clock.now += 60_000
    await expect(attempt()).resolves.toMatchObject({ state: 'signed-in' })
  })

  it('leads to the organization that was named, else the one used last, else the first', async () => {
    await bobInTwo()
    expect((await signIn(house, 'bob')).session.organization.name).toBe('Acme')
    house.clock.now += 1
    expect((await signIn(house, 'bob', { organization: 'globex' })).session.organization.id).toBe(
      'org-globex',
    )
    house.clock.now += 1
    expect((await signIn(house, 'bob')).session.organization.id).toBe('org-globex')
    expect(await errorOf(attempt({ organization: 'Initech' }))).toMatchObject({ code: 'forbidden' })
  })

  it('is refused to whoever belongs nowhere any more', async () => {
    await givePassword(house, 'bob')
    house.people.change('bob', null)
    expect(await errorOf(attempt())).toMatchObject({
      code: 'forbidden',
      message: 'You belong to no organization.',
    })
  })

  it('is refused when the password was changed while it was checked', async () => {
    await givePassword(house, 'bob')
    const { provePassword } = house.ports.identity
    const changing = {
      ...house.ports.identity,
      provePassword: async (...given: Parameters<typeof provePassword>) => {
        const proof = await provePassword(...given)
        await givePassword(house, 'bob', OTHER)
        return proof
      },
    }
    const control = createControl({ ...house.ports, identity: changing })
    const given = { email: 'bob@example.test', password: PASSWORD }
    const late = control['session.create']({ ...VISITOR, ...BROWSER }, given)
    expect(await errorOf(late)).toMatchObject({ code: 'unauthenticated' })
    expect(await house.ports.store.sessions.ofPerson('bob')).toEqual([])
  })

  it('with the right password into an organization that is not theirs is recorded', async () => {
    await givePassword(house, 'bob')
    expect(await errorOf(attempt({ organization: 'Globex' }))).toMatchObject({ code: 'forbidden' })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'session.create', outcome: 'refused', objectId: 'bob' },
      details: { reason: 'right password, no such organization of theirs' },
    })
  })

  it('ends the session that the browser had, and no other', async () => {
    const [first, second] = [await signIn(house, 'bob'), await signIn(house, 'bob')]
    await there(first.cookie, 'r', 'cookie')
    const had = { browser: { ...BROWSER.browser, had: sha256(first.cookie) } }
    await expect(attempt({}, had)).resolves.toMatchObject({ state: 'signed-in' })
    expect(await errorOf(there(first.cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    await caller(second.cookie)
    const ended = (await house.audit()).find(({ action }) => action === 'session.end')
    expect(ended).toMatchObject({ actorId: 'bob', objectId: first.id })
    // Somebody else, with the same browser.
    await givePassword(house, 'cyd')
    const other = { browser: { ...BROWSER.browser, had: sha256(second.cookie) } }
    await attempt({ email: 'cyd@example.test' }, other)
    expect(await errorOf(caller(second.cookie))).toMatchObject({ code: 'unauthenticated' })
    expect(
      (await house.audit()).find(
        ({ objectId, action }) => objectId === second.id && action === 'session.end',
      ),
    ).toMatchObject({
      actorKind: 'visitor',
    })
  })

  it('leaves no session when it cannot be recorded', async () => {
    await givePassword(house, 'bob')
    house.auditFails('allowed')
    expect(await errorOf(attempt())).toMatchObject({ code: 'storage_full' })
    expect(await house.ports.store.sessions.ofPerson('bob')).toEqual([])
  })

  it('says how one can sign in, and whether browsers keep it', async () => {
    const takesCookies = async (url: string) => {
      const control = createControl({ ...house.ports, publicUrl: () => url })
      const { takesCookies: takes, ...others } = await control['signIn.methods'](VISITOR, {})
      expect(others).toEqual({ password: true, providers: [] })
      return takes
    }
    for (const url of [
      'https://claviger.test',
      'http://127.0.0.1:7717',
      'http://[::1]:7717',
      'http://localhost:1',
    ])
      expect([url, await takesCookies(url)]).toEqual([url, true])
    for (const url of ['http://claviger.test', 'http://192.0.2.1:7717', 'http://127.0.0.1.claviger.test'])
      expect([url, await takesCookies(url)]).toEqual([url, false])
  })
})

describe('a cookie', () => {
  it('is no token, and a token is no cookie', async () => {
    const { cookie } = await signIn(house, 'bob')
    const request = { name: 'mine', role: 'member', expiresInSeconds: null } as const
    const token = (await house.ask('bob', 'tokens.create', request)).token.expose()
    expect(await errorOf(here(cookie, 'r'))).toMatchObject({ code: 'unauthenticated' })
    expect(await errorOf(here(token, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    expect(await errorOf(here(cookie.slice(0, -1), 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
  })

  it('ends after 30 days, or 7 that it is not used', async () => {
    const { cookie } = await signIn(house, 'bob')
    for (let day = 0; day < 29; day += 1) {
      house.clock.now += DAY
      await caller(cookie)
    }
    house.clock.now += DAY - 1
    await caller(cookie)
    house.clock.now += 1
    expect(await errorOf(caller(cookie))).toMatchObject({ code: 'unauthenticated' })
    const idle = (await signIn(house, 'bob')).cookie
    house.clock.now += 7 * DAY - 1
    await there(idle, 'r', 'cookie')
    house.clock.now += 7 * DAY
    expect(await errorOf(caller(idle))).toMatchObject({ code: 'unauthenticated' })
  })

  it('follows the role of its person, and their leaving', async () => {
    const { cookie } = await signIn(house, 'bob')
    await there(cookie, 'r', 'cookie')
    await house.ask('ada', 'members.update', { member: 'bob', role: 'admin' })
    expect((await there(cookie, 'r', 'cookie')).role).toBe('admin')
    await house.ask('ada', 'members.remove', { member: 'bob' })
    expect(await errorOf(there(cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    expect(await house.ports.store.sessions.ofPerson('bob')).toEqual([])
  })

  it('stays when its person is removed from another organization', async () => {
    await bobInTwo()
    const { cookie } = await signIn(house, 'bob', { organization: 'Acme' })
    const elsewhere = await signIn(house, 'bob', { organization: 'Globex' })
    await house.ask('eve', 'members.remove', { member: 'bob' })
    expect((await caller(cookie)).organizationId).toBe('org-acme')
    expect(await errorOf(caller(elsewhere.cookie))).toMatchObject({ code: 'unauthenticated' })
  })

  it('takes leases, which end with it', async () => {
    await house.give('bob', 'me', 'main')
    const { cookie, id } = await signIn(house, 'bob')
    const lease = await house.ask(await caller(cookie), 'leases.create', { harness: 'claude' })
    const handle = lease.handle.expose()
    await there(handle, 'r')
    await house.ask('bob', 'sessions.revoke', { id })
    expect(await errorOf(there(handle, 'r'))).toMatchObject({
      ...{ code: 'unauthenticated' },
      message: 'This lease is over: the browser it was taken with was signed out.',
    })
  })
})

describe('one’s own browsers', () => {
  it('are listed to their person, newest first, with the one that asks', async () => {
    const first = await signIn(house, 'bob')
    await signIn(house, 'cyd')
    house.clock.now += 90_000
    const second = await signIn(house, 'bob')
    const asking = await caller(first.cookie)
    await house.ports.store.sessions.seen(first.id, house.clock.now, house.clock.now)
    const { sessions } = await house.ask(asking, 'sessions.list', {})
    expect(sessions).toMatchObject([
      { id: second.id, current: false, method: 'password', userAgent: 'Testzilla/1.0 (X11)' },
      { id: first.id, current: true, address: '192.0.2.1', organization: { id: 'org-acme', name: 'Acme' } },
    ])
    expect(Date.parse(sessions[1]?.lastSeenAt ?? '')).toBe(house.clock.now)
    expect(JSON.stringify(sessions)).not.toContain(sha256(first.cookie))
  })

  it('end at once on every server, one by one', async () => {
    const [first, second] = [await signIn(house, 'bob'), await signIn(house, 'bob')]
    for (const { cookie } of [first, second]) await there(cookie, 'r', 'cookie')
    expect(await house.ask(await caller(first.cookie), 'sessions.revoke', { id: second.id })).toEqual({
      revoked: true,
    })
    expect(await errorOf(there(second.cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    await there(first.cookie, 'r', 'cookie')
    expect((await house.audit()).at(-1)).toMatchObject({
      action: 'session.end',
      actorId: 'bob',
      objectId: second.id,
    })
  })

  it('are nobody else’s to end, not an owner’s either', async () => {
    const { id, cookie } = await signIn(house, 'bob')
    for (const who of ['ada', 'cyd'] as PersonName[])
      expect(await errorOf(house.ask(who, 'sessions.revoke', { id }))).toMatchObject({ code: 'not_found' })
    await caller(cookie)
  })

  it('end all but the one that asks', async () => {
    const [first, second, third] = [
      await signIn(house, 'bob'),
      await signIn(house, 'bob'),
      await signIn(house, 'bob'),
    ]
    const cyd = await signIn(house, 'cyd')
    const asking = await caller(second.cookie)
    expect(await house.ask(asking, 'sessions.revokeOthers', {})).toEqual({ revoked: 2 })
    for (const { cookie } of [first, third])
      expect(await errorOf(caller(cookie))).toMatchObject({ code: 'unauthenticated' })
    for (const { cookie } of [second, cyd]) await caller(cookie)
  })

  it('sign out', async () => {
    const { cookie } = await signIn(house, 'bob')
    await there(cookie, 'r', 'cookie')
    const asking = await caller(cookie)
    expect(await house.ask(asking, 'session.end', {})).toEqual({ ended: true, cookie: 'none' })
    expect(await errorOf(there(cookie, 'r', 'cookie'))).toMatchObject({ code: 'unauthenticated' })
    expect(await house.ask('bob', 'session.end', {})).toEqual({ ended: false, cookie: 'none' })
  })

  it('of another organization are not for a token, and its log is told of its own alone', async () => {
    await bobInTwo()
    const acme = await signIn(house, 'bob', { organization: 'Acme' })
    const globex = await signIn(house, 'bob', { organization: 'Globex' })
    const { sessions } = await house.ask('bob', 'sessions.list', {})
    expect(sessions.map(({ id }) => id)).toEqual([acme.id])
    const foreign = house.ask('bob', 'sessions.revoke', { id: globex.id })
    expect(await errorOf(foreign)).toMatchObject({ code: 'not_found' })
    expect(await house.ask('bob', 'sessions.revokeOthers', {})).toEqual({ revoked: 1 })
    const asking = await caller(globex.cookie)
    const again = await signIn(house, 'bob', { organization: 'Acme' })
    expect(await house.ask(asking, 'sessions.revoke', { id: again.id })).toEqual({ revoked: true })
    expect(JSON.stringify(await house.audit('eve'))).not.toContain(again.id)
    expect((await house.audit('ada')).at(-1)).toMatchObject({
      ...{ action: 'session.end', actorId: 'bob', objectId: again.id },
    })
  })

  it.each(['sessions.revokeOthers', 'membership.leave'] as const)(
    'and what else is a person’s own are not for a token that may do less than they: %s',
    async (name) => {
      const { cookie } = await signIn(house, 'ann')
      const weak = { ...house.caller('ann'), role: 'auditor' } as const
      expect(await errorOf(house.ask(weak, name, {}))).toMatchObject({ code: 'forbidden' })
      expect((await house.audit()).at(-1)).toMatchObject({ actorId: 'ann', outcome: 'refused' })
      await caller(cookie)
      await house.ask('ann', name, {})
    },
  )

  it('act in another organization of their person, and in no other', async () => {
    await bobInTwo()
    const { cookie } = await signIn(house, 'bob', { organization: 'Acme' })
    await there(cookie, 'r', 'cookie')
    const asking = await caller(cookie)
    const view = await house.ask(asking, 'session.switch', { organization: 'Globex' })
    expect(view).toMatchObject({
      organization: { id: 'org-globex' },
      person: { role: 'admin' },
      operator: false,
    })
    expect(await there(cookie, 'r', 'cookie')).toMatchObject({ organizationId: 'org-globex', role: 'admin' })
    expect((await house.audit('eve')).at(-1)).toMatchObject({ action: 'session.switch', actorId: 'bob' })
    expect(JSON.stringify(await house.audit('ada'))).not.toContain('lobex')
    const refused = house.ask(asking, 'session.switch', { organization: 'Initech' })
    expect(await errorOf(refused)).toMatchObject({ code: 'forbidden' })
    const cyd = await caller((await signIn(house, 'cyd')).cookie)
    expect(await errorOf(house.ask(cyd, 'session.switch', { organization: 'Globex' }))).toMatchObject({
      code: 'forbidden',
    })
  })
})

describe('an invitation', () => {
  it('signs the browser in that accepts it, when a page of this server asks', async () => {
    const invited = { email: 'new@example.test', role: 'member' } as const
    const code = (await house.ask('ada', 'invitations.create', invited)).code.expose()
    const given = { code, name: 'New', password: PASSWORD, session: true }
    expect(await errorOf(house.visit('invitations.accept', given))).toMatchObject({ code: 'forbidden' })
    const { cookie, signedIn, person } = await house.visit('invitations.accept', given, BROWSER)
    expect(signedIn).toBe(true)
    if (cookie === undefined || cookie === 'none') throw new Error('nobody is signed in')
    expect(await caller(cookie.value.expose())).toMatchObject({ id: person.id, role: 'member' })
    const actions = (await house.audit()).map(({ action }) => action)
    expect(actions.slice(-2)).toEqual(['invitation.accept', 'session.create'])
  })
})
