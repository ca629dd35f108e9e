// Two organizations of people in memory, as identity/ would answer. Both have a team of the same name.

import type { Caller, Role } from '../../src/domain/caller.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import type { Secret } from '../../src/domain/secret.ts'
import { appCodes } from '../../src/identity/app-codes.ts'
import type {
  Directory,
  Identity,
  LinkedAccount,
  ListPage,
  ListWanted,
  Organization,
  PeopleChanges,
  PeopleLists,
  Person,
} from '../../src/identity/identity.ts'
import { sha256 } from '../../src/lib/digest.ts'

const ORGANIZATIONS: readonly Organization[] = [
  { id: 'org-acme', name: 'Acme' },
  { id: 'org-globex', name: 'Globex' },
]

const TEAMS: Readonly<Record<string, readonly string[]>> = {
  'org-acme': ['mobile', 'platform'],
  'org-globex': ['platform'],
}

const MEMBERS = {
  ada: { organizationId: 'org-acme', role: 'owner', teams: ['platform'] },
  ann: { organizationId: 'org-acme', role: 'admin', teams: [] },
  bob: { organizationId: 'org-acme', role: 'member', teams: ['platform'] },
  cyd: { organizationId: 'org-acme', role: 'member', teams: ['mobile'] },
  aud: { organizationId: 'org-acme', role: 'auditor', teams: [] },
  eve: { organizationId: 'org-globex', role: 'owner', teams: ['platform'] },
} as const satisfies Record<string, { organizationId: string; role: Role; teams: readonly string[] }>

export type PersonName = keyof typeof MEMBERS

export interface TestPeople {
  readonly identity: Identity
  callerOf(who: PersonName): Caller
  /** Changes a membership; null ends it. */
  change(who: PersonName, changed: Partial<Pick<Person, 'role' | 'teams'>> | null): void
  /** Remembers how everything is; the result brings that back. For units that fail. */
  mark(): () => void
  /** Everything about all people as one text: to show that nothing was changed. */
  contents(): string
}

interface Membership {
  readonly organizationId: string
  readonly personId: string
  readonly role: Role
  readonly teams: readonly string[]
}

interface State {
  readonly organizations: (Organization & { readonly slug: string })[]
  readonly people: Map<string, { email: string; name: string; password: string | null }> // id → person
  readonly teams: Map<string, string[]> // organization → slugs
  memberships: Membership[]
  linked: (LinkedAccount & { readonly personId: string })[]
  made: number
}

export function createPeople(): TestPeople {
  let state = firstState()
  return {
    callerOf(who) {
      const { organizationId, role, teams } = MEMBERS[who]
      const [name, requestId] = [`${who}@example.test`, `request-of-${who}`]
      return {
        organizationId,
        kind: 'person',
        id: who,
        name,
        role,
        teams,
        agent: null,
        operator: organizationId === 'org-acme',
        tokenId: 't',
        leaseId: null,
        requestId,
      }
    },
    change(who, changed) {
      const { organizationId } = MEMBERS[who]
      state.memberships = state.memberships.flatMap((one) => {
        if (one.personId !== who || one.organizationId !== organizationId) return [one]
        return changed === null ? [] : [{ ...one, ...changed }]
      })
    },
    mark() {
      const before = structuredClone(state)
      return () => {
        state = before
      }
    },
    contents: () => JSON.stringify({ ...state, people: [...state.people], teams: [...state.teams] }),
    identity: {
      ...reading(() => state),
      ...lists(reading(() => state)),
      appCodes,
      async bootstrap() {
        const [organization] = ORGANIZATIONS
        const owner = personOf(state, 'org-acme', 'ada')
        if (!organization || !owner) throw new Error('the first people are gone')
        return { organization, owner, created: false }
      },
      hashPassword: async (password) => hashOf(password),
      provePassword: async (email, password) => proofIn(state, email, password),
      checkPassword: async (email, password) => proofIn(state, email, password)?.personId ?? null,
      linkedPerson: async (provider, accountId) =>
        state.linked.find((one) => one.provider === provider && one.accountId === accountId)?.personId ??
        null,
      linkedAccounts: async (personId) =>
        state.linked.filter((one) => one.personId === personId).map(({ personId: _, ...one }) => one),
      hasPassword: async (personId) => (state.people.get(personId)?.password ?? null) !== null,
      changing: () => changes(() => state),
    },
  }
}

function firstState(): State {
  const members = Object.entries(MEMBERS)
  return {
    organizations: ORGANIZATIONS.map((one) => ({ ...one, slug: one.name.toLowerCase() })),
    people: new Map(
      members.map(([name]) => [name, { email: `${name}@example.test`, name, password: null }] as const),
    ),
    teams: new Map(Object.entries(TEAMS).map(([id, slugs]) => [id, [...slugs]])),
    memberships: members.map(([personId, member]) => ({ personId, ...member })),
    linked: [],
    made: 0,
  }
}

function hashOf(password: Secret): string {
  return `hashed ${sha256(password.expose())}`
}

function proofIn(state: State, email: string, password: Secret) {
  const [personId, person] = byEmail(state, email) ?? []
  const mark = hashOf(password)
  return personId !== undefined && person?.password === mark ? { personId, mark } : null
}

function byEmail({ people }: State, email: string) {
  return [...people].find(([, person]) => person.email === email.toLowerCase())
}

function personOf({ people, memberships }: State, organizationId: string, id: string): Person | undefined {
  const person = people.get(id)
  const member = memberships.find((one) => one.organizationId === organizationId && one.personId === id)
  if (!person || !member) return undefined
  return {
    id,
    email: person.email,
    name: person.name,
    role: member.role,
    teams: [...member.teams],
  }
}

function reading(state: () => State): Directory {
  const shown = ({ id, name }: Organization) => ({ id, name })
  const byName = (a: Organization, b: Organization) => (a.name < b.name ? -1 : 1)
  return {
    organization: async (id) =>
      state()
        .organizations.map(shown)
        .find((one) => one.id === id),
    organizations: async () => state().organizations.map(shown).sort(byName),
    organizationsOf: async (personId) =>
      state()
        .organizations.filter(({ id }) => personOf(state(), id, personId) !== undefined)
        .map(shown)
        .sort(byName),
    person: async (organizationId, id) => personOf(state(), organizationId, id),
    findByEmail: async (organizationId, email) => {
      const [id] = byEmail(state(), email) ?? []
      return id === undefined ? undefined : personOf(state(), organizationId, id)
    },
    members: async (organizationId) =>
      state()
        .memberships.filter((one) => one.organizationId === organizationId)
        .flatMap(({ personId }) => personOf(state(), organizationId, personId) ?? [])
        .sort((a, b) => (a.email < b.email ? -1 : 1)),
    teams: async (organizationId) => (state().teams.get(organizationId) ?? []).toSorted(),
  }
}

function lists({ members, teams }: Directory): PeopleLists {
  return {
    listMembers: async (organizationId, wanted) =>
      pageOf(
        await members(organizationId),
        ({ email, name }) => ({ key: email, texts: [email, name] }),
        wanted,
      ),
    async listTeams(organizationId, wanted) {
      const people = await members(organizationId)
      const emailsIn = (team: string) =>
        people.filter((person) => person.teams.includes(team)).map(({ email }) => email)
      const rows = (await teams(organizationId)).map((team) => ({ team, members: emailsIn(team) }))
      return pageOf(rows, ({ team }) => ({ key: team, texts: [team] }), wanted)
    },
  }
}

interface Words {
  readonly key: string
  /** What is looked for in. */
  readonly texts: readonly string[]
}

function pageOf<Row>(
  rows: readonly Row[],
  wordsOf: (row: Row) => Words,
  { search, after, limit = rows.length }: ListWanted,
): ListPage<Row> {
  const wanted = search?.toLowerCase()
  const fitting = rows
    .map((row) => ({ row, ...wordsOf(row) }))
    .filter(({ texts }) => wanted === undefined || texts.some((text) => text.toLowerCase().includes(wanted)))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const left = after === undefined ? fitting : fitting.filter(({ key }) => key > after)
  const page = left.slice(0, limit)
  const next = left.length > page.length ? (page.at(-1)?.key ?? null) : null
  return { rows: page.map(({ row }) => row), next, total: fitting.length }
}

function changes(state: () => State): PeopleChanges {
  const conflict = (message: string) => new ClavigerError('conflict', message)
  const missing = (what: string) => new ClavigerError('not_found', `There is no ${what}.`)
  const member = (organizationId: string, personId: string): Person => {
    const found = personOf(state(), organizationId, personId)
    if (!found) throw missing('such member')
    return found
  }
  const put = (organizationId: string, personId: string, changed: Partial<Membership> | null) => {
    const kept = state().memberships
    state().memberships = kept.flatMap((one) => {
      if (one.organizationId !== organizationId || one.personId !== personId) return [one]
      return changed === null ? [] : [{ ...one, ...changed }]
    })
  }
  const mustHaveTeam = (organizationId: string, slug: string) => {
    if (!state().teams.get(organizationId)?.includes(slug)) throw missing('such team')
  }
  const mustLeaveAnOwner = (organizationId: string, personId: string) => {
    const owners = state().memberships.filter(
      (one) => one.organizationId === organizationId && one.role === 'owner',
    )
    if (owners.every((one) => one.personId === personId)) throw conflict('This is the last owner.')
  }
  return {
    async createOrganization({ name, slug }) {
      if (state().organizations.some((one) => one.slug === slug)) throw conflict('Taken.')
      state().made += 1
      const made = { id: `org-${state().made}`, name }
      state().organizations.push({ ...made, slug })
      state().teams.set(made.id, ['everyone'])
      return made
    },
    async renameOrganization(organizationId, name) {
      const organizations = state().organizations
      const place = organizations.findIndex(({ id }) => id === organizationId)
      const before = organizations[place]
      if (before === undefined) throw missing('such organization')
      organizations[place] = { ...before, name }
    },
    member: async (organizationId, personId) => personOf(state(), organizationId, personId),
    async addMember(organizationId, { email, name, role, teams }) {
      if (!state().organizations.some(({ id }) => id === organizationId)) throw missing('such organization')
      for (const slug of teams) mustHaveTeam(organizationId, slug)
      const known = byEmail(state(), email)?.[0]
      if (known !== undefined && personOf(state(), organizationId, known)) throw conflict('A member already.')
      state().made += 1
      const personId = known ?? `person-${state().made}`
      if (known === undefined) {
        state().people.set(personId, { email: email.toLowerCase(), name, password: null })
      }
      state().memberships.push({ organizationId, personId, role, teams: teams.toSorted() })
      return { ...member(organizationId, personId), isNew: known === undefined }
    },
    async stands(organizationId, owner) {
      if (owner.kind === 'team') return state().teams.get(organizationId)?.includes(owner.slug) ?? false
      return owner.kind !== 'user' || personOf(state(), organizationId, owner.id) !== undefined
    },
    team: async (organizationId, slug) => state().teams.get(organizationId)?.includes(slug) ?? false,
    async setRole(organizationId, personId, role) {
      const { role: before } = member(organizationId, personId)
      if (before === 'owner' && role !== 'owner') mustLeaveAnOwner(organizationId, personId)
      put(organizationId, personId, { role })
    },
    async removeMember(organizationId, personId) {
      if (member(organizationId, personId).role === 'owner') mustLeaveAnOwner(organizationId, personId)
      put(organizationId, personId, null)
    },
    async addTeam(organizationId, slug) {
      const teams = state().teams.get(organizationId)
      if (!teams) throw missing('such organization')
      if (teams.includes(slug)) throw conflict(`There already is a team ${slug}.`)
      teams.push(slug)
    },
    async removeTeam(organizationId, slug) {
      mustHaveTeam(organizationId, slug)
      const left = (state().teams.get(organizationId) ?? []).filter((one) => one !== slug)
      state().teams.set(organizationId, left)
      for (const { organizationId: of, personId, teams } of state().memberships) {
        if (of === organizationId) put(of, personId, { teams: teams.filter((one) => one !== slug) })
      }
    },
    async joinTeam(organizationId, slug, personId) {
      mustHaveTeam(organizationId, slug)
      const { teams } = member(organizationId, personId)
      if (teams.includes(slug)) return false
      put(organizationId, personId, { teams: [...teams, slug].sort() })
      return true
    },
    async leaveTeam(organizationId, slug, personId) {
      mustHaveTeam(organizationId, slug)
      const { teams } = member(organizationId, personId)
      if (!teams.includes(slug)) return false
      put(organizationId, personId, { teams: teams.filter((one) => one !== slug) })
      return true
    },
    async account(email) {
      const [id, person] = byEmail(state(), email) ?? []
      if (id === undefined || person === undefined) return undefined
      const memberships = state().memberships.filter((one) => one.personId === id)
      const organizations = memberships.map(({ organizationId }) => organizationId)
      const linked = state().linked.filter((one) => one.personId === id)
      return { id, hasPassword: person.password !== null, linked, organizations }
    },
    holds: async ({ personId, mark }) => state().people.get(personId)?.password === mark,
    async linkAccount(personId, account) {
      const same = (one: LinkedAccount) =>
        one.provider === account.provider && one.accountId === account.accountId
      if (state().linked.some(same)) throw conflict('This account is linked already.')
      state().made += 1
      state().linked.push({ ...account, id: `account-${state().made}`, linkedAt: 0, personId })
    },
    async unlinkAccounts(personId, id) {
      const before = state().linked
      state().linked = before.filter((one) => one.personId !== personId || (id ?? one.id) !== one.id)
      return state().linked.length < before.length
    },
    async setPassword(personId, hash) {
      const person = state().people.get(personId)
      if (!person) throw missing('such person')
      state().people.set(personId, { ...person, password: hash })
    },
    async setProfile(personId, changed) {
      const person = state().people.get(personId)
      if (!person) throw missing('such person')
      const email = (changed.email ?? person.email).toLowerCase()
      const holder = byEmail(state(), email)?.[0]
      if (holder !== undefined && holder !== personId) throw conflict('Somebody else has that e-mail.')
      state().people.set(personId, { ...person, ...changed, email })
    },
  }
}
