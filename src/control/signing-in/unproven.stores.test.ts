// Somebody without a password, in whose name another organization's admin acts: nothing that was made in that name opens
// an organization where the person is, or comes to be. On people in memory and on the real engines.

import { afterEach, describe, expect, it } from 'vitest'
import { BROWSER, PASSWORD } from '../../../test/support/browsers.ts'
import { createHouse, errorOf } from '../../../test/support/house.ts'
import { openIdentity } from '../../../test/support/identity.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import type { Caller } from '../../domain/caller.ts'
import { type Identity, PLACEHOLDER_EMAIL } from '../../identity/identity.ts'
import type { Store } from '../../store/store.ts'
import { createAuthenticator } from '../authenticate.ts'
import { createControl } from '../control.ts'
import type { Control, NewCookie } from '../use-case.ts'

const EMAIL = 'target@example.test'
const VISITOR = { address: '192.0.2.1', requestId: 'r' }
const IN_BROWSER = { ...VISITOR, ...BROWSER }

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Houses {
  readonly control: Control
  readonly identity: Identity
  readonly store: Store
  /** The owner of the organization that operates the installation. */
  readonly owner: Caller
  /** The owner of another one. */
  readonly mallory: Caller
  readonly signedIn: (cookie: NewCookie | 'none' | undefined) => Promise<Caller>
  readonly withToken: (token: string) => Promise<Caller>
}

async function open(engine: 'memory' | 'sqlite' | 'postgres'): Promise<Houses> {
  const house = createHouse()
  const parts =
    engine === 'memory'
      ? house.ports
      : await openIdentity(engine === 'sqlite' ? 'sqlite::memory:' : await server.createDatabase())
  const { store, identity } = parts
  if (engine !== 'memory') cleanups.push(() => store.close())
  const { organization, owner } = await identity.bootstrap()
  const ports = { ...house.ports, store, identity, operatorOrganization: organization.id, now: Date.now }
  const control = createControl(ports)
  const authenticate = createAuthenticator(ports)
  const asOwner = { ...house.caller('ada'), id: owner.id, name: owner.email, organizationId: organization.id }
  const made = await store.atomically(async (unit) => {
    const people = identity.changing(unit)
    const { id } = await people.createOrganization({ name: 'Evil', slug: 'evil' })
    const first = { email: 'mallory@example.test', name: 'Mallory', role: 'owner', teams: [] } as const
    return { organizationId: id, id: (await people.addMember(id, first)).id }
  })
  return {
    ...{ control, identity, store, owner: asOwner },
    mallory: { ...house.caller('eve'), ...made, name: 'mallory@example.test' },
    signedIn: (cookie) => {
      if (cookie === undefined || cookie === 'none') throw new Error('nobody is signed in')
      return authenticate(cookie.value.expose(), 'r', 'cookie')
    },
    withToken: (token) => authenticate(token, 'r'),
  }
}

async function invite({ control }: Houses, by: Caller, email = EMAIL, role: 'admin' | 'member' = 'member') {
  const expiresInSeconds = 3600
  const made = await control['invitations.create'](by, { email, role, teams: [], expiresInSeconds })
  return made.code.expose()
}

const accept = ({ control }: Houses, code: string, changed: object = {}) =>
  control['invitations.accept'](IN_BROWSER, {
    code,
    name: 'Target',
    token: false,
    session: false,
    ...changed,
  })

describe.each(['memory', 'sqlite', 'postgres'] as const)('a person without a password, on %s', (engine) => {
  it('who came from a terminal is nobody whom another organization can let in', async () => {
    const houses = await open(engine)
    await accept(houses, await invite(houses, houses.owner, EMAIL, 'admin'), { token: true })
    const code = await invite(houses, houses.mallory)
    for (const password of [undefined, PASSWORD]) {
      const given = { session: true, token: true, ...(password !== undefined && { password }) }
      expect(await errorOf(accept(houses, code, given))).toMatchObject({ code: 'unauthenticated' })
    }
    const known = await houses.identity.findByEmail(houses.owner.organizationId, EMAIL)
    expect(await houses.store.sessions.ofPerson(known?.id ?? '')).toEqual([])
    expect(await houses.identity.hasPassword(known?.id ?? '')).toBe(false)
    expect(await houses.identity.organizationsOf(known?.id ?? '')).toHaveLength(1)
  })

  it('who is the first owner, before they give their e-mail, is nobody to invite', async () => {
    const houses = await open(engine)
    const { store, identity, owner } = houses
    await store.atomically((unit) =>
      identity.changing(unit).setProfile(owner.id, { email: PLACEHOLDER_EMAIL }),
    )
    expect(await errorOf(invite(houses, houses.mallory, 'Owner@Claviger.local'))).toMatchObject({
      code: 'invalid',
    })
  })

  it('whom another organization made is not let in without proof, nor by what was made before', async () => {
    const houses = await open(engine)
    const given = { session: true, token: true }
    const kept = await accept(houses, await invite(houses, houses.mallory), given)
    const code = await invite(houses, houses.owner, EMAIL, 'admin')
    const theirs = accept(houses, code, { password: 'a password of their own', session: true })
    expect(await errorOf(theirs)).toMatchObject({ code: 'unauthenticated' })
    // Had they come in all the same, what Mallory kept would still act in Evil alone.
    const member = { email: EMAIL, name: '', role: 'admin', teams: [] } as const
    const { store, identity, owner, control } = houses
    await store.atomically((unit) => identity.changing(unit).addMember(owner.organizationId, member))
    const session = await houses.signedIn(kept.cookie)
    const organization = owner.organizationId
    expect(await errorOf(control['session.switch'](session, { organization }))).toMatchObject({
      code: 'conflict',
    })
    const token = await houses.withToken(kept.token?.expose() ?? '')
    const first = control['password.change'](token, { password: PASSWORD })
    expect(await errorOf(first)).toMatchObject({ code: 'forbidden' })
    expect(await identity.hasPassword(session.id)).toBe(false)
  })

  it('who shows the password they have comes in, and switches', async () => {
    const houses = await open(engine)
    await accept(houses, await invite(houses, houses.owner), { password: PASSWORD })
    const code = await invite(houses, houses.mallory)
    const joined = await accept(houses, code, { password: PASSWORD, session: true })
    const session = await houses.signedIn(joined.cookie)
    expect(session.organizationId).toBe(houses.mallory.organizationId)
    const organization = houses.owner.organizationId
    const switched = await houses.control['session.switch'](session, { organization })
    expect(switched.organization.id).toBe(organization)
  })
})
