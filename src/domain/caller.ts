// Who is asking, and what each role may do with whose credentials: design §2's table as data.

import type { Owner } from './owner.ts'

export const ROLES = ['owner', 'admin', 'member', 'auditor', 'agent', 'worker'] as const

export type Role = (typeof ROLES)[number]

/** Everyone who asks anything of the use-cases is one of these. */
export interface Caller {
  readonly organizationId: string
  readonly kind: 'person' | 'agent' | 'worker'
  /** The person's id, the agent's name or the worker's id. */
  readonly id: string
  /** What people call them: e-mail or name. */
  readonly name: string
  readonly role: Role
  /** Slugs of the person's teams. */
  readonly teams: readonly string[]
  readonly tokenId: string | null
  /** Set when the caller holds only the handle of this one lease. */
  readonly leaseId: string | null
  readonly requestId: string
}

/** `exists`: that there is one. `describe`: everything but values. `use`: lease it. `manage`: create, change, delete. */
export type Right = 'exists' | 'describe' | 'use' | 'manage'

/** How a caller stands to the owner of a credential. */
export type Relation = 'organization' | 'own-team' | 'other-team' | 'self' | 'other-person' | 'other-agent'

const ALL: readonly Right[] = ['exists', 'describe', 'use', 'manage']
const KEEP: readonly Right[] = ['exists', 'describe', 'manage']
const READ: readonly Right[] = ['exists', 'describe']
const NONE: readonly Right[] = []

type RightsOf = Readonly<Record<Role, readonly Right[]>>

/** Relation → role → rights. Nobody may read a value; `use` is a lease for oneself. */
const RIGHTS: Readonly<Record<Relation, RightsOf>> = {
  organization: {
    owner: ALL,
    admin: ALL,
    member: ['exists', 'describe', 'use'],
    auditor: READ,
    agent: NONE,
    worker: NONE,
  },
  'own-team': { owner: ALL, admin: ALL, member: ALL, auditor: READ, agent: NONE, worker: NONE },
  'other-team': { owner: KEEP, admin: KEEP, member: NONE, auditor: READ, agent: NONE, worker: NONE },
  self: {
    owner: ALL,
    admin: ALL,
    member: ALL,
    auditor: ALL,
    agent: ['exists', 'describe', 'use'],
    worker: NONE,
  },
  'other-person': {
    owner: ['exists'],
    admin: ['exists'],
    member: NONE,
    auditor: ['exists'],
    agent: NONE,
    worker: NONE,
  },
  'other-agent': { owner: KEEP, admin: KEEP, member: NONE, auditor: READ, agent: NONE, worker: NONE },
}

/** The things that are not about one credential, and who may do them. */
const GENERAL_RIGHTS = {
  lease: ['owner', 'admin', 'member', 'agent'],
  explain: ['owner', 'admin', 'member', 'auditor', 'agent'],
  manageTokens: ['owner', 'admin', 'member'],
  readAudit: ['owner', 'admin', 'auditor'],
} as const satisfies Record<string, readonly Role[]>

export type GeneralRight = keyof typeof GENERAL_RIGHTS

function relationTo(caller: Caller, owner: Owner): Relation {
  switch (owner.kind) {
    case 'org':
      return 'organization'
    case 'team':
      return caller.teams.includes(owner.slug) ? 'own-team' : 'other-team'
    case 'user':
      return caller.kind === 'person' && caller.id === owner.id ? 'self' : 'other-person'
    case 'agent':
      return caller.kind === 'agent' && caller.id === owner.name ? 'self' : 'other-agent'
  }
}

/** Whether the caller has this right over credentials of that owner. Organizations are checked before this. */
export function mayCredential(caller: Caller, right: Right, owner: Owner): boolean {
  return RIGHTS[relationTo(caller, owner)][caller.role].includes(right)
}

export function may(caller: Caller, right: GeneralRight): boolean {
  const roles: readonly Role[] = GENERAL_RIGHTS[right]
  return roles.includes(caller.role)
}
