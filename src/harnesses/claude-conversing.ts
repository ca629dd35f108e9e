// How a conversation is held with Claude Code: one process with its input open, JSON lines both ways. Measured with
// 2.1.330. A turn ends with `result`, whose `is_error` counts and whose `subtype` says "success" for refusals too.
//
// Access. `read`: only tools that read are there, and no MCP servers, so that no rule of the user's settings lets more
// through; what lies outside of the workspace is refused unless such a rule allows it. `write`: files of the workspace are
// edited without a question, by tools and by simple shell commands; other commands, other places, .git and .claude are
// refused unless a rule allows them. Rules in the settings of a project count only where the user has trusted it. `full`:
// all, which the program does not do for root.

import type { Access, ConversationEvent, Failure, Usage } from '../domain/runs/conversation.ts'
import { type ClaudeFailure, claudeFailure } from './claude-refusals.ts'
import {
  type AccessMachine,
  type ConversationReader,
  type ConversationStart,
  type Conversing,
  FAILURE_CODE,
} from './conversing.ts'
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
  plainFailure,
  statusOf,
  textIn,
  timeOf,
  unknown,
} from './recognition.ts'

const PROTOCOL = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']

const ACCESS_FLAGS: Readonly<Record<Access, readonly string[]>> = {
  read: ['--permission-mode', 'dontAsk', '--tools', 'Read,Glob,Grep', '--strict-mcp-config'],
  write: ['--permission-mode', 'acceptEdits'],
  full: ['--dangerously-skip-permissions'],
}

const ROOT_REFUSAL = /cannot be used with root\/sudo privileges/
const ROOT_FIX =
  'Claude Code gives root no full access. Run the worker as another user, or the run with access write; in a container that is made for it, IS_SANDBOX=1 in the environment of the worker tells Claude Code so.'

export const claudeConversing: Conversing = {
  processFor: 'conversation',
  environment: {
    // Or a turn ends while agents it started go on, and another one begins by itself when they are done.
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    // The version stays what it was when the conversation began.
    DISABLE_AUTOUPDATER: '1',
  },
  continuation: 'Continue from where you left off.',
  arguments: argumentsOf,
  input,
  refusal,
  reader: claudeReader,
}

// Else commands that the settings of a project name are run as the session begins, whatever the access and whoever trusts it.
// Neither its settings nor its instructions, agents, skills and servers are read then.
const STRANGERS = ['--setting-sources', 'user', '--strict-mcp-config']

function argumentsOf({ session, model, access, isForStrangers }: ConversationStart): readonly string[] {
  const id = checkedSessionId(session.id)
  return [
    ...PROTOCOL,
    session.kind === 'new' ? `--session-id=${id}` : `--resume=${id}`,
    ...(model === null ? [] : [`--model=${model}`]),
    ...ACCESS_FLAGS[access],
    ...(isForStrangers ? STRANGERS : []),
  ]
}

// What begins with a slash the program may take for a command of its own, such as /clear, of which its model hears nothing.
// A message of a run is for the model: with a space before it, it is text to the program.
function input(message: string): string {
  const text = message.startsWith('/') ? ` ${message}` : message
  return `${JSON.stringify({ type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } })}\n`
}

function refusal(access: Access, { isRoot, environment }: AccessMachine): string | null {
  return access === 'full' && isRoot && environment['IS_SANDBOX'] !== '1' ? ROOT_FIX : null
}

// On standard error, about settings and not about the turn.
const NOISE = /^(?:Ignoring \d+ |Warning: )/
const MAX_ERROR = 2000

/** What is remembered between lines. */
interface Memory {
  session: string
  model: string
  /** The failure that the model's place was taken by, of this turn. */
  failed: { readonly word: string | null; readonly text: string } | null
  /** Milliseconds since 1970; null: no limit was told to be reached in this turn. */
  resetsAt: number | null
  helperFailures: number
  lastError: string
}

function claudeReader(): ConversationReader {
  const memory: Memory = {
    session: '',
    model: '',
    failed: null,
    resetsAt: null,
    helperFailures: 0,
    lastError: '',
  }
  return {
    read(line) {
      const parsed = parseLine(line)
      if (!('object' in parsed)) return parsed.events
      return READERS.get(textIn(parsed.object, 'type'))?.(parsed.object, memory) ?? [named(parsed.object)]
    },
    readError: (line) => readError(line, memory),
    ended: (end) => deathOf('Claude Code', end, lastWords(memory)),
  }
}

function lastWords(memory: Memory): Failure {
  if (memory.failed !== null) return claudeFailure(told(memory))
  const text = memory.lastError
  if (!ROOT_REFUSAL.test(text)) return claudeFailure({ ...told(memory), text })
  return plainFailure('program', FAILURE_CODE.refusedForRoot, `${text}. ${ROOT_FIX}`)
}

type EventReader = (event: JsonObject, memory: Memory) => readonly ConversationEvent[] | null

const quiet: EventReader = () => []

// Null: unknown.
const READERS: ReadonlyMap<string, EventReader> = new Map<string, EventReader>([
  ['system', readSystem],
  ['assistant', readAssistant],
  ['user', readUser],
  ['rate_limit_event', readLimit],
  ['result', readResult],
  // Its new name comes with the next turn.
  ['conversation_reset', () => [notice('The conversation was begun anew.')]],
  // Parts of messages that come whole as well, and answers to what we do not ask.
  ['stream_event', quiet],
  ['tool_progress', quiet],
  ['tool_use_summary', quiet],
  ['keep_alive', quiet],
  ['control_response', quiet],
])

// What agents within the agent do, what the program does besides, and refusals that the result of the tool repeats.
const QUIET_SYSTEM =
  /^(?:task_\w+|background_tasks_changed|hook_\w+|status|session_state_changed|permission_denied|thinking_tokens)$/

function named(event: JsonObject): ConversationEvent {
  const subtype = textIn(event, 'subtype')
  return unknown(`${textIn(event, 'type') || 'no type'}${subtype === '' ? '' : `/${subtype}`}`)
}

function readSystem(event: JsonObject, memory: Memory) {
  const subtype = textIn(event, 'subtype')
  if (subtype === 'init') return readInit(event, memory)
  if (subtype === 'api_retry') return readRetry(event, memory)
  if (subtype === 'compact_boundary') return [notice('The conversation was made shorter.')]
  return QUIET_SYSTEM.test(subtype) ? [] : null
}

// Every turn begins with one.
function readInit(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const [session, model] = [textIn(event, 'session_id'), textIn(event, 'model')]
  if (session === '') return [named(event)]
  if (session === memory.session && model === memory.model) return []
  Object.assign(memory, { session, model })
  return [{ kind: 'session', session: clipped(session), model: model === '' ? null : clipped(model) }]
}

function readRetry(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const word = textIn(event, 'error') || 'unknown'
  const status = statusOf(event['error_status'])
  const text = status === null ? word : `${word} (HTTP ${status})`
  return [
    {
      kind: 'retry',
      attempt: countIn(event, 'attempt'),
      of: countIn(event, 'max_retries') || null,
      failure: claudeFailure({ word, status, text, resetsAt: memory.resetsAt }),
    },
  ]
}

function readAssistant(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const message = objectIn(event, 'message')
  const blocks = objectsIn(message, 'content')
  const isOfInnerAgent = typeof event['parent_tool_use_id'] === 'string'
  const word = textIn(event, 'error')
  const isSynthetic = textIn(message, 'model') === '<synthetic>'
  if (word !== '' || isSynthetic) {
    const text = blocks.map((block) => textIn(block, 'text')).join('\n')
    if (!isOfInnerAgent) memory.failed = { word: word || null, text }
    return []
  }
  return blocks.flatMap((block) => readBlock(block, isOfInnerAgent))
}

// What an agent within the agent says is for the agent; what it does is for people too.
function readBlock(block: JsonObject, isOfInnerAgent: boolean): readonly ConversationEvent[] {
  const type = textIn(block, 'type')
  switch (type) {
    case 'text':
      return isOfInnerAgent ? [] : [{ kind: 'text', text: clipped(textIn(block, 'text')) }]
    case 'thinking':
      return isOfInnerAgent || textIn(block, 'thinking') === ''
        ? []
        : [{ kind: 'reasoning', text: clipped(textIn(block, 'thinking')) }]
    case 'redacted_thinking':
      return []
    case 'tool_use':
    case 'server_tool_use':
      return [
        {
          kind: 'tool',
          call: clipped(textIn(block, 'id')),
          name: clipped(textIn(block, 'name')),
          input: clipped(JSON.stringify(block['input'] ?? {})),
        },
      ]
    default:
      return [unknown(`assistant/${type}`)]
  }
}

function readUser(event: JsonObject): readonly ConversationEvent[] {
  return objectsIn(objectIn(event, 'message'), 'content')
    .filter((block) => textIn(block, 'type') === 'tool_result')
    .map((block) => ({
      kind: 'tool-result',
      call: clipped(textIn(block, 'tool_use_id')),
      failed: block['is_error'] === true,
      output: clipped(resultText(block)),
    }))
}

function resultText(block: JsonObject): string {
  const whole = textIn(block, 'content')
  if (whole !== '') return whole
  return objectsIn(block, 'content')
    .map((part) => textIn(part, 'text') || `(${textIn(part, 'type')})`)
    .join('\n')
}

// Its time is in seconds.
function readLimit(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const info = objectIn(event, 'rate_limit_info')
  const status = textIn(info, 'status')
  const resetsAt = timeOf(countIn(info, 'resetsAt') * 1000)
  if (status === 'rejected') memory.resetsAt = resetsAt
  if (status !== 'allowed_warning') return []
  const limit = textIn(info, 'rateLimitType').replaceAll('_', ' ')
  return [notice(`The ${limit === '' ? '' : `${limit} `}limit of the subscription is near.`)]
}

function readResult(event: JsonObject, memory: Memory): readonly ConversationEvent[] {
  const usage = usageOf(event)
  const seen = told(memory)
  Object.assign(memory, { failed: null, resetsAt: null, helperFailures: 0 })
  if (event['is_error'] !== true) return [...ownWords(seen), { kind: 'turn-done', usage }]
  const errors = event['errors']
  const said =
    textIn(event, 'result') ||
    (Array.isArray(errors) ? errors.filter((one) => typeof one === 'string').join('\n') : '') ||
    seen.text
  const subtype = textIn(event, 'subtype')
  // What ended the turn without the API having anything to do with it: too many steps, too much money.
  const word = seen.word ?? (/^error_max_/.test(subtype) ? 'invalid_request' : null)
  const text = said === '' ? `Claude Code broke the turn off (${subtype || 'no reason'}).` : said
  const status = statusOf(event['api_error_status'])
  return [{ kind: 'turn-failed', failure: claudeFailure({ ...seen, word, status, text }), usage }]
}

// What the program itself answers, in the model's place, to a command that it has or has not.
function ownWords({ word, text }: ClaudeFailure): readonly ConversationEvent[] {
  return word === null && text !== '' ? [{ kind: 'text', text: clipped(text) }] : []
}

function told(memory: Memory): ClaudeFailure {
  const { failed, resetsAt } = memory
  return { word: failed?.word ?? null, status: null, text: failed?.text ?? '', resetsAt }
}

// `modelUsage` is of the whole session; what it grew by is told from 2.1.330 on at the latest, agents within the agent
// included. `usage` is of the turn, without them.
function usageOf(event: JsonObject): Usage | null {
  const grown = event['model_usage_since_last_result']
  if (isObject(grown)) {
    return total(
      Object.values(grown)
        .filter(isObject)
        .map((one) => ({
          input: countIn(one, 'inputTokens'),
          read: countIn(one, 'cacheReadInputTokens'),
          written: countIn(one, 'cacheCreationInputTokens'),
          output: countIn(one, 'outputTokens'),
        })),
    )
  }
  const usage = event['usage']
  if (!isObject(usage)) return null
  return total([
    {
      input: countIn(usage, 'input_tokens'),
      read: countIn(usage, 'cache_read_input_tokens'),
      written: countIn(usage, 'cache_creation_input_tokens'),
      output: countIn(usage, 'output_tokens'),
    },
  ])
}

type Counted = Readonly<Record<'input' | 'read' | 'written' | 'output', number>>

function total(all: readonly Counted[]): Usage {
  return all.reduce(
    (sum: Usage, { input, read, written, output }) => ({
      input: sum.input + input + read + written,
      cachedInput: sum.cachedInput + read,
      output: sum.output + output,
    }),
    { input: 0, cachedInput: 0, output: 0 },
  )
}

// `apiKeyHelper failed: exited 7: …` is the earliest warning there is of a helper without a key.
function readError(line: string, memory: Memory): readonly ConversationEvent[] {
  const text = clipped(line.trim(), MAX_ERROR)
  if (text === '' || NOISE.test(text)) return []
  memory.lastError = text
  if (!/^apiKeyHelper failed\b/.test(text)) return []
  memory.helperFailures += 1
  const failure = plainFailure('authentication', FAILURE_CODE.helperFailed, text)
  return [{ kind: 'retry', attempt: memory.helperFailures, of: null, failure }]
}
