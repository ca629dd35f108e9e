// `credential move NAME --to OWNER`: gives a credential to another owner.

import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner, parseOwner } from '../../domain/owner.ts'
import type { Context } from '../context.ts'
import { findCredential, mustManage } from '../find-credential.ts'
import { type OwnerFlags, ownerTitle, self, type WhoAmI } from '../owner-flags.ts'
import { shortly } from './describe.ts'

export interface MoveOptions extends OwnerFlags {
  /** `org`, `team:SLUG`, `agent:NAME`, `personal`. */
  readonly to?: string
}

export async function run(context: Context, options: MoveOptions, words: readonly string[]): Promise<number> {
  if (options.to === undefined) {
    throw new ClavigerError('invalid', 'The new owner is missing.', {
      hint: 'Add --to org, --to team:SLUG, --to agent:NAME or --to personal.',
    })
  }
  const { client, who, credential } = await findCredential(context, options, words, { manage: true })
  const owner = newOwner(options.to, who)
  mustManage(who, owner)
  const moved = await client.call('credentials.move', { id: credential.id, owner: formatOwner(owner) })
  const from = ownerTitle(credential.owner, who)
  context.ui.answer(moved, () => [
    `Moved from ${from}: ${shortly(moved, who)}.`,
    ...moved.cleared.map((one) => `Cleared: ${one}.`),
  ])
  return 0
}

function newOwner(text: string, who: WhoAmI) {
  return text === 'personal' || text === 'me' ? self(who) : parseOwner(text)
}
