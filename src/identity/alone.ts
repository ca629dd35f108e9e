// The one person of a machine without a server: always there, owner of an organization that is this machine. There is
// nobody to invite, no password and no account of anybody else.

import { ClavigerError } from '../domain/errors.ts'
import { appCodes } from './app-codes.ts'
import type { FirstPeople, Identity, Organization, Person } from './identity.ts'

export const THIS_MACHINE: Organization = { id: 'org_local', name: 'this machine' }

// Nobody writes to them: wherever they are named, it is to themselves.
const PERSON: Person = { id: 'user_local', email: 'you', name: 'you', role: 'owner', teams: [] }

const NOBODY = { rows: [], next: null, total: 0 }

/** The first people, who are the only ones. */
export const ALONE: FirstPeople = { organization: THIS_MACHINE, owner: PERSON, created: false }

/** Everything that changes people refuses. */
export function createAlone(): Identity {
  const known = (organizationId: string) => organizationId === THIS_MACHINE.id
  const only = <T>(organizationId: string, found: T) => (known(organizationId) ? found : undefined)
  return {
    appCodes,
    bootstrap: async () => ALONE,
    organization: async (id) => only(id, THIS_MACHINE),
    organizations: async () => [THIS_MACHINE],
    organizationsOf: async (id) => (id === PERSON.id ? [THIS_MACHINE] : []),
    person: async (organizationId, id) => (id === PERSON.id ? only(organizationId, PERSON) : undefined),
    findByEmail: async (organizationId, email) =>
      email.toLowerCase() === PERSON.email ? only(organizationId, PERSON) : undefined,
    members: async (organizationId) => (known(organizationId) ? [PERSON] : []),
    teams: async () => [],
    listMembers: async (organizationId) =>
      known(organizationId) ? { rows: [PERSON], next: null, total: 1 } : NOBODY,
    listTeams: async () => NOBODY,
    hashPassword: async () => refuse(),
    checkPassword: async () => null,
    provePassword: async () => null,
    hasPassword: async () => false,
    linkedPerson: async () => null,
    linkedAccounts: async () => [],
    changing: () => ({
      ...{
        createOrganization: refuse,
        renameOrganization: refuse,
        member: async (organizationId) => only(organizationId, PERSON),
      },
      ...{ addMember: refuse, setRole: refuse, removeMember: refuse },
      stands: async (organizationId, owner) =>
        known(organizationId) && (owner.kind === 'org' || (owner.kind === 'user' && owner.id === PERSON.id)),
      ...{
        team: async () => false,
        addTeam: refuse,
        removeTeam: refuse,
        joinTeam: refuse,
        leaveTeam: refuse,
      },
      ...{ account: async () => undefined, holds: async () => false, setPassword: refuse },
      ...{ linkAccount: refuse, unlinkAccounts: async () => false, setProfile: refuse },
    }),
  }
}

function refuse(): never {
  throw new ClavigerError('invalid', 'There is nobody else on this machine.', {
    hint: 'People share credentials on a server: claviger serve',
  })
}
