// The port of people: who is in which organization, with what role and in which teams. It does not decide what a role
// may do (domain/caller.ts) and knows nothing of our own tokens (control/).

import type { Role } from '../domain/caller.ts'

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

export interface FirstPeople {
  readonly organization: Organization
  readonly owner: Person
  /** True when this call made them. */
  readonly created: boolean
}

export interface Identity {
  /** The first organization with its owner; makes both, and a team for everyone, in an empty installation. */
  bootstrap(): Promise<FirstPeople>
  organization(organizationId: string): Promise<Organization | undefined>
  person(organizationId: string, personId: string): Promise<Person | undefined>
  /** Slugs of all teams of the organization. */
  teams(organizationId: string): Promise<string[]>
  findByEmail(organizationId: string, email: string): Promise<Person | undefined>
}
