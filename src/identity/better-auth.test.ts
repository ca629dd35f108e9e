import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openIdentity } from '../../test/support/identity.ts'
import { usePostgres } from '../../test/support/use-postgres.ts'
import { hideFromLibraries } from '../config.ts'
import { openSqlStore } from '../store/sql/sql-store.ts'
import { createAuth } from './better-auth.ts'
import type { Identity } from './identity.ts'

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(url: string): Promise<Identity> {
  const { identity, store } = await openIdentity(url)
  cleanups.push(() => store.close())
  return identity
}

describe.each(['sqlite', 'postgres'] as const)('people on %s', (engine) => {
  const newUrl = async () => (engine === 'sqlite' ? 'sqlite::memory:' : server.createDatabase())

  it('are made at the first start, and found from then on', async () => {
    const identity = await open(await newUrl())
    const first = await identity.bootstrap()
    expect(first).toMatchObject({
      created: true,
      organization: { name: 'My organization' },
      owner: { email: 'owner@claviger.local', name: 'Owner', role: 'owner', teams: ['everyone'] },
    })
    expect(await identity.bootstrap()).toEqual({ ...first, created: false })
    const { organization, owner } = first
    expect(await identity.organization(organization.id)).toEqual(organization)
    expect(await identity.organization('none')).toBeUndefined()
    expect(await identity.teams(organization.id)).toEqual(['everyone'])
    expect(await identity.person(organization.id, owner.id)).toEqual(owner)
    expect(await identity.findByEmail(organization.id, 'OWNER@claviger.local')).toEqual(owner)
    expect(await identity.findByEmail(organization.id, 'nobody@claviger.local')).toBeUndefined()
  })
})

describe('better-auth', () => {
  it('is ours alone when the server hid its variables: its secret, its origins, its checks', async () => {
    const variables = {
      BETTER_AUTH_SECRETS: '1:theirs-theirs-theirs-theirs-theirs',
      BETTER_AUTH_SECRET: 'theirs-theirs-theirs-theirs-theirs',
      BETTER_AUTH_TRUSTED_ORIGINS: 'https://evil.test',
      BETTER_AUTH_URL: 'https://evil.test',
      TEST: '1',
    }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    const { database, close } = await openSqlStore({ url: 'sqlite::memory:' })
    cleanups.push(close, () => vi.unstubAllEnvs())
    const secret = 'a secret of this test and of nothing else'
    const options = { database: database as never, engine: 'sqlite', secret } as const
    const context = () => createAuth({ ...options, baseUrl: 'http://127.0.0.1:7717' }).$context
    // What the variables can do while they are there; the test would prove nothing without that.
    expect((await context()).trustedOrigins).toContain('https://evil.test')
    hideFromLibraries()
    const { secretConfig, ...auth } = await context()
    expect(auth).toMatchObject({
      secret,
      trustedOrigins: ['http://127.0.0.1:7717'],
      baseURL: 'http://127.0.0.1:7717/api/auth',
      skipOriginCheck: false,
      skipCSRFCheck: false,
    })
    expect(inspect(secretConfig, { depth: 9 })).not.toContain('theirs')
  })
})

describe('people on Postgres', () => {
  it('are in the schema of the search path', async () => {
    const url = await server.createDatabase()
    const name = new URL(url).pathname.slice(1)
    // Others' tables of the same names must not be taken for ours.
    expect((await (await open(url)).bootstrap()).created).toBe(true)
    await server.query('create schema second', name)
    const second = `${url}?options=-csearch_path%3Dsecond`
    expect((await (await open(second)).bootstrap()).created).toBe(true)
    expect(await server.query('select email from second.person', name)).toEqual([
      { email: 'owner@claviger.local' },
    ])
  })

  it('are found by a second server, and after Postgres was restarted', async () => {
    const url = await server.createDatabase()
    const first = await open(url)
    const made = await first.bootstrap()
    const second = await open(url)
    expect(await second.bootstrap()).toEqual({ ...made, created: false })
    await server.stop('fast')
    const asked = second.bootstrap()
    await server.start()
    expect(await asked).toEqual({ ...made, created: false })
    expect(await first.bootstrap()).toEqual({ ...made, created: false })
  })

  it('are made once by servers that start together', async () => {
    const url = await server.createDatabase()
    const servers = await Promise.all(Array.from({ length: 4 }, () => open(url)))
    const made = await Promise.all(servers.map((identity) => identity.bootstrap()))
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(made.map(({ organization, owner }) => `${organization.id} ${owner.id}`)).size).toBe(1)
  })
})
