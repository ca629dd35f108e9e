// `credential delete NAME`: names what refers to it, asks, and says what was cleared.

import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import { flagFor, type OwnerFlags } from '../owner-flags.ts'
import { shortly } from './describe.ts'

export interface DeleteOptions extends OwnerFlags {
  readonly force?: boolean
}

export async function run(
  context: Context,
  options: DeleteOptions,
  words: readonly string[],
): Promise<number> {
  const { ui } = context
  const { client, who, credential } = await findCredential(context, options, words, { manage: true })
  const { id, name } = credential
  const what = shortly(credential, who)
  if (options.force !== true) {
    const { references } = await client.call('credentials.references', { id })
    for (const reference of references) ui.note(`What refers to it: ${reference}.`)
    if (!ui.interactive) {
      const { org, team, personal, agent } = options
      const isSaid = [org, team, personal, agent].some((flag) => flag !== undefined)
      const whose = isSaid ? `${flagFor(credential.owner, who)} ` : ''
      throw new ClavigerError('invalid', `Refusing to delete ${name} without confirmation; use --force`, {
        hint: `Type: claviger credential delete --force ${whose}${name}. It cannot be undone.`,
      })
    }
    if (!(await ui.confirm(`Delete ${what}? This cannot be undone.`))) {
      throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was deleted.' })
    }
  }
  const { cleared } = await client.call('credentials.delete', { id })
  ui.answer({ deleted: { id, name }, cleared }, () => [
    `Deleted ${what}.`,
    ...cleared.map((one) => `Cleared: ${one}.`),
  ])
  return 0
}
