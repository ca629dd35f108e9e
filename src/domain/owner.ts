// Who a credential belongs to: the organization, a team, a person or an agent. Written `org`, `team:SLUG`,
// `user:ID`, `agent:NAME` in the database, the API and the command line.

import { ClavigerError } from './errors.ts'
import { printable } from './names.ts'

export type Owner =
  | { readonly kind: 'org' }
  | { readonly kind: 'team'; readonly slug: string }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'agent'; readonly name: string }

/** An owner as text, for example `team:platform`. The inverse of {@link parseOwner}. */
export type OwnerText = string

const TAIL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** `org`, `team:SLUG`, `user:ID` or `agent:NAME`. */
export function formatOwner(owner: Owner): OwnerText {
  switch (owner.kind) {
    case 'org':
      return 'org'
    case 'team':
      return `team:${owner.slug}`
    case 'user':
      return `user:${owner.id}`
    case 'agent':
      return `agent:${owner.name}`
  }
}

/** Reads an owner; throws `invalid` for anything else. */
export function parseOwner(text: string): Owner {
  if (text === 'org') return { kind: 'org' }
  const colon = text.indexOf(':')
  const kind = text.slice(0, Math.max(colon, 0))
  const tail = text.slice(colon + 1)
  if (TAIL.test(tail)) {
    if (kind === 'team') return { kind, slug: tail }
    if (kind === 'user') return { kind, id: tail }
    if (kind === 'agent') return { kind, name: tail }
  }
  throw new ClavigerError('invalid', `"${printable(text)}" is not an owner.`, {
    hint: 'An owner is org, team:SLUG, user:ID or agent:NAME.',
  })
}
