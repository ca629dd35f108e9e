// The port of people: who is in which organization, with what role and in which teams. It does not decide what a role
// may do (domain/caller.ts) and knows nothing of our own tokens (control/). E-mails are compared in lower case, and
// kept so.

import type { Role } from '../domain/caller.ts'
import type { Owner } from '../domain/owner.ts'
import type { Secret } from '../domain/secret.ts'

/** The team every organization begins with; a bare `--team` means it while there is no other. */
export const FIRST_TEAM = 'everyone'

export interface Organization {
  readonly id: string
  readonly name: string
}

/** A person as a member of one organization. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  /** Slugs of the teams the person is in. */
  readonly teams: readonly string[]
}

/** The e-mail of the first person until they give their own. */
export const PLACEHOLDER_EMAIL = 'owner@claviger.local'

export interface FirstPeople {
  readonly organization: Organization
  readonly owner: Person
  /** True when this call made them. */
  readonly created: boolean
}

/** The role a person can have in an organization. */
export type MemberRole = Exclude<Role, 'agent' | 'worker'>

/** Reading. Never in a unit of the store: it sees only what is committed, and on SQLite it would wait for ever. */
export interface Directory {
  organization(organizationId: string): Promise<Organization | undefined>
  /** All of the installation, by name. */
  organizations(): Promise<Organization[]>
  /** Those this person is a member of, by name. */
  organizationsOf(personId: string): Promise<Organization[]>
  person(organizationId: string, personId: string): Promise<Person | undefined>
  findByEmail(organizationId: string, email: string): Promise<Person | undefined>
  /** All members of the organization, by e-mail. */
  members(organizationId: string): Promise<Person[]>
  /** Slugs of all teams of the organization. */
  teams(organizationId: string): Promise<string[]>
}

export interface ListWanted {
  /** Part of a name or an e-mail, whatever the case of its letters. */
  readonly search?: string | undefined
  /** Those whose key is after this one. */
  readonly after?: string | undefined
  /** Else all. */
  readonly limit?: number | undefined
}

export interface ListPage<Row> {
  readonly rows: readonly Row[]
  /** Key of the last row, when there are more. */
  readonly next: string | null
  /** How many there are that fit, on all pages. */
  readonly total: number
}

export interface TeamWithMembers {
  readonly team: string
  /** E-mails, in order. */
  readonly members: readonly string[]
}

/** Lists page by page; what is not on the page is not read. As `Directory`, never in a unit of the store. */
export interface PeopleLists {
  /** Looked for in e-mail and name; the e-mail is the key. */
  listMembers(organizationId: string, wanted: ListWanted): Promise<ListPage<Person>>
  /** The slug is the key. */
  listTeams(organizationId: string, wanted: ListWanted): Promise<ListPage<TeamWithMembers>>
}

/** That somebody knew the password of this person. */
export interface PasswordProof {
  readonly personId: string
  /** Stands for the password that it was. */
  readonly mark: string
}

/** Slow on purpose: never in a unit of the store. */
export interface Passwords {
  hashPassword(password: Secret): Promise<string>
  /** Id of the person with this e-mail and password, or null; both take the same time. */
  checkPassword(email: string, password: Secret): Promise<string | null>
  /** As `checkPassword`, with what the password was: it is looked at again where it lets somebody in. */
  provePassword(email: string, password: Secret): Promise<PasswordProof | null>
  /** Whether there is one. */
  hasPassword(personId: string): Promise<boolean>
}

/** An account of an identity provider that is a person's. */
export interface LinkedAccount {
  readonly id: string
  /** As `IdentityProvider.accounts` names the provider. */
  readonly provider: string
  readonly accountId: string
  /** What people called it when it was linked. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly linkedAt: number
}

export interface LinkedAccounts {
  /** Whose account it is; null for one that is nobody's here. */
  linkedPerson(provider: string, accountId: string): Promise<string | null>
  /** Oldest first. */
  linkedAccounts(personId: string): Promise<LinkedAccount[]>
}

/** Codes of authenticator apps. */
export interface AppCodes {
  /** What an app is given, from 20 random bytes. */
  newSecret(random: Uint8Array): Secret
  /** The same as apps read it, from a picture. */
  uri(secret: Secret, email: string): Secret
  /** The time step whose code this is, near that time; null when the app shows no such code. */
  stepOf(secret: Secret, code: string, at: number): number | null
}

export interface Identity extends Directory, PeopleLists, Passwords, LinkedAccounts {
  readonly appCodes: AppCodes

  /** The first organization with its owner; makes both, and a team for everyone, in an empty installation. */
  bootstrap(): Promise<FirstPeople>
  /** Changes that are part of this unit of the store: stored with it, or not at all. */
  changing(unit: object): PeopleChanges
}

export interface NewMember {
  readonly email: string
  /** Of a person who is new to the installation; others keep theirs. */
  readonly name: string
  readonly role: MemberRole
  /** Slugs. */
  readonly teams: readonly string[]
}

export interface AddedMember extends Person {
  /** This made the person. Others are known to the installation, and their password is theirs alone. */
  readonly isNew: boolean
}

/** Who belongs to an organization, and as what. Throws `not_found` for a member or an organization that is not there. */
export interface MembershipChanges {
  /** Makes an organization with its team `everyone`. Throws `conflict` when the slug is taken. */
  createOrganization(made: { readonly name: string; readonly slug: string }): Promise<Organization>
  /** Its slug stays: by that it is known. Others may be called the same, which is not theirs to learn. */
  renameOrganization(organizationId: string, name: string): Promise<void>
  /** The member as this unit sees it; nobody else changes people of this organization until the unit has ended. */
  member(organizationId: string, personId: string): Promise<Person | undefined>
  /** Finds the person by e-mail, or makes one. Throws `conflict` for a member, `not_found` for an unknown team. */
  addMember(organizationId: string, member: NewMember): Promise<AddedMember>
  /** Throws `conflict` when nobody would be owner any more. */
  setRole(organizationId: string, personId: string, role: MemberRole): Promise<void>
  /** Out of the organization and of its teams. Throws `conflict` when nobody would be owner any more. */
  removeMember(organizationId: string, personId: string): Promise<void>
  /** Whether there is such a team or member; while it is true it stays true until the unit has ended. */
  stands(organizationId: string, owner: Owner): Promise<boolean>
}

/** Throws `not_found` for a team or a member that is not there. */
export interface TeamChanges {
  /** Whether there is one; nobody else changes people of this organization until the unit has ended. */
  team(organizationId: string, slug: string): Promise<boolean>
  /** Throws `conflict` when there is one of that slug. */
  addTeam(organizationId: string, slug: string): Promise<void>
  removeTeam(organizationId: string, slug: string): Promise<void>
  /** False when they are in it already. */
  joinTeam(organizationId: string, slug: string, personId: string): Promise<boolean>
  /** False when they are not in it. */
  leaveTeam(organizationId: string, slug: string, personId: string): Promise<boolean>
}

/** What somebody has here, whichever organization they are in. */
export interface Account {
  readonly id: string
  readonly hasPassword: boolean
  /** Accounts of identity providers that are theirs. */
  readonly linked: readonly Pick<LinkedAccount, 'id' | 'provider' | 'accountId'>[]
  /** Ids of those they are a member of. */
  readonly organizations: readonly string[]
}

/** What is a person's own, whatever the organization. Throws `not_found` for an unknown person. */
export interface AccountChanges {
  /** The account of this e-mail, if there is one; nobody else changes it, or lets it in anywhere, until the unit has ended. */
  account(email: string): Promise<Account | undefined>
  /** Whether the password is still the one that was proven; nobody changes it until the unit has ended. */
  holds(proof: PasswordProof): Promise<boolean>
  /** `hash` is what hashPassword made; null takes the password away. */
  setPassword(personId: string, hash: string | null): Promise<void>
  /** Throws `conflict` when the account is linked already, to whomever, and `invalid` for one without an id. */
  linkAccount(personId: string, linked: Omit<LinkedAccount, 'id' | 'linkedAt'>): Promise<void>
  /** One of them, or all; false when there is none. */
  unlinkAccounts(personId: string, id?: string): Promise<boolean>
  /** Throws `conflict` when somebody else has that e-mail. */
  setProfile(personId: string, changed: { readonly email?: string; readonly name?: string }): Promise<void>
}

export interface PeopleChanges extends MembershipChanges, TeamChanges, AccountChanges {}
