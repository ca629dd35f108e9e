// `credential show`: one credential, without its value.

import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { completely } from './describe.ts'

export async function run(context: Context, options: OwnerFlags, words: readonly string[]): Promise<number> {
  const { client, who, credential: found } = await findCredential(context, options, words)
  const credential = await client.call('credentials.get', { id: found.id })
  context.ui.answer(credential, () => completely(credential, who, Date.now()))
  return 0
}
