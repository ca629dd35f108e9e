// Anthropic's Messages format, which the Anthropic API and Bedrock share: reading what a request says,
// and writing what the model answers, whole or as stream events.

import { randomUUID } from 'node:crypto'
import { type JsonObject, objectsOf } from './http.ts'
import { type ReplyBlock, replyText } from './reply.ts'

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

/** A rough count, good enough for a fake: four characters to a token, at least one. */
export function inputTokens(body: JsonObject | undefined): number {
  return tokens(JSON.stringify(body?.messages ?? ''))
}

/** The answer in one piece. */
export function wholeMessage(model: string, body: JsonObject | undefined, blocks: readonly ReplyBlock[]) {
  return {
    ...messageStart(model, body),
    content: blocks,
    stop_reason: 'end_turn',
    usage: { ...usage(body), output_tokens: tokens(replyText(blocks)) },
  }
}

/** The same answer as stream events, each text in one delta. */
export function messageEvents(
  model: string,
  body: JsonObject | undefined,
  blocks: readonly ReplyBlock[],
): readonly MessageEvent[] {
  return [
    { type: 'message_start', message: messageStart(model, body) },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: { type: block.type, text: '' } },
      { type: 'content_block_delta', index, delta: { type: 'text_delta', text: block.text } },
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: tokens(replyText(blocks)) },
    },
    { type: 'message_stop' },
  ]
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

function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN))
}
