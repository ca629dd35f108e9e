// `claviger admin members`: who belongs to the organization, as what, and the way out.

import type { Request } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { counted } from '../../domain/counted.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'

type Role = Request<'members.update'>['role']

const ROLES: readonly Role[] = ['owner', 'admin', 'member', 'auditor']

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('members.list', {})
  const rows = () =>
    answer.members.map(({ email, name, role, teams }) => [email, name, role, teams.join(', ')])
  context.ui.table(answer, ['E-MAIL', 'NAME', 'ROLE', 'TEAMS'], rows, 'There are no members.')
  return 0
}

export async function role(
  context: Context,
  _: unknown,
  [member = '', wanted = '']: readonly string[],
): Promise<number> {
  const found = ROLES.find((one) => one === wanted)
  if (found === undefined) {
    throw new ClavigerError('invalid', 'That is not a role of a member.', {
      hint: `Choose one of: ${ROLES.join(', ')}`,
    })
  }
  const { client } = await connect(context)
  const changed = await client.call('members.update', { member, role: found })
  context.ui.answer(changed, () => [`${changed.email} is ${found} now.`])
  return 0
}

export interface RemoveOptions {
  readonly force?: boolean
}

export async function remove(
  context: Context,
  { force = false }: RemoveOptions,
  [member = '']: readonly string[],
): Promise<number> {
  const { ui } = context
  const { client } = await connect(context)
  const way = await wayOut(client, member)
  if (!force) {
    const { email, references } = await way.references()
    for (const reference of references) ui.note(`This ends ${reference} of ${email}.`)
    if (!ui.interactive) {
      throw new ClavigerError('invalid', `Refusing to remove ${email} without confirmation; use --force`, {
        hint: `Type: claviger admin members remove --force ${email}. It cannot be undone.`,
      })
    }
    if (!(await ui.confirm(`Remove ${email} from the organization? This cannot be undone.`))) {
      throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was changed.' })
    }
  }
  const removed = await way.remove()
  const { tokens, leases, credentials } = removed.ended
  ui.answer(removed, () => [
    `Removed ${removed.email}.`,
    `Revoked ${countedOrNo(tokens, 'token')}, ended ${countedOrNo(leases, 'running lease')}, deleted ${countedOrNo(credentials, 'personal credential')}.`,
  ])
  return 0
}

// Everybody may leave; removing others is for those who manage members.
async function wayOut(client: Client, member: string) {
  const { id, name } = await client.call('whoami', {})
  if (member === id || member.toLowerCase() === name) {
    return {
      references: () => client.call('membership.references', {}),
      remove: () => client.call('membership.leave', {}),
    }
  }
  return {
    references: () => client.call('members.references', { member }),
    remove: () => client.call('members.remove', { member }),
  }
}

function countedOrNo(count: number, what: string): string {
  return count === 0 ? `no ${what}s` : counted(count, what)
}
