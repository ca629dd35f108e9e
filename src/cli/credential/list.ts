// `credential list`: what there is. Values are never shown; the server does not send them.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { counted } from '../../domain/counted.ts'
import type { CredentialType } from '../../domain/credential-types.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { formatOwner } from '../../domain/owner.ts'
import type { CredentialState } from '../../domain/state.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { listWhole, type WholeList } from '../find-credential.ts'
import { type OwnerFlags, ownerOf, ownerTitle, type WhoAmI } from '../owner-flags.ts'
import { relativeTime } from '../text.ts'

export interface ListOptions extends OwnerFlags {
  readonly harness?: HarnessName | 'raw'
  readonly type?: CredentialType
  readonly state?: CredentialState
}

const HEADINGS = ['NAME', 'OWNER', 'TYPE', 'STATE', 'CREATED', 'UPDATED', 'DESCRIPTION']

export async function run(context: Context, options: ListOptions): Promise<number> {
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = ownerOf(options, who)
  const { harness, type, state } = options
  const { credentials, others } = await listWhole(client, {
    ...(harness && { harness }),
    ...(type && { type }),
    ...(state && { state }),
    ...(owner && { owner: formatOwner(owner) }),
  })
  const now = Date.now()
  context.ui.table(
    { credentials, others },
    HEADINGS,
    () => credentials.map((one) => row(one, who, now)),
    'There are no credentials here. Store one with: claviger credential create',
  )
  for (const line of await existing(client, others)) context.ui.note(line)
  return 0
}

// Beside the table, not in it: nothing else is known of them.
async function existing(client: Client, others: WholeList['others']): Promise<string[]> {
  if (others.length === 0) return []
  const { members } = await client.call('members.list', {})
  return others.map(({ owner, count }) => {
    const email = members.find(({ id }) => formatOwner({ kind: 'user', id }) === owner)?.email ?? owner
    return `and ${counted(count, 'personal credential')} of ${email}`
  })
}

function row(credential: CredentialView, who: WhoAmI, now: number): string[] {
  const { name, owner, type, state, createdAt, updatedAt, description } = credential
  const time = (at: string | undefined) => (at === undefined ? '-' : relativeTime(at, now))
  return [name, ownerTitle(owner, who), type, state, time(createdAt), time(updatedAt), description ?? '']
}
