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
  /** The agent this caller runs as: an agent itself, or a worker's agent; null for all others. */
  readonly agent: string | null
  /** Whether the organization is the one that operates the installation. */
  readonly operator: boolean
  readonly tokenId: string | null
  /** Set when a browser asks that its person is signed in with. */
  readonly sessionId?: string
  /** Set when the caller holds only the handle of this one lease. */
  readonly leaseId: string | null
  readonly requestId: string
  /** Whose run a worker has claimed: what it does for that run it does by their rights, under its own name. */
  readonly actsFor?: Caller
}

/** Tells whoever holds a lease apart from others, whether they ask with a token of theirs or with its handle. */
function holderOf({ kind, id }: Pick<Caller, 'kind' | 'id'>): string {
  return `${kind}:${id}`
}

/**
 * `exists`: that there is one. `describe`: everything but values. `use`: lease it. `manage`: create, change, delete.
 * `take`: have it whole, so that it is nowhere else afterwards (decision 0020).
 */
export type Right = 'exists' | 'describe' | 'use' | 'manage' | 'take'

/** How a caller stands to the owner of a credential. */
export type Relation =
  | 'organization'
  | 'own-team'
  | 'other-team'
  | 'self'
  | 'other-person'
  | 'other-agent'
  /** Whoever it belongs to: it is attached to the agent that the caller runs as. */
  | 'attached'

const ALL: readonly Right[] = ['exists', 'describe', 'use', 'manage']
const OWN: readonly Right[] = [...ALL, 'take']
const KEEP: readonly Right[] = ['exists', 'describe', 'manage']
const READ: readonly Right[] = ['exists', 'describe']
const USE: readonly Right[] = ['exists', 'describe', 'use']
const NONE: readonly Right[] = []

type RightsOf = Readonly<Record<Role, readonly Right[]>>

/** Relation → role → rights. Nobody may read a value that stays here; `use` is a lease for oneself. */
export const RIGHTS: Readonly<Record<Relation, RightsOf>> = {
  organization: {
    owner: ALL,
    admin: ALL,
    member: USE,
    auditor: READ,
    agent: NONE,
    // A worker without an agent runs without a person: it draws on what the organization owns, and sees nothing of it.
    worker: ['use'],
  },
  'own-team': { owner: ALL, admin: ALL, member: ALL, auditor: READ, agent: NONE, worker: NONE },
  'other-team': { owner: KEEP, admin: KEEP, member: NONE, auditor: READ, agent: NONE, worker: NONE },
  self: {
    owner: OWN,
    admin: OWN,
    member: OWN,
    auditor: OWN,
    agent: USE,
    worker: USE,
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
  attached: { owner: NONE, admin: NONE, member: NONE, auditor: NONE, agent: USE, worker: USE },
}

/** The things that are not about one credential, and who may do them. */
export const GENERAL_RIGHTS = {
  lease: ['owner', 'admin', 'member', 'agent', 'worker'],
  /** Beginning runs of one's own, and what one does with them. */
  startRuns: ['owner', 'admin', 'member', 'agent'],
  /** Each sees those it may see; an auditor no words of the conversation. */
  readRuns: ['owner', 'admin', 'member', 'auditor', 'agent', 'worker'],
  /** The conversation itself. */
  followRuns: ['owner', 'admin', 'member', 'agent'],
  /** Claiming runs, and saying what happens in them. */
  carryOutRuns: ['worker'],
  explain: ['owner', 'admin', 'member', 'auditor', 'agent', 'worker'],
  manageTokens: ['owner', 'admin', 'member', 'auditor'],
  /** Going on with a sign-in at a provider that one has begun. */
  manageLogins: ['owner', 'admin', 'member', 'auditor'],
  readAudit: ['owner', 'admin', 'auditor'],
  /** Which harnesses are on, and the subscriptions policy. */
  readSettings: ['owner', 'admin', 'member', 'auditor'],
  manageSettings: ['owner', 'admin'],
  /** Letting subscriptions whose terms say otherwise serve others than the person who bought them. */
  shareSubscriptions: ['owner'],
  /** Members, teams and invitations. */
  readPeople: ['owner', 'admin', 'auditor'],
  managePeople: ['owner', 'admin'],
  /** Making, changing and removing owners. */
  manageOwners: ['owner'],
  /** Agents and workers. */
  readMachines: ['owner', 'admin', 'auditor'],
  manageMachines: ['owner', 'admin'],
  /** The installation itself: organizations, backup, re-keying. Only in the organization that operates it. */
  operate: ['owner'],
} as const satisfies Record<string, readonly Role[]>

export type GeneralRight = keyof typeof GENERAL_RIGHTS

export function isGeneralRight(text: string): text is GeneralRight {
  return Object.hasOwn(GENERAL_RIGHTS, text)
}

function relationTo(caller: Caller, owner: Owner): Relation {
  switch (owner.kind) {
    case 'org':
      return 'organization'
    case 'team':
      return caller.teams.includes(owner.slug) ? 'own-team' : 'other-team'
    case 'user':
      return caller.kind === 'person' && caller.id === owner.id ? 'self' : 'other-person'
    case 'agent':
      return caller.agent === owner.name ? 'self' : 'other-agent'
  }
}

/**
 * Whether the caller has this right over credentials of that owner, or over one that is attached to the agent it runs
 * as. A worker that runs as an agent has that agent's rights only. Organizations are checked before this.
 */
export function mayCredential(asking: Caller, right: Right, owner: Owner, attached = false): boolean {
  const caller = asking.actsFor ?? asking
  const relation = relationTo(caller, owner)
  if (attached && RIGHTS.attached[caller.role].includes(right)) return true
  if (caller.role === 'worker' && caller.agent !== null && relation !== 'self') return false
  return RIGHTS[relation][caller.role].includes(right)
}

/**
 * Whether the word of this caller alone may take a credential away from everybody: it manages it, and asks with a token of
 * its own. The handle of a lease is in the hands of a program, and a worker is one.
 */
export function isBelieved(caller: Caller, owner: Owner): boolean {
  return caller.leaseId === null && caller.actsFor === undefined && mayCredential(caller, 'manage', owner)
}

/** Who says of a login that it was refused. Without `by` they are believed: nobody else draws on it, or they manage it. */
export function reporterOf(caller: Caller, owner: Owner): { readonly by?: string } {
  const holder = caller.actsFor ?? caller
  const isTheirs = relationTo(holder, owner) === 'self'
  return isTheirs || isBelieved(caller, owner) ? {} : { by: holderOf(holder) }
}

export function may(asking: Caller, right: GeneralRight): boolean {
  const caller = asking.actsFor ?? asking
  if (right === 'operate' && !caller.operator) return false
  const roles: readonly Role[] = GENERAL_RIGHTS[right]
  return roles.includes(caller.role)
}
