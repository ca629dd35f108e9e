// `credential order get|set`: which of an owner's credentials for a harness is tried first.

import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { listCredentials, mustManage } from '../find-credential.ts'
import { type OwnerFlags, ownerOf, ownerTitle, self, type WhoAmI } from '../owner-flags.ts'

export interface OrderOptions extends OwnerFlags {
  readonly harness: HarnessName
  readonly clear?: boolean
}

type Order = Output<'credentials.getOrder'>

export async function get(context: Context, options: OrderOptions): Promise<number> {
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = formatOwner(ownerOf(options, who) ?? self(who))
  const order = await client.call('credentials.getOrder', { owner, harness: options.harness })
  context.ui.answer(order, () => inWords(order, who))
  return 0
}

export async function set(
  context: Context,
  options: OrderOptions,
  names: readonly string[],
): Promise<number> {
  const { harness, clear } = options
  if ((names.length === 0) !== (clear === true)) {
    throw new ClavigerError('invalid', 'Give the names in the order you want, or --clear.', {
      hint: `For example: claviger credential order set --harness ${harness} --personal FIRST SECOND`,
    })
  }
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = ownerOf(options, who) ?? self(who)
  mustManage(who, owner)
  const own = await listCredentials(client, { owner: formatOwner(owner), harness })
  const ids = names.map((name) => {
    const found = own.find((one) => one.name === name)
    if (found) return found.id
    const whose = ownerTitle(formatOwner(owner), who)
    throw new ClavigerError('not_found', `There is no ${harness} credential ${name} of ${whose}.`, {
      hint: `See what there is: claviger credential list --harness ${harness}`,
    })
  })
  const order = await client.call('credentials.setOrder', {
    owner: formatOwner(owner),
    harness,
    credentials: ids,
  })
  context.ui.answer(order, () => inWords(order, who))
  return 0
}

function inWords({ credentials, owner, harness }: Order, who: WhoAmI): string[] {
  const whose = `${ownerTitle(owner, who)}, ${harness}`
  if (credentials.length === 0) return [`No order is set for ${whose}: the order of the types holds.`]
  return [`Order for ${whose}:`, ...credentials.map(({ name }, index) => `  ${index + 1}. ${name}`)]
}
