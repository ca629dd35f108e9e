// What the owner of a login that is over types. A link that signs somebody in would make whoever holds the lease that
// person.

import type { Caller } from '../../domain/caller.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { type Owner, parseOwner } from '../../domain/owner.ts'
import type { CandidateRow } from '../../store/store.ts'

/** One sentence that ends on the command. */
export function signInAgain(
  { kind, id }: Pick<Caller, 'kind' | 'id'>,
  { type, owner: text, name }: Pick<CandidateRow, 'type' | 'owner' | 'name'>,
): string {
  const [harness = ''] = type.split('/')
  const owner = parseOwner(text)
  const isOwn = owner.kind === 'user' && kind === 'person' && owner.id === id
  const title = HARNESS_TITLE[harness as HarnessName]
  const who = isOwn ? 'Sign in' : `Whoever looks after the ${title} login ${name} signs in`
  return `${who} again: claviger credential login ${[ownerFlag(owner), name].join(' ')}`
}

function ownerFlag(owner: Owner): string {
  switch (owner.kind) {
    case 'org':
      return '--org'
    case 'team':
      return `--team ${owner.slug}`
    case 'agent':
      return `--agent ${owner.name}`
    case 'user':
      return '--personal'
  }
}
