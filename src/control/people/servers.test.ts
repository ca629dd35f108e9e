// The use-cases over real people and a real store: one server on SQLite, two on one Postgres.

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { TIMINGS } from '../../../test/support/grants.ts'
import { errorOf, fakeKey, NO_GRANTS, rekeyingAlone, SESSION_LIFE } from '../../../test/support/house.ts'
import { openIdentity } from '../../../test/support/identity.ts'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import type { Caller } from '../../domain/caller.ts'
import { RUN_TIMINGS } from '../../domain/runs/taking.ts'
import { formatToken } from '../../domain/token.ts'
import type { MemberRole } from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import { createVault } from '../../vault/envelope.ts'
import { type Authenticate, createAuthenticator } from '../authenticate.ts'
import { createControl } from '../control.ts'
import { tokenRow } from '../tokens.ts'
import type { Control, Ports } from '../use-case.ts'

interface Server {
  readonly control: Control
  readonly ports: Ports
  readonly authenticate: Authenticate
}

const KEY = randomBytes(32)
const postgres = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function startServer(url: string): Promise<Server> {
  const { identity, store } = await openIdentity(url)
  cleanups.push(() => store.close())
  const { organization } = await identity.bootstrap()
  const [vault, now, operatorOrganization] = [createVault(KEY), () => Date.now(), organization.id]
  const ports: Ports = {
    ...{ store, identity, vault, now, operatorOrganization },
    snapshot: async () => {
      throw new Error('no backup is made here')
    },
    rekeying: rekeyingAlone({ store, vault, now, operatorOrganization }, KEY),
    grants: NO_GRANTS,
    providerOf: () => undefined,
    signInOf: () => undefined,
    grantTimings: TIMINGS,
    random: randomBytes,
    webhooks: { check: () => undefined, send: async () => '200' },
    channels: {},
    publicUrl: () => 'http://claviger.test',
    leaseLife: 60_000,
    sessionLife: SESSION_LIFE,
    runTimings: RUN_TIMINGS,
    poolOrder: 'fixed',
    identityProviders: [],
    server: { version: '1.2.3', id: 'test:1', clockOffset: () => 0 },
  }
  return { ports, control: createControl(ports), authenticate: createAuthenticator(ports) }
}

// On SQLite both are the same.
async function twoServers(engine: 'sqlite' | 'postgres'): Promise<[Server, Server]> {
  const url = engine === 'sqlite' ? 'sqlite::memory:' : await postgres.furnishedDatabase('server')
  const one = await startServer(url)
  return [one, engine === 'sqlite' ? one : await startServer(url)]
}

/** A new member with a token, and a way to be them on any server. */
async function addMember({ ports }: Server, email: string, role: MemberRole, teams: readonly string[] = []) {
  const organizationId = ports.operatorOrganization
  const person = await ports.store.atomically((unit) =>
    ports.identity.changing(unit).addMember(organizationId, { email, name: email, role, teams }),
  )
  const token = formatToken(randomBytes(48))
  const holder = { organizationId, id: person.id, name: email }
  const made = { name: email, role, digest: sha256(token), createdAt: Date.now(), expiresAt: null }
  await ports.store.tokens.insert(tokenRow(holder, made))
  return { id: person.id, as: (server: Server): Promise<Caller> => server.authenticate(token, 'request') }
}

const key = (name: string) => ({ type: 'claude/api-key', name, fields: { key: fakeKey(name) } }) as const
const REST = { description: '', test: false, saveAnyway: false, acceptNotice: false }

describe.each(['sqlite', 'postgres'] as const)('people on %s', (engine) => {
  it('who are changed on one server are changed on the other within a second', async () => {
    const [one, two] = await twoServers(engine)
    const ann = await addMember(one, 'ann@example.test', 'admin')
    const bob = await addMember(one, 'bob@example.test', 'member')
    const admin = await ann.as(one)
    expect(await bob.as(two)).toMatchObject({ role: 'member', teams: [] })
    await one.control['members.update'](admin, { member: 'bob@example.test', role: 'auditor' })
    await one.control['teams.create'](admin, { team: 'mobile' })
    await one.control['teams.join'](admin, { team: 'mobile', member: bob.id })
    await setTimeout(600)
    // The token was made for a member, which an auditor's is not.
    expect((await errorOf(bob.as(two))).code).toBe('unauthenticated')
    await one.control['members.update'](admin, { member: bob.id, role: 'member' })
    await setTimeout(600)
    expect(await bob.as(two)).toMatchObject({ role: 'member', teams: ['mobile'] })
    await one.control['members.remove'](admin, { member: bob.id })
    await setTimeout(600)
    expect((await errorOf(bob.as(two))).code).toBe('unauthenticated')
  })

  it('who leave take everything along, and the log says so, in one unit', async () => {
    const [one, two] = await twoServers(engine)
    const bob = await addMember(one, 'bob@example.test', 'member', ['everyone'])
    const caller = await bob.as(two)
    const { id } = await two.control['credentials.create'](caller, { ...key('mine'), owner: 'me', ...REST })
    const lease = { harness: 'claude', ambient: 'none', raw: false } as const
    await two.control['leases.create'](caller, lease)
    const expected = { tokens: 1, leases: 1, credentials: 1 }
    expect((await two.control['membership.references'](caller, {})).held).toEqual(expected)
    expect(await two.control['membership.leave'](caller, {})).toMatchObject({ ended: expected })
    const { store, operatorOrganization } = one.ports
    expect(await store.credentials.get(operatorOrganization, id)).toBeUndefined()
    const entries = await store.audit.list(operatorOrganization, { limit: 100 })
    expect(entries.map(({ action }) => action)).toEqual([
      ...['credential.create', 'lease.create'],
      ...['member.leave', 'token.revoke', 'credential.delete'],
    ])
    // Refused in the middle: neither the change nor what was recorded of it is kept.
    const last = await addMember(one, 'ann@example.test', 'member')
    const { owner } = await one.ports.identity.bootstrap()
    const operator: Caller = { ...(await last.as(one)), id: owner.id, role: 'owner' }
    expect((await errorOf(one.control['membership.leave'](operator, {}))).code).toBe('conflict')
    expect(await store.audit.list(operatorOrganization, { limit: 100 })).toHaveLength(entries.length)
    expect(await one.ports.identity.person(operatorOrganization, owner.id)).toEqual(owner)
  })

  it('who remove each other at the same time leave an owner', async () => {
    const [one, two] = await twoServers(engine)
    const [ada, eva] = [
      await addMember(one, 'ada@example.test', 'owner'),
      await addMember(one, 'eva@example.test', 'owner'),
    ]
    const { owner } = await one.ports.identity.bootstrap()
    await one.control['members.remove'](await ada.as(one), { member: owner.id })
    const [first, second] = [await ada.as(one), await eva.as(two)]
    const outcomes = await Promise.allSettled([
      one.control['members.remove'](first, { member: eva.id }),
      two.control['members.remove'](second, { member: ada.id }),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const { identity, operatorOrganization } = one.ports
    const left = await identity.members(operatorOrganization)
    expect(left.filter(({ role }) => role === 'owner')).toHaveLength(1)
    const allowed = (await one.ports.store.audit.list(operatorOrganization, { limit: 100 })).filter(
      ({ action, outcome }) => action === 'member.remove' && outcome === 'allowed',
    )
    expect(allowed).toHaveLength(2)
  })

  it('leave no credential to a team or a person that is gone', async () => {
    const [one, two] = await twoServers(engine)
    const ann = await addMember(one, 'ann@example.test', 'admin')
    const admin = await ann.as(one)
    for (let round = 0; round < 8; round += 1) {
      const team = `team-${round}`
      await one.control['teams.create'](admin, { team })
      const bob = await addMember(one, `bob-${round}@example.test`, 'member', [team])
      const caller = await bob.as(two)
      await Promise.allSettled([
        ...[0, 1, 2].map((n) =>
          two.control['credentials.create'](caller, { ...key(`a${n}`), owner: `team:${team}`, ...REST }),
        ),
        one.control['teams.delete'](admin, { team }),
        ...[0, 1, 2].map((n) =>
          two.control['credentials.create'](caller, { ...key(`b${n}`), owner: 'me', ...REST }),
        ),
        one.control['members.remove'](admin, { member: bob.id }),
      ])
    }
    const { identity, store, operatorOrganization } = one.ports
    const teams = (await identity.teams(operatorOrganization)).map((team) => `team:${team}`)
    const owning = Object.keys(await store.holdings.countOwned(operatorOrganization, 'team'))
    for (const owner of owning) expect(teams).toContain(owner)
    const members = (await identity.members(operatorOrganization)).map(({ id }) => `user:${id}`)
    for (const owner of Object.keys(await store.holdings.countOwned(operatorOrganization, 'user'))) {
      expect(members).toContain(owner)
    }
  })
})
