import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAll, readerOf, recorded } from '../../test/support/recorded.ts'
import { codexConversing as codex } from './codex-conversing.ts'
import { codexFailure } from './codex-refusals.ts'
import { MAX_TEXT } from './conversing.ts'

const SESSION = '11111111-1111-4111-8111-111111111111'
const VERSIONS = ['0.169.0', '0.155.1']
const NOON = new Date(2026, 10, 22, 12).getTime()

function readFile(path: string) {
  return readAll(readerOf(codex), recorded(`codex-${path}.jsonl`))
}

function readOne(event: object) {
  return readerOf(codex).read(JSON.stringify(event))
}

describe.each(VERSIONS)('what %s said', (version) => {
  test('a turn with a patch and a command that fails', () => {
    expect(readFile(`${version}/tools`)).toEqual([
      { kind: 'session', session: expect.stringMatching(/^[\da-f-]{36}$/), model: null },
      { kind: 'text', text: 'I write.' },
      { kind: 'tool', call: 'item_1', name: 'edit', input: 'add /machine/work/hello.txt' },
      { kind: 'tool-result', call: 'item_1', failed: false, output: '' },
      { kind: 'tool', call: 'item_2', name: 'command', input: "/bin/bash -lc 'cat hello.txt; false'" },
      // Now and then the program has not heard yet what a short command said.
      { kind: 'tool-result', call: 'item_2', failed: true, output: expect.stringMatching(/^(hi\n)?$/) },
      { kind: 'text', text: 'Done.' },
      { kind: 'turn-done', usage: { input: 3, cachedInput: 0, output: 58 } },
    ])
  })

  test('a session that goes on counts its tokens on, which a turn does not', () => {
    const reader = readerOf(codex, { used: { input: 3, cachedInput: 0, output: 58 } })
    const events = readAll(reader, recorded(`codex-${version}/resumed.jsonl`))
    expect(events.at(-1)).toEqual({ kind: 'turn-done', usage: { input: 1, cachedInput: 0, output: 2 } })
  })

  test('a refused key: five tries, and one end', () => {
    const events = readFile(`${version}/key-refused`)
    expect(events.map(({ kind }) => kind)).toEqual(['session', ...Array(5).fill('retry'), 'turn-failed'])
    expect(events[1]).toMatchObject({
      ...{ attempt: 1, of: 5 },
      failure: { kind: 'authentication', status: 401, text: expect.stringMatching(/^unexpected status 401/) },
    })
    expect(events.at(-1)).toMatchObject({ failure: { kind: 'authentication', status: 401 }, usage: null })
  })

  test('a plan that is used up says when it is there again', () => {
    expect(readFile(`${version}/used-up`).at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind: 'quota', code: 'usage_limit_reached', resetsAt: expect.any(Number) },
    })
  })

  test.each([
    ['no-credit', 'billing', 'insufficient_quota'],
    ['no-credential', 'authentication', null],
    ['login-refused', 'authentication', 'refresh_token_invalidated'],
    ['mid-turn-refused', 'authentication', null],
  ])('%s fails for %s', (name, kind, code) => {
    expect(readFile(`${version}/${name}`).at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind, code },
    })
  })
})

describe('what 0.169.0 said', () => {
  test.each([
    ['limited', 'quota', 429],
    ['forbidden', 'authentication', 403],
    ['overloaded', 'overload', null],
  ])('%s fails for %s', (name, kind, status) => {
    expect(readFile(`0.169.0/${name}`).at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind, status },
    })
  })

  test('without a network it tries without an end, and says so', () => {
    const events = readFile('0.169.0/no-network')
    expect(events.slice(1).map(({ kind }) => kind)).toEqual([...Array(4).fill('retry'), 'notice', 'retry'])
    for (const event of events) if (event.kind === 'retry') expect(event.failure.kind).toBe('network')
    expect(events.at(-1)).toMatchObject({ attempt: 0, of: null })
  })

  test('a session that it does not know', () => {
    const reader = readerOf(codex)
    for (const line of recorded('codex-0.169.0/resume-unknown.err')) reader.readError(line)
    expect(reader.ended({ exitCode: 1, signal: null })).toMatchObject({
      kind: 'program',
      code: 'session_not_found',
    })
  })

  test('a process that was killed', () => {
    const reader = readerOf(codex)
    readAll(reader, recorded('codex-0.169.0/killed.jsonl'))
    for (const line of recorded('codex-0.169.0/killed.err')) reader.readError(line)
    expect(reader.ended({ exitCode: null, signal: 'SIGKILL' })).toMatchObject({
      code: 'died',
      text: 'Codex ended before the turn was over (SIGKILL).',
    })
  })
})

describe('known texts', () => {
  test.each([
    ['exceeded retry limit, last status: 500 Internal Server Error', { kind: 'overload', status: 500 }],
    ['Failed to refresh token: 500 Internal Server Error', { kind: 'network' }],
    // It asks where to go with the token first, and tries that again for minutes.
    ['workspace routing discovery unauthorized (401)', { kind: 'authentication' }],
    ['workspace routing discovery failed', { kind: 'network' }],
    [
      'Your access token could not be refreshed. Please log out and sign in again.',
      { kind: 'authentication' },
    ],
    [
      'Your access token could not be refreshed because your refresh token was already used. Please log out and sign in again.',
      { kind: 'authentication', code: 'refresh_token_reused' },
    ],
    ['unexpected status 401 Unauthorized: {"error":{"code":"token_expired"}}', { code: 'token_expired' }],
    [
      'unexpected status 400 Bad Request: {"type": "invalid_request_error"}',
      { kind: 'request', status: 400 },
    ],
    ['stream disconnected before completion: stream closed before response.completed', { kind: 'network' }],
    ['To use Codex with your ChatGPT plan, upgrade to Plus.', { kind: 'organization' }],
    ['Access blocked by Cloudflare. (status 403 Forbidden)', { kind: 'network' }],
    [
      'unexpected status 403 Forbidden: {"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}',
      { kind: 'request', status: 403, code: 'unsupported_country_region_territory' },
    ],
    // What was asked stands in the answer.
    [
      'unexpected status 400 Bad Request: {"error":{"message":"Invalid input: \'please log out and sign in again\'","type":"invalid_request_error"}}',
      { kind: 'request', status: 400 },
    ],
    [
      'unexpected status 400 Bad Request: {"error":{"code":"billing_hard_limit_reached"}}',
      { kind: 'billing', code: 'billing_hard_limit_reached' },
    ],
    ["You've hit your usage limit. Try again in 9999 days.", { kind: 'quota', resetsAt: expect.any(Number) }],
    ['something else', { kind: 'program', code: null, status: null, resetsAt: null }],
  ])('%s', (text, failure) => {
    expect(codexFailure(text, NOON)).toMatchObject(failure)
  })

  test.each([
    ['try again at 8:04 PM.', new Date(2026, 10, 22, 20, 5)],
    ['try again at 12:10 PM.', new Date(2026, 10, 22, 12, 11)],
    ['try again at Nov 23rd, 2026 4:33 AM.', new Date(2026, 10, 23, 4, 34)],
    ['try again at Dec 27th, 2027 12:21 AM.', new Date(2027, 11, 27, 0, 22)],
    ['Try again in 3 days 4 hours 5 minutes.', new Date(2026, 10, 25, 16, 5)],
    ['Try again in 2 hours.', new Date(2026, 10, 22, 14)],
  ])('%s', (text, time) => {
    expect(codexFailure(`You’ve hit your usage limit. ${text}`, NOON).resetsAt).toBe(time.getTime())
  })

  test('a time of day is of tomorrow when it is over by far, and none where none is told', () => {
    const late = new Date(2026, 10, 22, 23, 59).getTime()
    const { resetsAt } = codexFailure("You've hit your usage limit. Try again at 12:30 AM.", late)
    expect(resetsAt).toBe(new Date(2026, 10, 23, 0, 31).getTime())
    expect(codexFailure("You've hit your usage limit. Try again later.", NOON).resetsAt).toBeNull()
  })
})

describe('events', () => {
  test('an error that was not the end is a notice, one that was is told once', () => {
    const reader = readerOf(codex)
    const error = (message: string) => JSON.stringify({ type: 'error', message })
    expect(reader.read(error('odd'))).toEqual([])
    expect(reader.read('{"type":"turn.started"}')).toEqual([{ kind: 'notice', text: 'odd' }])
    expect(reader.read(error('odder'))).toEqual([])
    expect(reader.read(error('Reconnecting... 1/5'))).toMatchObject([
      { kind: 'notice', text: 'odder' },
      { kind: 'retry', attempt: 1, of: 5, failure: { kind: 'network' } },
    ])
    expect(reader.read(error('unexpected status 401 Unauthorized'))).toEqual([])
    expect(reader.ended({ exitCode: 1, signal: null })).toMatchObject({ kind: 'authentication', status: 401 })
    expect(reader.read('{"type":"turn.failed"}')).toMatchObject([{ failure: { status: 401 } }])
  })

  test('a tool whose beginning was not told is told whole', () => {
    const item = {
      id: 'i',
      type: 'mcp_tool_call',
      server: 's',
      tool: 't',
      arguments: { a: 1 },
      status: 'failed',
    }
    expect(readOne({ type: 'item.completed', item: { ...item, error: { message: 'no' } } })).toEqual([
      { kind: 'tool', call: 'i', name: 's.t', input: '{"a":1}' },
      { kind: 'tool-result', call: 'i', failed: true, output: 'no' },
    ])
  })

  test('a plan is a notice, thinking is reasoning, what is not known is kept by its name', () => {
    const items = [
      { text: 'look', completed: true },
      { text: 'write', completed: false },
    ]
    const plan = readOne({ type: 'item.updated', item: { type: 'todo_list', items } })
    expect(plan).toEqual([{ kind: 'notice', text: '[x] look\n[ ] write' }])
    expect(readOne({ type: 'item.completed', item: { type: 'reasoning', text: 'hm' } })).toEqual([
      { kind: 'reasoning', text: 'hm' },
    ])
    for (const type of ['hologram', 'constructor']) {
      expect(readOne({ type: 'item.completed', item: { type } })).toEqual([
        { kind: 'unknown', name: `item/${type}` },
      ])
    }
    expect(readOne({ type: 'turn.dreamt' })).toEqual([{ kind: 'unknown', name: 'turn.dreamt' }])
  })

  test('usage that counts anew is taken as it is', () => {
    const reader = readerOf(codex, { used: { input: 100, cachedInput: 50, output: 10 } })
    const done = {
      type: 'turn.completed',
      usage: { input_tokens: 5, cached_input_tokens: 1, output_tokens: 2 },
    }
    const usage = { input: 5, cachedInput: 1, output: 2 }
    expect(reader.read(JSON.stringify(done))).toEqual([{ kind: 'turn-done', usage }])
  })

  test('long outputs are clipped', () => {
    const item = {
      id: 'i',
      type: 'command_execution',
      command: 'x',
      aggregated_output: 'y'.repeat(MAX_TEXT + 7),
    }
    const result = readOne({ type: 'item.completed', item })[1]
    expect(result).toMatchObject({ output: `${'y'.repeat(MAX_TEXT)}… (7 more characters)` })
  })

  test('property: no line makes the reader throw', () => {
    const types = [
      'thread.started',
      'turn.completed',
      'turn.failed',
      'error',
      'item.started',
      'item.completed',
    ]
    const items = ['command_execution', 'file_change', 'mcp_tool_call', 'web_search', 'todo_list', 'error']
    const key = fc.constantFrom(
      ...[
        'type',
        'item',
        'id',
        'usage',
        'message',
        'error',
        'changes',
        'items',
        'result',
        'content',
        'status',
      ],
      ...['input_tokens', 'output_tokens', 'exit_code', 'arguments', 'aggregated_output', 'thread_id'],
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom<unknown>(
          ...items,
          'Reconnecting... 1/5 (',
          'try again at Xyz 3rd 8:04 PM',
          -1,
          1e300,
        ),
        fc.dictionary(key, tie('value')),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    }))
    const event = fc
      .tuple(fc.constantFrom(...types), fc.dictionary(key, value))
      .map(([type, rest]) => JSON.stringify({ ...rest, type }))
    const line = fc.oneof(
      event,
      fc.string(),
      value.map((one) => JSON.stringify(one) ?? ''),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const reader = readerOf(codex)
        for (const one of lines) {
          for (const { kind } of [...reader.read(one), ...reader.readError(one)]) {
            expect(kind).toBeTypeOf('string')
          }
        }
        expect(reader.ended({ exitCode: 1, signal: null }).kind).toBeTypeOf('string')
      }),
      { numRuns: 1000 },
    )
  })
})

test('starts with the sandbox of its access, and never with the message', () => {
  const begin = ['exec', '--json', '--skip-git-repo-check']
  const session = { kind: 'new', id: SESSION } as const
  expect(codex.arguments({ session, model: null, access: 'read' })).toEqual([
    ...begin,
    ...['-c', 'sandbox_mode="read-only"', '-c', 'approval_policy="never"', '-'],
  ])
  const resumed = { kind: 'resume', id: SESSION } as const
  expect(codex.arguments({ session: resumed, model: 'gpt-6', access: 'write' })).toEqual([
    ...[...begin, '--model=gpt-6', '-c', 'sandbox_mode="workspace-write"'],
    ...['-c', 'sandbox_workspace_write.exclude_slash_tmp=true', '-c', 'approval_policy="never"'],
    ...['resume', SESSION, '-'],
  ])
  expect(codex.arguments({ session, model: null, access: 'read', isForStrangers: true })).toContain(
    'project_doc_max_bytes=0',
  )
  expect(codex.arguments({ session, model: null, access: 'full' })).toContain(
    'sandbox_mode="danger-full-access"',
  )
  const bad = { kind: 'resume', id: '--last' } as const
  expect(() => codex.arguments({ session: bad, model: null, access: 'read' })).toThrow('not the id')
  expect(codex.input('a\nb')).toBe('a\nb')
  expect(codex.refusal('full', { isRoot: true, environment: {} })).toBeNull()
})
