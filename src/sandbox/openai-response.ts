// OpenAI's Responses format: reading what a request says, and writing what the model answers, whole or as stream events.

import { randomUUID } from 'node:crypto'
import { type JsonObject, objectsOf } from './http.ts'
import { inputText, type ReplyBlock, type ToolBlock } from './reply.ts'

type OutputItem = { readonly type: string; readonly id: string } & JsonObject

/** The texts of the user messages of an `input`, which is a text or a list of items, oldest first. */
export function userTexts(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input]
  return objectsOf(input)
    .filter((item) => item.role === 'user')
    .flatMap((item) => textsOf(item.content))
}

/** What tools have answered in an `input`, oldest first. */
export function toolResults(input: unknown): readonly string[] {
  return objectsOf(input)
    .filter(({ type }) => type === 'function_call_output' || type === 'custom_tool_call_output')
    .map(({ output }) => textsOf(output).join('\n'))
}

/** What the model says, as the items of a response. */
export function outputItems(blocks: readonly ReplyBlock[]): readonly OutputItem[] {
  return blocks.map((block) =>
    block.type === 'tool'
      ? toolCall(block)
      : {
          type: 'message',
          id: newId('msg'),
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text: block.text, annotations: [] }],
        },
  )
}

/** A whole response as stream events, each item in one delta. */
export function responseEvents(response: { readonly output: readonly OutputItem[] } & JsonObject) {
  const begun = { ...response, status: 'in_progress', output: [], usage: null }
  const events = [
    { type: 'response.created', response: begun },
    ...response.output.flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: { ...item, ...started(item) } },
      { ...delta(item), item_id: item.id, output_index },
      { type: 'response.output_item.done', output_index, item },
    ]),
    { type: 'response.completed', response },
  ]
  return events.map((event, sequence_number) => ({ ...event, sequence_number }))
}

function toolCall(block: ToolBlock): OutputItem {
  const { name, namespace, input } = block
  const call = { call_id: newId('call'), name, ...(namespace !== undefined && { namespace }) }
  return typeof input === 'string'
    ? { type: 'custom_tool_call', id: newId('ctc'), status: 'completed', ...call, input }
    : { type: 'function_call', id: newId('fc'), status: 'completed', ...call, arguments: inputText(block) }
}

function started({ type }: OutputItem): JsonObject {
  const status = 'in_progress'
  if (type === 'function_call') return { status, arguments: '' }
  return type === 'custom_tool_call' ? { status, input: '' } : { status, content: [] }
}

function delta(item: OutputItem) {
  if (item.type === 'function_call')
    return { type: 'response.function_call_arguments.delta', delta: item.arguments }
  if (item.type === 'custom_tool_call')
    return { type: 'response.custom_tool_call_input.delta', delta: item.input }
  return { type: 'response.output_text.delta', content_index: 0, delta: textsOf(item.content).join('') }
}

function textsOf(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return objectsOf(content).flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`
}
