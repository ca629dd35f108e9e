// `credential rollback NAME VERSION`: an older value becomes current again, as a new version.

import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { shortly } from './describe.ts'

export async function run(context: Context, options: OwnerFlags, words: readonly string[]): Promise<number> {
  const how = { labels: ['NAME', 'VERSION'], manage: true }
  const { client, who, credential, rest } = await findCredential(context, options, words, how)
  const [text = ''] = rest
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new ClavigerError('invalid', `"${printable(text)}" is not the number of a version.`, {
      hint: `See them: claviger credential history ${credential.name}`,
    })
  }
  const version = Number(text)
  const restored = await client.call('credentials.rollback', { id: credential.id, version })
  context.ui.answer(restored, () => [
    `Rolled back to the value of version ${version}: ${shortly(restored, who)}, now version ${restored.version}.`,
  ])
  return 0
}
