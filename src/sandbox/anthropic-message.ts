// Anthropic's Messages format, which the Anthropic API and Bedrock share: reading what a request says,
// and writing what the model answers, whole or as stream events.

import { randomUUID } from 'node:crypto'
import { type JsonObject, objectsOf } from './http.ts'
import { inputText, type ReplyBlock, replyLength, type ToolBlock } from './reply.ts'

const CHARACTERS_PER_TOKEN = 4

export type MessageEvent = { readonly type: string } & JsonObject

/** The texts of the user messages of a request, oldest first. */
export function userTexts(body: JsonObject | undefined): readonly string[] {
  return objectsOf(body?.messages)
    .filter((message) => message.role === 'user')
    .flatMap((message) =>
      typeof message.content === 'string' ? [message.content] : textsOf(objectsOf(message.content)),
    )
}

/** What tools have answered in a request, oldest first. */
export function toolResults(body: JsonObject | undefined): readonly string[] {
  return objectsOf(body?.messages)
    .flatMap((message) => objectsOf(message.content))
    .filter((block) => block.type === 'tool_result')
    .map(({ content }) => (typeof content === 'string' ? content : textsOf(objectsOf(content)).join('\n')))
}

/** A rough count, good enough for a fake: four characters to a token, at least one. */
export function inputTokens(body: JsonObject | undefined): number {
  return tokens(JSON.stringify(body?.messages ?? '').length)
}

/** The answer in one piece. */
export function wholeMessage(model: string, body: JsonObject | undefined, blocks: readonly ReplyBlock[]) {
  return {
    ...messageStart(model, body),
    content: blocks.map((block) =>
      block.type === 'text' ? block : { ...toolUse(block), input: inputOf(block) },
    ),
    stop_reason: stopReason(blocks),
    usage: { ...usage(body), output_tokens: tokens(replyLength(blocks)) },
  }
}

/** The same answer as stream events, each block in one delta. */
export function messageEvents(
  model: string,
  body: JsonObject | undefined,
  blocks: readonly ReplyBlock[],
): readonly MessageEvent[] {
  return [
    { type: 'message_start', message: messageStart(model, body) },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: begun(block) },
      { type: 'content_block_delta', index, delta: delta(block) },
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason(blocks), stop_sequence: null },
      usage: { output_tokens: tokens(replyLength(blocks)) },
    },
    { type: 'message_stop' },
  ]
}

function begun(block: ReplyBlock) {
  return block.type === 'text' ? { type: 'text', text: '' } : { ...toolUse(block), input: {} }
}

function delta(block: ReplyBlock) {
  if (block.type === 'text') return { type: 'text_delta', text: block.text }
  inputOf(block)
  return { type: 'input_json_delta', partial_json: inputText(block) }
}

function toolUse({ name }: ToolBlock) {
  return { type: 'tool_use', id: `toolu_${randomUUID().replaceAll('-', '')}`, name }
}

function inputOf({ name, input }: ToolBlock): JsonObject {
  if (typeof input === 'string') throw new Error(`The input of the tool ${name} must be an object here.`)
  return input
}

function stopReason(blocks: readonly ReplyBlock[]): string {
  return blocks.some(({ type }) => type === 'tool') ? 'tool_use' : 'end_turn'
}

function messageStart(model: string, body: JsonObject | undefined) {
  return {
    id: `msg_${randomUUID().replaceAll('-', '')}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null as string | null,
    stop_sequence: null,
    usage: usage(body),
  }
}

function usage(body: JsonObject | undefined) {
  return {
    input_tokens: inputTokens(body),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 1,
  }
}

function textsOf(blocks: readonly JsonObject[]): readonly string[] {
  return blocks.flatMap((block) =>
    block.type === 'text' && typeof block.text === 'string' ? [block.text] : [],
  )
}

function tokens(characters: number): number {
  return Math.max(1, Math.ceil(characters / CHARACTERS_PER_TOKEN))
}
