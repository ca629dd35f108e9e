// A message that is piped in.

import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'

/** Standard input to its end. Throws `invalid` when there is none, or nothing in it. */
export async function textFrom({ dependencies: { stdin } }: Context): Promise<string> {
  const isPiped = stdin.isTTY !== true
  const chunks: Buffer[] = []
  if (isPiped) for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  const text = Buffer.concat(chunks).toString('utf8').replace(/\n$/, '')
  return mustBeSaid(text)
}

/** The message a person gave. Throws `invalid` when there is nothing in it. */
export function mustBeSaid(text: string, hint = 'Give it as a word, or pipe it in.'): string {
  if (text !== '') return text
  throw new ClavigerError('invalid', 'There is no message.', { hint })
}
