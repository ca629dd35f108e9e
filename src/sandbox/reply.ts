// What the fake model says: a short list of blocks, the same for every provider. How a block is written
// on the wire is up to the provider files.

import type { JsonObject } from './http.ts'
import type { SandboxRequest } from './journal.ts'

/** One piece of an answer of the model. */
export type ReplyBlock = { readonly type: 'text'; readonly text: string } | ToolBlock

/** The model uses a tool that the request offers; whether it does is not checked. */
export type ToolBlock = {
  readonly type: 'tool'
  readonly name: string
  /** An object, or the text that a custom tool of OpenAI's takes. */
  readonly input: JsonObject | string
  /** Where OpenAI's tools have one. */
  readonly namespace?: string
}

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

/** How much the model says, in characters: texts, and what it tells tools. */
export function replyLength(blocks: readonly ReplyBlock[]): number {
  return blocks.map((block) => (block.type === 'text' ? block.text : inputText(block)).length).reduce(add, 0)
}

/** The input of a tool as text. */
export function inputText({ input }: ToolBlock): string {
  return typeof input === 'string' ? input : JSON.stringify(input)
}

function add(a: number, b: number): number {
  return a + b
}
