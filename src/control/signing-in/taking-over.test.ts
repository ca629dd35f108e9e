// Any organization can make an account in anybody's name, with a password it knows. Nothing of that opens another one.

import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { codeIn } from '../../../test/support/links.ts'
import { Secret } from '../../domain/secret.ts'

const EVES = 'a password that eve has chosen'
const THEIRS = 'a password of their own'
const EMAIL = 'new@example.test'
const GUESS = 'refused invitation.accept'

let house: House

beforeEach(() => {
  house = createHouse()
})

async function invite(who: 'ada' | 'eve') {
  const made = await house.ask(who, 'invitations.create', { email: EMAIL, role: 'member', teams: [] })
  return made.code.expose()
}

const accept = (code: string, password?: string) =>
  house.visit('invitations.accept', { code, name: 'New', ...(password !== undefined && { password }) })

async function signIn(password: string, organization: string) {
  const { userCode } = await house.visit('device.start', { client: 'terminal' })
  const given = { userCode, email: EMAIL, password, organization, decision: 'approve' } as const
  return house.visit('device.signIn', given)
}

const eveMakesTheAccount = async () => accept(await invite('eve'), EVES)

describe('an account that another organization has made', () => {
  it('is not let in where its person is invited, unless they have its password', async () => {
    await eveMakesTheAccount()
    const code = await invite('ada')
    for (const password of [THEIRS, undefined]) {
      const error = await errorOf(accept(code, password))
      expect([error.code, error.message]).toEqual([
        'unauthenticated',
        `${EMAIL} has a password on this server already.`,
      ])
    }
    expect((await errorOf(signIn(EVES, 'Acme'))).code).toBe('forbidden')
    // The invitation is still good, for who has both.
    await accept(code, EVES)
    expect(await signIn(EVES, 'Acme')).toMatchObject({ decided: true })
  })

  it('does not become the owner of a new organization', async () => {
    await eveMakesTheAccount()
    const made = house.ask('ada', 'organizations.create', { name: 'Initech', owner: EMAIL })
    expect((await errorOf(made)).code).toBe('conflict')
    expect((await errorOf(signIn(EVES, 'Initech'))).code).toBe('forbidden')
    expect((await house.ask('ada', 'organizations.list', {})).organizations).toHaveLength(2)
  })

  it('begins anew once it is a member nowhere', async () => {
    await eveMakesTheAccount()
    await house.ask('eve', 'members.remove', { member: EMAIL })
    const made = await house.ask('ada', 'organizations.create', { name: 'Initech', owner: EMAIL })
    expect((await errorOf(signIn(EVES, 'Initech'))).code).toBe('unauthenticated')
    const code = codeIn(made.link?.expose())
    await accept(code, THEIRS)
    expect(await signIn(THEIRS, 'Initech')).toMatchObject({ decided: true })
  })

  it.each([THEIRS, undefined])('forgets its old password when it joins with %j', async (password) => {
    await eveMakesTheAccount()
    await house.ask('eve', 'members.remove', { member: EMAIL })
    await accept(await invite('ada'), password)
    expect((await errorOf(signIn(EVES, 'Acme'))).code).toBe('unauthenticated')
    if (password !== undefined) await signIn(password, 'Acme')
  })
})

it('a sign-in link opens nothing that its person joins while it is used', async () => {
  const code = (await house.ask('ann', 'members.link', { member: 'cyd' })).code.expose()
  const { identity } = house.ports
  const hash = identity.hashPassword
  const joining = async (password: Secret) => {
    const member = { email: 'cyd@example.test', name: '', role: 'member', teams: [] } as const
    await identity.changing({}).addMember('org-globex', member)
    return hash(password)
  }
  Object.assign(identity, { hashPassword: joining })
  expect((await errorOf(accept(code, EVES))).code).toBe('forbidden')
  expect(await identity.checkPassword('cyd@example.test', new Secret(EVES))).toBeNull()
})

describe('an invitation as a way to guess the password of somebody who is known', () => {
  it('is over after five wrong ones, each recorded where it was made and where its person belongs', async () => {
    await eveMakesTheAccount()
    const code = await invite('ada')
    const codes: string[] = []
    for (let i = 0; i < 6; i += 1) codes.push((await errorOf(accept(code, `${THEIRS} ${i}`))).code)
    expect(codes).toEqual([...Array.from({ length: 5 }, () => 'unauthenticated'), 'conflict'])
    expect((await errorOf(accept(code, EVES))).message).toBe('This invitation was revoked.')
    const guesses = async (who: 'ada' | 'eve') =>
      (await house.audit(who)).filter(({ outcome, action }) => `${outcome} ${action}` === GUESS)
    expect([(await guesses('ada')).length, (await guesses('eve')).length]).toEqual([5, 5])
    expect((await guesses('eve'))[0]).toMatchObject({
      ...{ actorKind: 'visitor', objectKind: 'member', objectName: EMAIL },
      details: { reason: 'wrong password', address: '192.0.2.1' },
    })
    expect((await house.audit()).at(-1)).toMatchObject({
      ...{ action: 'invitation.revoke', details: { reason: 'too many wrong passwords' } },
    })
    expect(JSON.stringify([await house.audit(), await house.audit('eve')])).not.toContain(THEIRS)
  })

  it('is counted with all others by address and person', async () => {
    await eveMakesTheAccount()
    const codes: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const code = await invite('ada')
      for (let i = 0; i < 4; i += 1) codes.push((await errorOf(accept(code, `${THEIRS} ${i}`))).code)
    }
    // Eve, who chose it, was the first.
    expect(codes.at(8)).toBe('unauthenticated')
    expect(codes.at(9)).toBe('rate_limited')
  })
})
