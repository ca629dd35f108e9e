// What ends when, of what the caller may see: the forecast as a list.

import type { Output } from '../../api/schemas.ts'
import { type Caller, mayCredential } from '../../domain/caller.ts'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { parseOwner } from '../../domain/owner.ts'
import { endingSentence, estimatedEnd } from '../../domain/telling/endings.ts'
import type { CredentialRow } from '../../store/store.ts'
import { canSee, seesNameOnly } from '../guard.ts'
import { endOf } from '../telling/ends.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

type EndView = Output<'overview'>['ends'][number]

const AT_MOST = 100
const PAGE = 500

// Of the others none has an end that anybody knows.
const ENDING = CREDENTIAL_TYPE_NAMES.filter(
  (type) => CREDENTIAL_TYPES[type].entry === 'sign-in' || estimatedEnd(type, 0) !== null,
)

export async function endsFor(workshop: Workshop, caller: Caller): Promise<EndView[]> {
  const { store, now } = workshop
  const found: { readonly at: number; readonly view: EndView }[] = []
  for await (const rows of pages(workshop, caller)) {
    const grants = await store.grants.list(
      caller.organizationId,
      rows.map(({ id }) => id),
    )
    const grantOf = new Map(grants.map((grant) => [grant.credentialId, grant]))
    for (const row of rows) {
      const end = await endOf(store, row, grantOf.get(row.id))
      if (end === null) continue
      const { at, estimated } = end
      const sentence = at <= now() ? 'It has ended.' : endingSentence(at, now(), estimated)
      const manage = mayCredential(caller, 'manage', parseOwner(row.owner))
      found.push({ at, view: { credential: named(row), at: rfc3339(at), estimated, sentence, manage } })
    }
  }
  return found
    .sort((a, b) => a.at - b.at)
    .slice(0, AT_MOST)
    .map(({ view }) => view)
}

async function* pages(
  { store, resolution }: Workshop,
  caller: Caller,
): AsyncGenerator<readonly CredentialRow[]> {
  const owners = resolution.visibleOwners(caller)
  for (const type of ENDING) {
    for (let after = ''; ; ) {
      const filter = { type, ...(owners && { owners }) }
      const rows = await store.credentials.list(caller.organizationId, filter, { after, limit: PAGE })
      yield rows.filter((row) => canSee(caller, row, false) && !seesNameOnly(caller, row))
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE) break
      after = last.id
    }
  }
}

/** A credential by what tells it from others. */
export function named({ id, owner, name, type, suffix }: CredentialRow): EndView['credential'] {
  return { id, owner, name, type, suffix }
}
