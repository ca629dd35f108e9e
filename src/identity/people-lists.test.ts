import { afterEach, describe, expect, it } from 'vitest'
import { openIdentity } from '../../test/support/identity.ts'
import { createPeople } from '../../test/support/people.ts'
import { usePostgres } from '../../test/support/use-postgres.ts'
import type { Identity, ListPage, ListWanted, PeopleChanges } from './identity.ts'

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Opened {
  readonly identity: Identity
  change<T>(work: (changes: PeopleChanges) => Promise<T>): Promise<T>
}

const OPEN: Readonly<Record<string, () => Promise<Opened>>> = {
  sqlite: () => onDatabase('sqlite::memory:'),
  postgres: async () => onDatabase(await server.furnishedDatabase('server')),
  // What tests of everything else stand on must answer the same.
  'the people of tests': async () => {
    const { identity } = createPeople()
    return { identity, change: (work) => work(identity.changing({})) }
  },
}

async function onDatabase(url: string): Promise<Opened> {
  const opened = await openIdentity(url)
  cleanups.push(() => opened.store.close())
  return opened
}

// One organization of these and nobody else; another of the same names beside it must not be seen.
async function furnish({ identity, change }: Opened) {
  const make = async (slug: string) => {
    const { id } = await change((people) => people.createOrganization({ name: slug, slug }))
    for (const team of ['Zeta', 'alpha', 'alpha-2', 'under_score'])
      await change((people) => people.addTeam(id, team))
    for (const [email, name, teams] of [
      ['zoe@lists.test', 'Zoe', ['alpha', 'Zeta']],
      ['ada-b@lists.test', 'Ada B', ['alpha']],
      ['ada@lists.test', '50% Ada', []],
      ['ada_c@lists.test', 'Cyd', ['alpha-2', 'alpha']],
    ] as const)
      await change((people) => people.addMember(id, { email, name, role: 'member', teams }))
    return id
  }
  const wanted = await make('wanted')
  await make('other')
  return { identity, id: wanted }
}

/** The keys of every page, and that each says the same total. */
async function keysBy<Row>(
  list: (wanted: ListWanted) => Promise<ListPage<Row>>,
  keyOf: (row: Row) => string,
  { limit, search }: Pick<ListWanted, 'limit' | 'search'>,
): Promise<{ keys: string[]; pages: number; totals: number[] }> {
  const keys: string[] = []
  const totals = new Set<number>()
  let pages = 0
  for (let after: string | null | undefined; after !== null; ) {
    const page: ListPage<Row> = await list({ search, limit, after })
    keys.push(...page.rows.map(keyOf))
    totals.add(page.total)
    pages += 1
    after = page.next
  }
  return { keys, pages, totals: [...totals] }
}

const BY_EMAIL = ['ada-b@lists.test', 'ada@lists.test', 'ada_c@lists.test', 'zoe@lists.test']
const BY_SLUG = ['Zeta', 'alpha', 'alpha-2', 'everyone', 'under_score']

describe.each(Object.keys(OPEN))('lists of people on %s', (engine) => {
  const opened = async () => furnish(await (OPEN[engine] as () => Promise<Opened>)())

  it('bring every member once, in one order, however long a page is', async () => {
    const { identity, id } = await opened()
    const by = (limit?: number, search?: string) =>
      keysBy(
        (wanted) => identity.listMembers(id, wanted),
        ({ email }) => email,
        { limit, search },
      )
    expect(await by()).toEqual({ keys: BY_EMAIL, pages: 1, totals: [4] })
    expect(await by(1)).toEqual({ keys: BY_EMAIL, pages: 4, totals: [4] })
    expect(await by(3)).toEqual({ keys: BY_EMAIL, pages: 2, totals: [4] })
    expect(await by(4)).toEqual({ keys: BY_EMAIL, pages: 1, totals: [4] })
    expect(await by(1, 'ADA')).toEqual({ keys: BY_EMAIL.slice(0, 3), pages: 3, totals: [3] })
    expect(await by(9, 'cyd')).toEqual({ keys: ['ada_c@lists.test'], pages: 1, totals: [1] })
    // What stands for anything elsewhere stands for itself here.
    expect(await by(9, '50%')).toEqual({ keys: ['ada@lists.test'], pages: 1, totals: [1] })
    expect(await by(9, 'a_')).toEqual({ keys: ['ada_c@lists.test'], pages: 1, totals: [1] })
    expect(await by(9, 'nobody')).toEqual({ keys: [], pages: 1, totals: [0] })
  })

  it('bring every team once with its members', async () => {
    const { identity, id } = await opened()
    const by = (limit?: number, search?: string) =>
      keysBy(
        (wanted) => identity.listTeams(id, wanted),
        ({ team }) => team,
        { limit, search },
      )
    expect(await by()).toEqual({ keys: BY_SLUG, pages: 1, totals: [5] })
    expect(await by(2)).toEqual({ keys: BY_SLUG, pages: 3, totals: [5] })
    expect(await by(1, 'ALPHA')).toEqual({ keys: ['alpha', 'alpha-2'], pages: 2, totals: [2] })
    const { rows } = await identity.listTeams(id, { limit: 2 })
    expect(rows).toEqual([
      { team: 'Zeta', members: ['zoe@lists.test'] },
      { team: 'alpha', members: ['ada-b@lists.test', 'ada_c@lists.test', 'zoe@lists.test'] },
    ])
  })

  it('say of each member of a page which teams they are in', async () => {
    const { identity, id } = await opened()
    const { rows } = await identity.listMembers(id, { after: 'ada@lists.test' })
    expect(rows.map(({ email, teams }) => [email, teams])).toEqual([
      ['ada_c@lists.test', ['alpha', 'alpha-2']],
      ['zoe@lists.test', ['Zeta', 'alpha']],
    ])
  })
})
