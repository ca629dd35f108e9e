// Invitations and sign-in links: who may make which, what a code is worth, and for how long.

import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { codeIn } from '../../../test/support/links.ts'
import type { PersonName } from '../../../test/support/people.ts'
import { Secret } from '../../domain/secret.ts'
import { formatCode } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import { createAuthenticator } from '../authenticate.ts'

const PASSWORD = 'correct horse battery'
const HOUR = 3_600_000

let house: House

beforeEach(() => {
  house = createHouse()
})

async function invite(who: PersonName = 'ada', changed: object = {}) {
  const role = 'member' as const
  const request = { email: 'New@Example.test', role, teams: ['platform'], ...changed }
  const made = await house.ask(who, 'invitations.create', request)
  return { ...made, code: made.code.expose() }
}

async function linkFor(member: string, who: PersonName = 'ada') {
  return (await house.ask(who, 'members.link', { member })).code.expose()
}

const accept = (code: string, changed: object = {}) =>
  house.visit('invitations.accept', { code, name: 'New', password: PASSWORD, ...changed })

const later = (h: House, days: number) => {
  h.clock.now += days * 24 * HOUR
}

const passwordOf = (email: string, password = PASSWORD) =>
  house.ports.identity.checkPassword(email, new Secret(password))

describe('an invitation', () => {
  it('is a link to this server, shown once and kept as a digest', async () => {
    const made = await invite()
    expect(made).toMatchObject({
      kind: 'join',
      email: 'new@example.test',
      role: 'member',
      teams: ['platform'],
    })
    expect(made.link.expose()).toBe(`http://claviger.test/join#${made.code}`)
    expect(JSON.stringify(made.link)).toBe('"[redacted]"')
    expect(Date.parse(made.expiresAt)).toBe(house.clock.now + 7 * 24 * HOUR)
    const { invitations } = await house.ask('aud', 'invitations.list', {})
    expect(invitations).toMatchObject([{ id: made.id, createdBy: 'ada@example.test' }])
    const kept = await house.ports.store.invitations.list('org-acme', house.clock.now)
    expect(kept[0]?.digest).toBe(sha256(made.code))
    expect(JSON.stringify([kept, invitations, await house.audit()])).not.toContain(made.code)
  })

  it('makes a member with a password, once, in one unit with its audit row', async () => {
    const { code, id } = await invite()
    const joined = await accept(code)
    expect(joined).toEqual({
      organization: { id: 'org-acme', name: 'Acme' },
      person: { id: expect.any(String), email: 'new@example.test', name: 'New', role: 'member' },
      signedIn: false,
    })
    const person = await house.ports.identity.findByEmail('org-acme', 'new@example.test')
    expect(person?.teams).toEqual(['platform'])
    expect(await passwordOf('new@example.test')).toBe(person?.id)
    expect((await house.audit()).at(-1)).toMatchObject({
      action: 'invitation.accept',
      actorKind: 'person',
      actorName: 'new@example.test',
      details: { invitation: id, role: 'member', address: '192.0.2.1' },
    })
    expect(JSON.stringify(await house.audit())).not.toContain(PASSWORD)
    expect((await errorOf(accept(code))).message).toBe('This invitation was used already.')
  })

  it('gives the terminal that accepts it a token of that person, when it asks', async () => {
    const { code } = await invite('ada', { role: 'admin' })
    const joined = await accept(code, { password: undefined, token: true, client: 'new laptop!' })
    expect(joined.tokenName).toBe('new-laptop')
    expect(Date.parse(joined.tokenExpiresAt ?? '')).toBe(house.clock.now + 90 * 24 * HOUR)
    const caller = await createAuthenticator(house.ports)(joined.token?.expose() ?? '', 'r')
    expect(caller).toMatchObject({ name: 'new@example.test', role: 'admin', organizationId: 'org-acme' })
    expect((await house.audit()).at(-1)).toMatchObject({ action: 'token.create', details: { role: 'admin' } })
    expect(await passwordOf('new@example.test')).toBeNull()
  })

  it('lets one in when two use it at the same time', async () => {
    const { code } = await invite()
    const tries = await Promise.allSettled([accept(code), accept(code), accept(code)])
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is not used up by being looked at, or by an acceptance that failed', async () => {
    const { code } = await invite()
    const about = await house.visit('invitations.describe', { code })
    expect(about).toMatchObject({ kind: 'join', organization: 'Acme', role: 'member', givesEmail: false })
    expect((await errorOf(accept(code, { password: 'short' }))).code).toBe('invalid')
    expect((await errorOf(accept(code, { name: undefined }))).code).toBe('invalid')
    expect((await errorOf(accept(code, { email: 'other@example.test' }))).code).toBe('invalid')
    house.auditFails('allowed')
    expect((await errorOf(accept(code))).code).toBe('storage_full')
    expect(await house.ports.identity.findByEmail('org-acme', 'new@example.test')).toBeUndefined()
    house.auditFails('none')
    await accept(code)
  })

  it.each([
    ['has expired', async (h: House) => later(h, 7)],
    ['has expired', async (h: House) => later(h, 8)],
    ['was revoked', async (h: House, id: string) => void (await h.ask('ann', 'invitations.revoke', { id }))],
    ['was revoked', async () => void (await invite())],
    ['was made by somebody who may not do that any more', async (h: House) => h.people.change('ada', null)],
    [
      'was made by somebody who may not do that any more',
      async (h: House) => h.people.change('ada', { role: 'member' }),
    ],
  ] as const)('says that it %s, to look at and to use', async (what, happens) => {
    const { code, id } = await invite()
    await happens(house, id)
    for (const call of [accept(code), house.visit('invitations.describe', { code })])
      expect((await errorOf(call)).message).toBe(`This invitation ${what}.`)
    expect(await house.ports.identity.findByEmail('org-acme', 'new@example.test')).toBeUndefined()
  })

  it('is unknown when it was never made, is no code, or a code of another kind', async () => {
    const random = new Uint8Array(48).fill(9)
    for (const code of ['', 'nonsense', formatCode('join', random), formatCode('device', random)]) {
      const error = await errorOf(accept(code))
      expect([error.code, error.message]).toEqual(['not_found', 'This is no invitation of this server.'])
    }
  })

  it('still lets somebody in whose team is gone', async () => {
    const { code } = await invite('ada', { teams: ['platform', 'mobile'] })
    await house.ports.identity.changing({}).removeTeam('org-acme', 'mobile')
    await accept(code)
    const person = await house.ports.identity.findByEmail('org-acme', 'new@example.test')
    expect(person?.teams).toEqual(['platform'])
  })

  it('is refused for a member, an unknown team, a role above one’s own, and by those who do not manage people', async () => {
    expect((await errorOf(invite('ada', { email: 'BOB@example.test' }))).code).toBe('conflict')
    expect((await errorOf(invite('ada', { teams: ['nobody'] }))).code).toBe('not_found')
    const above = await errorOf(invite('ann', { role: 'owner' }))
    expect([above.code, above.message]).toEqual([
      'forbidden',
      'Your role is admin; you cannot invite somebody as owner.',
    ])
    await invite('ada', { role: 'owner' })
    await invite('ann', { role: 'auditor' })
    for (const who of ['bob', 'aud'] as const) expect((await errorOf(invite(who))).code).toBe('forbidden')
  })

  it('of one organization is nothing to another', async () => {
    const { id } = await invite()
    expect((await house.ask('eve', 'invitations.list', {})).invitations).toEqual([])
    expect((await errorOf(house.ask('eve', 'invitations.revoke', { id }))).code).toBe('not_found')
  })

  it('of somebody who is known elsewhere makes them a member, and leaves their password and name alone: they show that they have it', async () => {
    const changes = house.ports.identity.changing({})
    await changes.setPassword(
      'eve',
      await house.ports.identity.hashPassword(new Secret('the password of eve')),
    )
    const { code } = await invite('ada', { email: 'eve@example.test' })
    const theirs = { name: 'Mallory', password: 'the password of eve', token: true }
    for (const password of [PASSWORD, undefined])
      expect((await errorOf(accept(code, { ...theirs, password }))).code).toBe('unauthenticated')
    const joined = await accept(code, theirs)
    expect(joined.person).toMatchObject({ id: 'eve', name: 'eve', role: 'member' })
    expect(await passwordOf('eve@example.test', 'the password of eve')).toBe('eve')
    expect(await passwordOf('eve@example.test')).toBeNull()
    // The token opens the organization that made the invitation, and no other.
    const caller = await createAuthenticator(house.ports)(joined.token?.expose() ?? '', 'r')
    expect(caller).toMatchObject({ id: 'eve', organizationId: 'org-acme', role: 'member' })
  })
})

describe('a sign-in link', () => {
  it('sets a new password of a member, once, within a day', async () => {
    const code = await linkFor('Bob@example.test')
    expect(await house.visit('invitations.describe', { code })).toMatchObject({
      kind: 'sign-in',
      email: 'bob@example.test',
      givesEmail: false,
    })
    const { person } = await accept(code, { name: undefined })
    expect(person).toMatchObject({ id: 'bob', name: 'bob' })
    expect(await passwordOf('bob@example.test')).toBe('bob')
    expect((await errorOf(accept(code))).message).toContain('was used already')
    const late = await linkFor('bob')
    house.clock.now += 24 * HOUR
    expect((await errorOf(accept(late))).message).toContain('has expired')
    expect((await house.audit()).map(({ action }) => action)).toContain('member.signInLink')
  })

  it('needs a password, and changes no e-mail but the first person’s', async () => {
    const code = await linkFor('bob')
    expect((await errorOf(accept(code, { password: undefined, token: true }))).code).toBe('invalid')
    expect((await errorOf(accept(code, { email: 'bobby@example.test' }))).code).toBe('invalid')
    await house.ports.identity.changing({}).setProfile('ada', { email: 'owner@claviger.local' })
    const first = await linkFor('ada')
    expect(await house.visit('invitations.describe', { code: first })).toMatchObject({ givesEmail: true })
    expect((await errorOf(accept(first, { email: 'eve@example.test' }))).code).toBe('conflict')
    const { person } = await accept(first, { email: 'Ada@Example.test', name: 'Ada' })
    expect(person).toMatchObject({ id: 'ada', email: 'ada@example.test', name: 'Ada', role: 'owner' })
    expect(await passwordOf('ada@example.test')).toBe('ada')
  })

  it('is not made for somebody above oneself, unknown, foreign, or by those who do not manage people', async () => {
    expect((await errorOf(linkFor('ada', 'ann'))).code).toBe('forbidden')
    for (const member of ['nobody', 'eve', 'eve@example.test'])
      expect((await errorOf(linkFor(member))).code).toBe('not_found')
    for (const who of ['bob', 'aud'] as const)
      expect((await errorOf(linkFor('bob', who))).code).toBe('forbidden')
  })

  it('is worth nothing once its member is above its maker, or gone', async () => {
    const code = await linkFor('bob', 'ann')
    house.people.change('bob', { role: 'owner' })
    expect((await errorOf(accept(code))).message).toContain('may not do that any more')
    const gone = await linkFor('cyd', 'ann')
    house.people.change('cyd', null)
    expect((await errorOf(accept(gone))).code).toBe('conflict')
    expect(await passwordOf('bob@example.test')).toBeNull()
  })

  it('never opens another organization: only its operator’s owner makes one for who is in several', async () => {
    const before = await linkFor('cyd', 'ann')
    await house.ports.identity.changing({}).addMember('org-globex', {
      email: 'cyd@example.test',
      name: '',
      role: 'member',
      teams: [],
    })
    expect((await errorOf(accept(before))).code).toBe('forbidden')
    for (const who of ['ann', 'eve'] as const)
      expect((await errorOf(linkFor('cyd@example.test', who))).code).toBe('forbidden')
    await accept(await linkFor('cyd', 'ada'))
    expect(await passwordOf('cyd@example.test')).toBe('cyd')
  })
})

describe('the first owner of a new organization', () => {
  it('gets a link when they are new here, and none into an account they have', async () => {
    const made = await house.ask('ada', 'organizations.create', {
      name: 'Initech',
      owner: 'zoe@example.test',
    })
    const code = codeIn(made.link?.expose())
    const { organization, person } = await accept(code, { name: 'Zoe' })
    expect([organization.name, person.role]).toEqual(['Initech', 'owner'])
    expect(await passwordOf('zoe@example.test')).toBe(person.id)
    const known = await house.ask('ada', 'organizations.create', { name: 'Hooli', owner: 'bob@example.test' })
    expect(known.link).toBeUndefined()
  })
})
