import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { errorOf } from '../../test/support/house.ts'
import { type OpenIdentity, openIdentity } from '../../test/support/identity.ts'
import { usePostgres } from '../../test/support/use-postgres.ts'
import { Secret } from '../domain/secret.ts'
import type { MemberRole, NewMember, Person } from './identity.ts'

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(url: string): Promise<OpenIdentity> {
  const opened = await openIdentity(url)
  cleanups.push(() => opened.store.close())
  return opened
}

interface Furnished extends OpenIdentity {
  readonly org: string
  /** The first owner's id. */
  readonly first: string
  add(email: string, role?: MemberRole, teams?: readonly string[]): Promise<Person>
}

async function furnish(opened: OpenIdentity): Promise<Furnished> {
  const { organization, owner } = await opened.identity.bootstrap()
  return {
    ...opened,
    org: organization.id,
    first: owner.id,
    add: async (email, role = 'member', teams = []) => {
      const added = await opened.change((people) =>
        people.addMember(organization.id, member(email, role, teams)),
      )
      const { isNew: _, ...person } = added
      return person
    },
  }
}

function member(email: string, role: MemberRole = 'member', teams: readonly string[] = []): NewMember {
  return { email, name: email.split('@')[0] ?? '', role, teams }
}

const newUrl = async (engine: 'sqlite' | 'postgres') =>
  engine === 'sqlite' ? 'sqlite::memory:' : server.furnishedDatabase('server')

describe.each(['sqlite', 'postgres'] as const)('members on %s', (engine) => {
  it('are added with role and teams, found by e-mail however it is written, and listed by it', async () => {
    const { identity, org, add, change } = await furnish(await open(await newUrl(engine)))
    await change((people) => people.addTeam(org, 'platform'))
    const zoe = await add('zoe@example.test', 'auditor')
    const bob = await add('Bob@Example.Test', 'member', ['platform', 'everyone'])
    expect(bob).toEqual({
      id: expect.stringMatching(/^user_/),
      email: 'bob@example.test',
      name: 'Bob',
      role: 'member',
      teams: ['everyone', 'platform'],
    })
    expect(await identity.person(org, bob.id)).toEqual(bob)
    expect(await identity.findByEmail(org, 'BOB@example.test')).toEqual(bob)
    const emails = (await identity.members(org)).map(({ email }) => email)
    expect(emails).toEqual(['bob@example.test', 'owner@claviger.local', 'zoe@example.test'])
    expect((await identity.members(org))[2]).toEqual(zoe)
    expect(await identity.teams(org)).toEqual(['everyone', 'platform'])
  })

  it('are members once, of teams that are there, and the unit stores nothing else', async () => {
    const { identity, store, org, add, change } = await furnish(await open(await newUrl(engine)))
    await add('bob@example.test')
    for (const [refused, code] of [
      [() => add('BOB@example.test', 'admin'), 'conflict'],
      [() => add('cyd@example.test', 'member', ['everyone', 'none']), 'not_found'],
      [() => change((people) => people.addMember('org-none', member('cyd@example.test'))), 'not_found'],
    ] as const) {
      expect((await errorOf(refused())).code).toBe(code)
    }
    expect((await identity.members(org)).map(({ role }) => role)).toEqual(['member', 'owner'])
    const failing = store.atomically(async (unit) => {
      await identity.changing(unit).addMember(org, member('cyd@example.test'))
      await unit.installation.put('half', 'done')
      throw new Error('afterwards')
    })
    await expect(failing).rejects.toThrow('afterwards')
    expect(await store.installation.get('half')).toBeUndefined()
    expect(await identity.findByEmail(org, 'cyd@example.test')).toBeUndefined()
    // Nor was the person left behind: whoever adds them now says how they are called.
    const cyd = await change((people) =>
      people.addMember(org, { ...member('cyd@example.test'), name: 'Cyd' }),
    )
    expect(cyd.name).toBe('Cyd')
  })

  it('are new to the installation, or known to it from another organization or from before', async () => {
    const { org, add, change } = await furnish(await open(await newUrl(engine)))
    const { id } = await add('bob@example.test')
    const isNew = async (email: string) =>
      change(async (people) => {
        const made = await people.createOrganization({ name: 'Globex', slug: `globex-${email.length}` })
        return (await people.addMember(made.id, member(email))).isNew
      })
    expect([await isNew('Bob@example.test'), await isNew('someone.else@example.test')]).toEqual([false, true])
    await change((people) => people.removeMember(org, id))
    const again = await change((people) => people.addMember(org, member('bob@example.test')))
    expect([again.isNew, again.id]).toEqual([false, id])
  })

  it('have one account, which says where it lets in and whether it has a password', async () => {
    const { identity, org, first, add, change } = await furnish(await open(await newUrl(engine)))
    const accountOf = (email: string) => change((people) => people.account(email))
    expect(await accountOf('bob@example.test')).toBeUndefined()
    const { id } = await add('bob@example.test')
    expect(await accountOf('BOB@example.test')).toEqual({
      ...{ id, hasPassword: false, linked: [], organizations: [org] },
    })
    const hash = await identity.hashPassword(new Secret('correct horse battery'))
    await change((people) => people.setPassword(id, hash))
    const proof = await identity.provePassword('bob@example.test', new Secret('correct horse battery'))
    if (proof === null) throw new Error('it is not right')
    expect(await change((people) => people.holds(proof))).toBe(true)
    expect(await change((people) => people.holds({ ...proof, personId: first }))).toBe(false)
    await change((people) => people.removeMember(org, id))
    expect(await accountOf('bob@example.test')).toEqual({
      ...{ id, hasPassword: true, linked: [], organizations: [] },
    })
    await change((people) => people.setPassword(id, 'another hash'))
    expect(await change((people) => people.holds(proof))).toBe(false)
    await change((people) => people.setPassword(id, null))
    expect(await change((people) => people.holds(proof))).toBe(false)
    expect(await accountOf('bob@example.test')).toMatchObject({ hasPassword: false })
    expect(await identity.checkPassword('bob@example.test', new Secret('correct horse battery'))).toBeNull()
  })

  it('change their role and leave with their teams, but an owner always stays', async () => {
    const { identity, org, first, add, change } = await furnish(await open(await newUrl(engine)))
    const bob = await add('bob@example.test', 'member', ['everyone'])
    for (const alone of [
      () => change((people) => people.setRole(org, first, 'admin')),
      () => change((people) => people.removeMember(org, first)),
    ]) {
      const error = await errorOf(alone())
      expect([error.code, error.message]).toEqual(['conflict', expect.stringContaining('last owner')])
      expect(error.hint).toContain('claviger admin members role')
    }
    await change((people) => people.setRole(org, first, 'owner'))
    await change((people) => people.setRole(org, bob.id, 'owner'))
    await change((people) => people.setRole(org, first, 'auditor'))
    expect((await identity.person(org, first))?.role).toBe('auditor')
    await change((people) => people.setRole(org, first, 'owner'))
    await change((people) => people.removeMember(org, bob.id))
    expect(await identity.person(org, bob.id)).toBeUndefined()
    expect((await errorOf(change((people) => people.removeMember(org, bob.id)))).code).toBe('not_found')
    expect((await errorOf(change((people) => people.setRole(org, bob.id, 'admin')))).code).toBe('not_found')
    // Whoever comes back is in no team, and the same person.
    expect(await add('bob@example.test')).toEqual({ ...bob, teams: [] })
  })

  it('of several organizations are a member of each, with a role and teams of each', async () => {
    const { identity, org, first, add, change } = await furnish(await open(await newUrl(engine)))
    const bob = await add('bob@example.test', 'member', ['everyone'])
    const other = await change(async (people) => {
      const made = await people.createOrganization({ name: 'Globex', slug: 'globex' })
      await people.addMember(made.id, member('bob@example.test', 'owner', ['everyone']))
      return made
    })
    expect(other).toEqual({ id: expect.stringMatching(/^org_/), name: 'Globex' })
    expect(await identity.teams(other.id)).toEqual(['everyone'])
    expect(await identity.person(other.id, bob.id)).toEqual({ ...bob, role: 'owner' })
    expect(await identity.person(other.id, first)).toBeUndefined()
    expect(await identity.organizations()).toEqual([other, { id: org, name: 'My organization' }])
    expect(await identity.organizationsOf(bob.id)).toHaveLength(2)
    expect(await identity.organizationsOf(first)).toEqual([{ id: org, name: 'My organization' }])
    await change((people) => people.leaveTeam(other.id, 'everyone', bob.id))
    await change((people) => people.removeMember(org, bob.id))
    expect(await identity.person(other.id, bob.id)).toMatchObject({ role: 'owner', teams: [] })
    const taken = change((people) => people.createOrganization({ name: 'Other', slug: 'globex' }))
    expect((await errorOf(taken)).code).toBe('conflict')
    expect(await identity.organizations()).toHaveLength(2)
    await change((people) => people.renameOrganization(org, 'Ours'))
    expect(await identity.organization(org)).toEqual({ id: org, name: 'Ours' })
    // By its slug it is the first still.
    expect((await identity.bootstrap()).organization.id).toBe(org)
  })
})

describe.each(['sqlite', 'postgres'] as const)('teams on %s', (engine) => {
  it('are there once, have members, and take them along when they go', async () => {
    const { identity, org, add, change } = await furnish(await open(await newUrl(engine)))
    const bob = await add('bob@example.test')
    await change((people) => people.addTeam(org, 'mobile'))
    expect((await errorOf(change((people) => people.addTeam(org, 'mobile')))).code).toBe('conflict')
    expect(await change((people) => people.joinTeam(org, 'mobile', bob.id))).toBe(true)
    expect(await change((people) => people.joinTeam(org, 'mobile', bob.id))).toBe(false)
    expect((await identity.person(org, bob.id))?.teams).toEqual(['mobile'])
    expect(await change((people) => people.leaveTeam(org, 'mobile', bob.id))).toBe(true)
    expect(await change((people) => people.leaveTeam(org, 'mobile', bob.id))).toBe(false)
    await change((people) => people.joinTeam(org, 'mobile', bob.id))
    await change((people) => people.removeTeam(org, 'mobile'))
    expect((await identity.person(org, bob.id))?.teams).toEqual([])
    await change((people) => people.addTeam(org, 'mobile'))
    expect((await identity.person(org, bob.id))?.teams).toEqual([])
  })

  it('and members that are not there are not found, those of others neither', async () => {
    const { org, add, change } = await furnish(await open(await newUrl(engine)))
    const bob = await add('bob@example.test')
    const { id, eve } = await change(async (people) => {
      const other = await people.createOrganization({ name: 'Globex', slug: 'globex' })
      await people.addTeam(other.id, 'theirs')
      const made = await people.addMember(other.id, member('eve@example.test', 'owner', ['theirs']))
      return { id: other.id, eve: made.id }
    })
    for (const [slug, person] of [
      ['theirs', bob.id],
      ['none', bob.id],
      ['everyone', eve],
      ['everyone', 'none'],
    ] as const) {
      const joining = change((people) => people.joinTeam(org, slug, person))
      const leaving = change((people) => people.leaveTeam(org, slug, person))
      expect([(await errorOf(joining)).code, (await errorOf(leaving)).code]).toEqual([
        'not_found',
        'not_found',
      ])
    }
    expect((await errorOf(change((people) => people.removeTeam(org, 'theirs')))).code).toBe('not_found')
    expect((await errorOf(change((people) => people.removeMember(org, eve)))).code).toBe('not_found')
    expect(await change((people) => people.member(org, eve))).toBeUndefined()
    expect(await change((people) => people.member(id, eve))).toMatchObject({ teams: ['theirs'] })
  })

  it('and members stand as owners in their own organization only', async () => {
    const { org, first, change } = await furnish(await open(await newUrl(engine)))
    const other = await change((people) => people.createOrganization({ name: 'Globex', slug: 'globex' }))
    const standing = (organization: string, owner: Parameters<typeof ask>[1]) => ask(organization, owner)
    const ask = (
      organization: string,
      owner: { kind: 'team'; slug: string } | { kind: 'user'; id: string },
    ) => change((people) => people.stands(organization, owner))
    expect(await standing(org, { kind: 'team', slug: 'everyone' })).toBe(true)
    expect(await standing(org, { kind: 'team', slug: 'none' })).toBe(false)
    expect(await standing(org, { kind: 'user', id: first })).toBe(true)
    expect(await standing(other.id, { kind: 'user', id: first })).toBe(false)
    expect(await change((people) => people.stands(org, { kind: 'org' }))).toBe(true)
  })
})

describe.each(['sqlite', 'postgres'] as const)('what is a person’s own on %s', (engine) => {
  it('is a password that only the right e-mail and password match, and that can be changed', async () => {
    const { identity, add, change } = await furnish(await open(await newUrl(engine)))
    const bob = await add('bob@example.test')
    const [old, fresh] = [new Secret('correct horse test'), new Secret('battery staple test')]
    expect(await identity.checkPassword('bob@example.test', old)).toBeNull()
    const hash = await identity.hashPassword(old)
    expect(hash).not.toContain('horse')
    await change((people) => people.setPassword(bob.id, hash))
    expect(await identity.checkPassword('BOB@example.test', old)).toBe(bob.id)
    expect(await identity.checkPassword('bob@example.test', fresh)).toBeNull()
    expect(await identity.checkPassword('nobody@example.test', old)).toBeNull()
    const next = await identity.hashPassword(fresh)
    await change((people) => people.setPassword(bob.id, next))
    expect(await identity.checkPassword('bob@example.test', old)).toBeNull()
    expect(await identity.checkPassword('bob@example.test', fresh)).toBe(bob.id)
    expect((await errorOf(change((people) => people.setPassword('none', next)))).code).toBe('not_found')
  })

  it('is a name and an e-mail that nobody else has', async () => {
    const { identity, org, first, add, change } = await furnish(await open(await newUrl(engine)))
    await add('bob@example.test')
    await change((people) => people.setProfile(first, { email: 'Ada@Example.Test', name: 'Ada' }))
    expect(await identity.person(org, first)).toMatchObject({ email: 'ada@example.test', name: 'Ada' })
    const taken = await errorOf(change((people) => people.setProfile(first, { email: 'BOB@example.test' })))
    expect(taken.code).toBe('conflict')
    await change((people) => people.setProfile(first, { name: 'Lady Ada' }))
    expect(await identity.person(org, first)).toMatchObject({ email: 'ada@example.test', name: 'Lady Ada' })
    // The first people are found again, whatever they are called now.
    expect(await identity.bootstrap()).toMatchObject({ created: false, owner: { id: first } })
    const nobody = change((people) => people.setProfile('none', { name: 'No' }))
    expect((await errorOf(nobody)).code).toBe('not_found')
  })
})

describe.each(['sqlite', 'postgres'] as const)('several at the same time on %s', (engine) => {
  // On SQLite one server has the file; on Postgres each has connections of its own.
  async function servers(count: number): Promise<[Furnished, ...Furnished[]]> {
    const url = await newUrl(engine)
    const one = await furnish(await open(url))
    if (engine === 'sqlite') return [one, ...Array.from({ length: count - 1 }, () => one)]
    const others = Array.from({ length: count - 1 }, async () => furnish(await open(url)))
    return [one, ...(await Promise.all(others))]
  }

  it('leave one owner when two remove each other', async () => {
    const [one, two] = await servers(2)
    for (let round = 0; round < 5; round += 1) {
      const rival = await one.add(`rival-${round}@example.test`, 'owner')
      const outcomes = await Promise.allSettled([
        one.change((people) => people.removeMember(one.org, rival.id)),
        (two ?? one).change((people) => people.setRole(one.org, one.first, 'member')),
      ])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const owners = (await one.identity.members(one.org)).filter(({ role }) => role === 'owner')
      expect(owners).toHaveLength(1)
      await one.change(async (people) => {
        await people.setRole(one.org, one.first, 'owner')
        if (await people.member(one.org, rival.id)) await people.removeMember(one.org, rival.id)
      })
    }
  })

  it('make one member, one team and one person of what is added many times', async () => {
    const all = await servers(4)
    const [one] = all
    const added = await Promise.allSettled(all.map((server_) => server_.add('bob@example.test')))
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of added) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' })
    }
    const teams = await Promise.allSettled(
      all.map(({ change, org }) => change((people) => people.addTeam(org, 'mobile'))),
    )
    expect(teams.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const bob = (await one.identity.findByEmail(one.org, 'bob@example.test'))?.id ?? ''
    const joined = await Promise.all(
      all.map(({ change, org }) => change((people) => people.joinTeam(org, 'mobile', bob))),
    )
    expect(joined.filter((news) => news)).toHaveLength(1)
    // One person for several organizations, whoever comes first.
    const made = await Promise.all(
      all.map(({ change }, place) =>
        change(async (people) => {
          const org = await people.createOrganization({ name: 'New', slug: `new-${place}` })
          return people.addMember(org.id, member('cyd@example.test', 'owner'))
        }),
      ),
    )
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    const hash = await one.identity.hashPassword(new Secret('of everybody test'))
    await Promise.all(all.map(({ change }) => change((people) => people.setPassword(bob, hash))))
    expect(await one.identity.checkPassword('bob@example.test', new Secret('of everybody test'))).toBe(bob)
  })
})

describe('the first owner', () => {
  it('is whoever has been an owner for longest, among however many members', async () => {
    const { identity, org, first, change } = await furnish(await open('sqlite::memory:'))
    const last = await change(async (people) => {
      for (let n = 0; n < 150; n += 1) await people.addMember(org, member(`m${n}@example.test`))
      return people.addMember(org, member('zoe@example.test', 'owner'))
    })
    expect((await identity.bootstrap()).owner.id).toBe(first)
    await change((people) => people.removeMember(org, first))
    expect({ ...(await identity.bootstrap()).owner, isNew: true }).toEqual(last)
    expect(await identity.members(org)).toHaveLength(151)
  })
})

describe('two servers on one Postgres', () => {
  it('keep a team while one of them counts on it', async () => {
    const url = await server.furnishedDatabase('server')
    const [one, two] = [await furnish(await open(url)), await furnish(await open(url))]
    await one.change((people) => people.addTeam(one.org, 'mobile'))
    const owner = { kind: 'team', slug: 'mobile' } as const
    const order: string[] = []
    let removal: Promise<unknown> = Promise.resolve()
    await one.change(async (people) => {
      expect(await people.stands(one.org, owner)).toBe(true)
      removal = two.change((others) => others.removeTeam(one.org, 'mobile')).then(() => order.push('removed'))
      // Long enough for the other to be done, if it did not wait.
      await setTimeout(200)
      expect(await people.stands(one.org, owner)).toBe(true)
      order.push('counted on')
    })
    await removal
    expect(order).toEqual(['counted on', 'removed'])
    expect(await one.change((people) => people.stands(one.org, owner))).toBe(false)
  })
})

describe('a unit of another store', () => {
  it('is refused, and so is one that has ended', async () => {
    const [here, there] = [await open('sqlite::memory:'), await open('sqlite::memory:')]
    const elsewhere = there.store.atomically(async (unit) => here.identity.changing(unit))
    expect((await errorOf(elsewhere)).code).toBe('internal')
    const { organization } = await here.identity.bootstrap()
    const kept = await here.change(async (people) => people)
    expect((await errorOf(kept.addTeam(organization.id, 'late'))).code).toBe('internal')
  })
})
