// People by better-auth, on the product's own database. Nobody can sign in through it yet, so none of its routes are
// mounted; it keeps the tables and the rules of membership. What a role may do is decided in domain/caller.ts.

import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { organization } from 'better-auth/plugins'
import { createAccessControl } from 'better-auth/plugins/access'
import { adminAc, defaultStatements, memberAc, ownerAc } from 'better-auth/plugins/organization/access'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Role } from '../domain/caller.ts'
import type { Identity, Organization, Person } from './identity.ts'

const FIRST_OWNER = { email: 'owner@claviger.local', name: 'Owner' }
const FIRST_ORGANIZATION = { name: 'My organization', slug: 'my-organization' }
// Everyone who joins can be put in it; a bare `--team` means it while there is no other.
const FIRST_TEAM = 'everyone'

export interface IdentityOptions {
  // Its tables are better-auth's own, so the type of the schema is of no use here.
  readonly database: Kysely<never>
  readonly engine: 'sqlite' | 'postgres'
  /** Signs cookies; derived from the master key. */
  readonly secret: string
  /** The server's own address. */
  readonly baseUrl: string
}

/** The migration that makes better-auth's tables, for the store to run in its own order and under its lock. */
export function peopleMigration(engine: IdentityOptions['engine']): Migration {
  return {
    async up(database) {
      const { runMigrations } = await getMigrations(
        authOptions({ database: database as Kysely<never>, engine }),
      )
      await runMigrations()
    },
  }
}

/** All of people's migrations, by name. */
export function peopleMigrations(engine: IdentityOptions['engine']): Readonly<Record<string, Migration>> {
  return { 'people-0001': peopleMigration(engine) }
}

/** Tables of what is good for a while only: a backup that brought it back would sign people in again. */
export const PASSING_TABLES: readonly string[] = ['person_session', 'person_verification']

export function createIdentity(options: IdentityOptions): Identity {
  const { secret, baseUrl } = options
  return people(
    makeAuth({ ...authOptions(options), baseURL: baseUrl, secrets: [{ version: 1, value: secret }] }),
  )
}

type Auth = ReturnType<typeof makeAuth>

function makeAuth(options: ReturnType<typeof authOptions> & Pick<BetterAuthOptions, 'baseURL' | 'secrets'>) {
  return betterAuth(options)
}

function people(auth: Auth): Identity {
  async function find<T>(model: string, where: Readonly<Record<string, string>>): Promise<T[]> {
    const { adapter } = await auth.$context
    const clauses = Object.entries(where).map(([field, value]) => ({ field, value }))
    return adapter.findMany<T>({ model, where: clauses, limit: 10_000 })
  }

  async function person(organizationId: string, id: string): Promise<Person | undefined> {
    const [member] = await find<{ role: string }>('member', { organizationId, userId: id })
    const [user] = await find<{ email: string; name: string }>('user', { id })
    if (!member || !user) return undefined
    const mine = await find<{ teamId: string }>('teamMember', { userId: id })
    const all = await find<{ id: string; name: string }>('team', { organizationId })
    const teams = all.filter((team) => mine.some(({ teamId }) => teamId === team.id)).map((team) => team.name)
    return { id, email: user.email, name: user.name, role: roleOf(member.role), teams: teams.sort() }
  }

  return {
    person,
    async bootstrap() {
      const existing = async () =>
        (await find<Organization>('organization', { slug: FIRST_ORGANIZATION.slug }))[0]
      let created = false
      let made = await existing()
      if (made === undefined) {
        try {
          made = await makeFirst(auth)
          created = true
        } catch (error) {
          // Another server of this database started at the same time and was faster.
          made = await existing()
          if (made === undefined) throw error
        }
      }
      const [user] = await find<{ id: string }>('user', { email: FIRST_OWNER.email })
      const [owning] = await find<{ userId: string }>('member', { organizationId: made.id, role: 'owner' })
      const owner = await person(made.id, owning?.userId ?? user?.id ?? '')
      if (!owner) throw new Error('the first organization has no owner')
      return { organization: { id: made.id, name: made.name }, owner, created }
    },
    async organization(id) {
      const [found] = await find<Organization>('organization', { id })
      return found && { id: found.id, name: found.name }
    },
    async teams(organizationId) {
      const teams = await find<{ name: string }>('team', { organizationId })
      return teams.map(({ name }) => name).sort()
    },
    async findByEmail(organizationId, email) {
      const [user] = await find<{ id: string }>('user', { email: email.toLowerCase() })
      return user && person(organizationId, user.id)
    },
  }
}

// One transaction: either all of the first people exist, or none of them.
async function makeFirst(auth: Auth): Promise<Organization> {
  const { adapter } = await auth.$context
  return adapter.transaction(async (unit) => {
    const createdAt = new Date()
    async function create(model: string, data: Record<string, unknown>): Promise<string> {
      const made = await unit.create<Record<string, unknown>, { id: string }>({
        model,
        data: { ...data, createdAt },
      })
      return made.id
    }
    const userId = await create('user', { ...FIRST_OWNER, emailVerified: true, updatedAt: createdAt })
    const organizationId = await create('organization', FIRST_ORGANIZATION)
    await create('member', { organizationId, userId, role: 'owner' })
    const teamId = await create('team', { name: FIRST_TEAM, organizationId })
    await create('teamMember', { teamId, userId })
    return { id: organizationId, name: FIRST_ORGANIZATION.name }
  })
}

function roleOf(text: string): Role {
  // better-auth can keep several roles of one member, separated by commas; the first is the one we set.
  const first = text.split(',')[0]
  return first === 'owner' || first === 'admin' || first === 'auditor' ? first : 'member'
}

function authOptions({ database, engine }: Pick<IdentityOptions, 'database' | 'engine'>) {
  const access = createAccessControl(defaultStatements)
  const auditor = access.newRole({ organization: [], member: [], invitation: [], team: [], ac: [] })
  return {
    appName: 'Claviger',
    database: { db: database, type: engine, transaction: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true, disableSignUp: true },
    advanced: { disableOriginCheck: false, disableCSRFCheck: false },
    user: { modelName: 'person' },
    session: { modelName: 'person_session' },
    account: { modelName: 'person_account' },
    verification: { modelName: 'person_verification' },
    plugins: [
      organization({
        ac: access,
        roles: { owner: ownerAc, admin: adminAc, member: memberAc, auditor },
        allowUserToCreateOrganization: false,
        teams: { enabled: true, defaultTeam: { enabled: false } },
        schema: { teamMember: { modelName: 'team_member' } },
      }),
    ],
  } satisfies BetterAuthOptions
}
