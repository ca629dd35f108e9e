// What identity/ says when it refuses a change.

import { ClavigerError } from '../domain/errors.ts'
import { printable } from '../domain/names.ts'

const LISTS: Partial<Record<string, string>> = {
  member: 'List who there is: claviger admin members list',
  team: 'List which there are: claviger admin teams list',
}

/** `not_found`, in the words of the use-cases. */
export function absent(kind: 'organization' | 'member' | 'team' | 'person', id: string): ClavigerError {
  const hint = LISTS[kind] ?? ''
  return new ClavigerError('not_found', `There is no ${kind} ${printable(id)}.`, hint === '' ? {} : { hint })
}

/** `conflict`: somebody must be able to administer the organization. */
export function lastOwner(email: string): ClavigerError {
  return new ClavigerError('conflict', `${email} is the last owner of this organization.`, {
    hint: 'Make somebody else an owner first: claviger admin members role EMAIL owner',
  })
}

export function alreadyMember(email: string): ClavigerError {
  return new ClavigerError('conflict', `${email} is a member already.`, {
    hint: `Change the role with: claviger admin members role ${email} ROLE`,
  })
}

export function teamTaken(slug: string): ClavigerError {
  return new ClavigerError('conflict', `There already is a team ${slug}.`, {
    hint: `Put members into it with: claviger admin teams add ${slug} EMAIL`,
  })
}

export function organizationTaken(slug: string): ClavigerError {
  return new ClavigerError('conflict', `There already is an organization ${slug}.`, {
    hint: 'Choose another name.',
  })
}

export function emailTaken(email: string): ClavigerError {
  return new ClavigerError('conflict', `Somebody else has the e-mail ${email}.`, {
    hint: 'Give another one.',
  })
}

export function namelessAccount(): ClavigerError {
  return new ClavigerError('invalid', 'This account has no id.', {
    hint: 'Ask whoever runs the identity provider: the subject of its tokens must be a text.',
  })
}

/** The error for an account that is somebody's already. */
export function accountTaken(): ClavigerError {
  return new ClavigerError('conflict', 'This account is linked already.', {
    hint: 'Whoever has it here unlinks it first.',
  })
}
