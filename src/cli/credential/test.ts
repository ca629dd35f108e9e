// `credential test NAME`: asks the provider whether it works. Exit 0 when it does.

import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { shortly } from './describe.ts'

export async function run(context: Context, options: OwnerFlags, words: readonly string[]): Promise<number> {
  const { client, who, credential } = await findCredential(context, options, words, { manage: true })
  const probe = await client.call('credentials.test', { id: credential.id })
  context.ui.answer(probe, () => [
    `${shortly(credential, who)}: ${probe.message}`,
    ...(probe.state === credential.state ? [] : [`Its state is now ${probe.state}.`]),
  ])
  return probe.result === 'works' ? EXIT.ok : EXIT.failed
}
