// Two organizations of people in memory, as identity/ would answer. Both have a team of the same name.

import type { Caller, Role } from '../../src/domain/caller.ts'
import type { Identity, Organization, Person } from '../../src/identity/identity.ts'

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
}

export function createPeople(): TestPeople {
  const members = new Map<string, Person & { readonly organizationId: string }>() // id → member
  for (const [name, member] of Object.entries(MEMBERS)) {
    members.set(name, { ...member, id: name, name, email: `${name}@example.test` })
  }
  const person = (organizationId: string, id: string): Person | undefined => {
    const found = members.get(id)
    if (found?.organizationId !== organizationId) return undefined
    const { organizationId: _, ...rest } = found
    return rest
  }
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
      const found = members.get(who)
      if (changed === null || !found) members.delete(who)
      else members.set(who, { ...found, ...changed })
    },
    identity: {
      async bootstrap() {
        const [organization] = ORGANIZATIONS
        const owner = person('org-acme', 'ada')
        if (!organization || !owner) throw new Error('the first people are gone')
        return { organization, owner, created: false }
      },
      organization: async (id) => ORGANIZATIONS.find((one) => one.id === id),
      person: async (organizationId, id) => person(organizationId, id),
      teams: async (organizationId) => [...(TEAMS[organizationId] ?? [])],
      findByEmail: async (organizationId, email) => person(organizationId, email.split('@')[0] ?? ''),
    },
  }
}
