// What the fake model says: a short list of blocks, the same for every provider. How a block is written
// on the wire is up to the provider files.

import type { SandboxRequest } from './journal.ts'

/** One piece of an answer of the model. */
export type ReplyBlock = { readonly type: 'text'; readonly text: string }

/** A fixed answer, or one made per request; it may be late (a promise) to hold a turn open. */
export type ReplyScript =
  | string
  | readonly ReplyBlock[]
  | ((request: SandboxRequest) => string | readonly ReplyBlock[] | Promise<string | readonly ReplyBlock[]>)

export const defaultReply = 'Hello from the Claviger sandbox.'

/** The blocks a script gives for one request. Rejects when the script does. */
export async function playReply(
  script: ReplyScript,
  request: SandboxRequest,
): Promise<readonly ReplyBlock[]> {
  const said = typeof script === 'function' ? await script(request) : script
  return typeof said === 'string' ? [{ type: 'text', text: said }] : said
}

/** The text of an answer in one piece. */
export function replyText(blocks: readonly ReplyBlock[]): string {
  return blocks.map((block) => block.text).join('')
}
