// People by better-auth, on the product's own database. Signing in is ours (docs/decisions/0016), so none of its routes are
// mounted; it keeps the tables and the hashes of passwords. What a role may do is decided in domain/caller.ts.

import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { organization } from 'better-auth/plugins'
import { createAccessControl } from 'better-auth/plugins/access'
import { adminAc, defaultStatements, memberAc, ownerAc } from 'better-auth/plugins/organization/access'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { appCodes } from './app-codes.ts'
import { accountChanges } from './changes/accounts.ts'
import { membershipChanges } from './changes/memberships.ts'
import { teamChanges } from './changes/teams.ts'
import { createDirectory } from './directory.ts'
import {
  type Directory,
  FIRST_TEAM,
  type FirstPeople,
  type Identity,
  type Organization,
  PLACEHOLDER_EMAIL,
} from './identity.ts'
import { createLinkedAccounts } from './linked-accounts.ts'
import { labelOfAccounts, oncePerName } from './migrations.ts'
import { createPasswords } from './passwords.ts'
import { createPeopleLists } from './people-lists.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

const FIRST_OWNER = { email: PLACEHOLDER_EMAIL, name: 'Owner' }
const FIRST_ORGANIZATION = { name: 'My organization', slug: 'my-organization' }

export interface IdentityOptions {
  // Its tables are better-auth's own, so the type of the schema is of no use here.
  readonly database: Kysely<never>
  readonly engine: 'sqlite' | 'postgres'
  /** Signs cookies; derived from the master key. */
  readonly secret: string
  /** The server's own address. */
  readonly baseUrl: string
  /** How statements run that are part of a unit of the store on the same database. */
  readonly executeIn: (unit: object) => Execute
}

/** The migrations of better-auth's tables, for the store to run in its own order and under its lock. */
export function peopleMigrations(engine: IdentityOptions['engine']): Record<string, Migration> {
  return {
    'people-0001': {
      async up(database) {
        const { runMigrations } = await getMigrations(
          authOptions({ database: database as Kysely<never>, engine }),
        )
        await runMigrations()
      },
    },
    'people-0002': { up: oncePerName },
    'people-0003': { up: labelOfAccounts },
  }
}

/** Tables of what is good for a while only: a backup that brought it back would sign people in again. */
export const PASSING_TABLES: readonly string[] = ['person_session', 'person_verification']

export function createIdentity(options: IdentityOptions): Identity {
  const { database, engine, executeIn } = options
  const auth = createAuth(options)
  const tables = database as unknown as Kysely<PeopleTables>
  const execute: Execute = (query) => tables.executeQuery(query)
  const directory = createDirectory(tables, execute)
  return {
    ...directory,
    ...createPeopleLists(tables, execute),
    appCodes,
    ...createLinkedAccounts(tables, execute),
    ...createPasswords(tables, execute, async () => (await auth.$context).password),
    bootstrap: () => first(auth, directory),
    changing: (unit) => {
      const inUnit = { database: tables, execute: executeIn(unit), engine }
      return { ...membershipChanges(inUnit), ...teamChanges(inUnit), ...accountChanges(inUnit) }
    },
  }
}

type Auth = ReturnType<typeof createAuth>

/**
 * better-auth on these options. It also reads the environment, which wins over some of them or adds to them: take its
 * variables away before this module is loaded (config.ts).
 */
export function createAuth(options: Omit<IdentityOptions, 'executeIn'>) {
  const { secret, baseUrl } = options
  // A list, because a single secret would give way to BETTER_AUTH_SECRETS.
  const secrets = [{ version: 1, value: secret }]
  return betterAuth({ ...authOptions(options), baseURL: baseUrl, secrets } satisfies BetterAuthOptions)
}

async function first(auth: Auth, directory: Directory): Promise<FirstPeople> {
  const { adapter } = await auth.$context
  const oldest = async <T>(model: string, fields: Readonly<Record<string, string>>) => {
    const where = Object.entries(fields).map(([field, value]) => ({ field, value }))
    const sortBy = { field: 'createdAt', direction: 'asc' } as const
    return (await adapter.findMany<T>({ model, where, sortBy, limit: 1 }))[0]
  }
  const existing = () => oldest<Organization>('organization', { slug: FIRST_ORGANIZATION.slug })
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
  const { id, name } = made
  const owning = await oldest<{ userId: string }>('member', { organizationId: id, role: 'owner' })
  const owner = owning && (await directory.person(id, owning.userId))
  if (!owner) throw new Error('the first organization has no owner')
  return { organization: { id, name }, owner, created }
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
    account: {
      modelName: 'person_account',
      additionalFields: { label: { type: 'string', required: false, input: false } },
    },
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
