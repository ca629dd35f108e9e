// `credential rename NAME NEW`.

import { checkNameOrProfile, checkVariableName } from '../../domain/names.ts'
import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { shortly } from './describe.ts'

export async function run(context: Context, options: OwnerFlags, words: readonly string[]): Promise<number> {
  const how = { labels: ['NAME', 'The new name'], manage: true }
  const { client, who, credential, rest } = await findCredential(context, options, words, how)
  const [name = ''] = rest
  checkNameOrProfile(name)
  if (credential.type === 'raw') checkVariableName(name)
  const renamed = await client.call('credentials.rename', { id: credential.id, name })
  context.ui.answer(renamed, () => [`Renamed ${credential.name} to ${shortly(renamed, who)}.`])
  return 0
}
