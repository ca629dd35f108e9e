// How a conversation is held with Codex: `codex exec --json`, a process for each turn, the message on its standard input.
// Measured with 0.169.0 and 0.155.1, which say the same.
//
// Access is Codex's own sandbox, for commands and patches alike; nobody is asked, so what it does not allow is refused.
// `read` and `write` let commands read every file that the user of the worker may read, and neither has a network. With
// `write` the workspace may be written, but for .git, and the directory that TMPDIR names; /tmp itself may not. MCP servers
// that the user has set up are no part of it, and no argument takes them away: a run for strangers is delivered no settings of
// the user's. Without them no project is trusted, so that the program reads none of its settings, servers and hooks.

import type { Access, ConversationEvent, Failure, Usage } from '../domain/runs/conversation.ts'
import { codexFailure } from './codex-refusals.ts'
import type { ConversationReader, ConversationStart, Conversing, ReaderOptions } from './conversing.ts'
import { isObject, type JsonObject } from './json-file.ts'
import {
  checkedSessionId,
  clipped,
  countIn,
  deathOf,
  notice,
  objectIn,
  objectsIn,
  parseLine,
  textIn,
  unknown,
} from './recognition.ts'

// As settings and not as flags: `exec resume` has no flag for the sandbox.
const SANDBOX: Readonly<Record<Access, readonly string[]>> = {
  read: ['sandbox_mode="read-only"'],
  write: ['sandbox_mode="workspace-write"', 'sandbox_workspace_write.exclude_slash_tmp=true'],
  full: ['sandbox_mode="danger-full-access"'],
}

export const codexConversing: Conversing = {
  processFor: 'turn',
  environment: {},
  continuation: 'Continue from where you left off.',
  arguments: argumentsOf,
  input: (text) => text,
  refusal: () => null,
  reader: codexReader,
}

// AGENTS.md is read by the program itself, whatever it is a link to, and outside of its sandbox.
const STRANGERS = ['project_doc_max_bytes=0']

function argumentsOf({ session, model, access, isForStrangers }: ConversationStart): readonly string[] {
  const settings = [...SANDBOX[access], 'approval_policy="never"', ...(isForStrangers ? STRANGERS : [])]
  return [
    'exec',
    '--json',
    '--skip-git-repo-check',
    ...(model === null ? [] : [`--model=${model}`]),
    ...settings.flatMap((setting) => ['-c', setting]),
    ...(session.kind === 'resume' ? ['resume', checkedSessionId(session.id)] : []),
    '-',
  ]
}

/** What is remembered between lines. */
interface Memory {
  readonly options: ReaderOptions
  session: string
  used: Usage
  /** Items that have begun. */
  readonly begun: Set<string>
  /** An error that is not known yet to be the end of the turn, which says the same once more. */
  error: string | null
  lastError: string
}

function codexReader(options: ReaderOptions): ConversationReader {
  const memory: Memory = {
    options,
    session: '',
    used: options.used,
    begun: new Set(),
    error: null,
    lastError: '',
  }
  return {
    read(line) {
      const parsed = parseLine(line)
      if (!('object' in parsed)) return parsed.events
      const type = textIn(parsed.object, 'type')
      const events = READERS.get(type)?.(parsed.object, memory) ?? [unknown(type || 'no type')]
      return [...heldBack(type, memory), ...events]
    },
    readError(line) {
      const text = clipped(line.trim(), MAX_ERROR)
      if (text !== '' && !NOISE.test(text)) memory.lastError = text.replace(/^(?:Error|ERROR): /, '')
      return []
    },
    ended: (end) => deathOf('Codex', end, fail(memory.error ?? memory.lastError, memory)),
  }
}

// On standard error: logs, and what does not matter to the turn.
const NOISE =
  /^(?:WARNING: |Reading (?:additional )?(?:prompt|input) from stdin|\d{4}-\d\d-\d\dT\S+ +[A-Z]+ )/
const MAX_ERROR = 2000
const MAX_BEGUN = 10_000

type EventReader = (event: JsonObject, memory: Memory) => readonly ConversationEvent[] | null

// Null: unknown.
const READERS: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ['thread.started', readThread],
  ['turn.started', () => []],
  ['item.started', (event, memory) => readItem(event, 'started', memory)],
  ['item.updated', (event, memory) => readItem(event, 'updated', memory)],
  ['item.completed', (event, memory) => readItem(event, 'completed', memory)],
  ['turn.completed', readDone],
  ['turn.failed', readFailed],
  ['error', readProblem],
])

// What was said before, and was not the end.
function heldBack(type: string, memory: Memory): readonly ConversationEvent[] {
  const { error } = memory
  if (error === null || type === 'turn.failed' || type === 'error') return []
  memory.error = null
  return [notice(error)]
}

function readThread(event: JsonObject, memory: Memory): readonly ConversationEvent[] | null {
  const session = textIn(event, 'thread_id')
  if (session === '') return null
  if (session === memory.session) return []
  memory.session = session
  return [{ kind: 'session', session: clipped(session), model: null }]
}

const RETRY = /^Re-?connecting\.\.\. ?(?:(\d+)\/(\d+)|waiting for network)? ?(?:\((.*)\))?$/is

function readProblem(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const message = textIn(event, 'message')
  const retry = RETRY.exec(message)
  const before = memory.error === null ? [] : [notice(memory.error)]
  if (retry === null) {
    memory.error = message
    return before
  }
  memory.error = null
  const [, attempt, of, why] = retry
  const failure = fail(why ?? message, memory)
  const isKnown = why !== undefined || attempt === undefined
  return [
    ...before,
    {
      kind: 'retry',
      attempt: Number(attempt ?? 0),
      of: of === undefined ? null : Number(of),
      // Without a reason it has lost the connection, whatever was behind that.
      failure: isKnown && failure.kind !== 'program' ? failure : { ...failure, kind: 'network' },
    },
  ]
}

function readFailed(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const text = textIn(objectIn(event, 'error'), 'message') || memory.error || 'Codex broke the turn off.'
  memory.error = null
  return [{ kind: 'turn-failed', failure: fail(text, memory), usage: null }]
}

// Counted by session, failed turns included, of which nothing is told when they fail.
function readDone(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const told = event['usage']
  if (!isObject(told)) return [{ kind: 'turn-done', usage: null }]
  const total = {
    input: countIn(told, 'input_tokens'),
    cachedInput: countIn(told, 'cached_input_tokens'),
    output: countIn(told, 'output_tokens'),
  }
  const { used } = memory
  const isGrown =
    total.input >= used.input && total.cachedInput >= used.cachedInput && total.output >= used.output
  memory.used = total
  if (!isGrown) return [{ kind: 'turn-done', usage: total }]
  const usage = {
    input: total.input - used.input,
    cachedInput: total.cachedInput - used.cachedInput,
    output: total.output - used.output,
  }
  return [{ kind: 'turn-done', usage }]
}

type Stage = 'started' | 'updated' | 'completed'

/** What an item of a tool is called, what it is given and what came of it. */
interface ToolItem {
  readonly name: string
  readonly input: string
  readonly output: string
  readonly failed: boolean
}

function readItem(event: JsonObject, stage: Stage, memory: Memory): readonly ConversationEvent[] | null {
  const item = objectIn(event, 'item')
  const type = textIn(item, 'type')
  const tool = TOOLS.get(type)?.(item)
  if (tool !== undefined) return readTool(textIn(item, 'id'), tool, stage, memory)
  if (type === 'todo_list') return stage === 'completed' ? [] : [notice(planOf(item))]
  if (stage !== 'completed') return []
  switch (type) {
    case 'agent_message':
      return [{ kind: 'text', text: clipped(textIn(item, 'text')) }]
    case 'reasoning':
      return [{ kind: 'reasoning', text: clipped(textIn(item, 'text')) }]
    case 'error':
      return [notice(textIn(item, 'message'))]
    default:
      return [unknown(`item/${type}`)]
  }
}

function readTool(
  id: string,
  { name, input, output, failed }: ToolItem,
  stage: Stage,
  { begun }: Memory,
): readonly ConversationEvent[] {
  const call = clipped(id)
  const use: ConversationEvent = { kind: 'tool', call, name: clipped(name), input: clipped(input) }
  if (stage === 'updated') return []
  if (stage === 'started') {
    if (begun.size < MAX_BEGUN) begun.add(call)
    return [use]
  }
  const result: ConversationEvent = { kind: 'tool-result', call, failed, output: clipped(output) }
  return begun.delete(call) ? [result] : [use, result]
}

const TOOLS: ReadonlyMap<string, (item: JsonObject) => ToolItem> = new Map([
  ['command_execution', commandItem],
  ['file_change', changeItem],
  ['mcp_tool_call', serverItem],
  ['web_search', searchItem],
])

function commandItem(item: JsonObject): ToolItem {
  return {
    name: 'command',
    input: textIn(item, 'command'),
    output: textIn(item, 'aggregated_output'),
    failed: hasFailed(item) || countIn(item, 'exit_code') > 0,
  }
}

function changeItem(item: JsonObject): ToolItem {
  const changes = objectsIn(item, 'changes').map(
    (change) => `${textIn(change, 'kind')} ${textIn(change, 'path')}`,
  )
  return { name: 'edit', input: changes.join('\n'), output: '', failed: hasFailed(item) }
}

function serverItem(item: JsonObject): ToolItem {
  const said = objectsIn(objectIn(item, 'result'), 'content').map((part) => textIn(part, 'text'))
  return {
    name: `${textIn(item, 'server')}.${textIn(item, 'tool')}`,
    input: JSON.stringify(item['arguments'] ?? {}),
    output: textIn(objectIn(item, 'error'), 'message') || said.join('\n'),
    failed: hasFailed(item),
  }
}

function searchItem(item: JsonObject): ToolItem {
  return { name: 'web search', input: textIn(item, 'query'), output: '', failed: false }
}

function hasFailed(item: JsonObject): boolean {
  return ['failed', 'declined'].includes(textIn(item, 'status'))
}

function planOf(item: JsonObject): string {
  return objectsIn(item, 'items')
    .map((one) => `${one['completed'] === true ? '[x]' : '[ ]'} ${textIn(one, 'text')}`)
    .join('\n')
}

function fail(text: string, { options }: Memory): Failure {
  return codexFailure(text, options.now())
}
