import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAll, readerOf, recorded } from '../../test/support/recorded.ts'
import { claudeConversing as claude } from './claude-conversing.ts'
import { MAX_LINE, MAX_TEXT } from './conversing.ts'

const SESSION = '11111111-1111-4111-8111-111111111111'
const NEW = { kind: 'new', id: SESSION } as const

function readFile(name: string) {
  return readAll(readerOf(claude), recorded(`claude-2.1.330/${name}.jsonl`))
}

function readOne(event: object) {
  return readerOf(claude).read(JSON.stringify(event))
}

describe('what was recorded', () => {
  test('two turns in one process: text, a tool and what came of it, the end of each with its own tokens', () => {
    const [use, result] = [expect.objectContaining({ kind: 'tool' }), expect.anything()]
    expect(readFile('two-turns')).toEqual([
      { kind: 'session', session: SESSION, model: 'claude-opus-5-5' },
      { kind: 'text', text: 'I write.' },
      use,
      result,
      { kind: 'text', text: 'Done.' },
      { kind: 'turn-done', usage: { input: 5182, cachedInput: 0, output: 20 } },
      { kind: 'text', text: 'Done.' },
      { kind: 'turn-done', usage: { input: 2679, cachedInput: 0, output: 2 } },
    ])
    expect(readFile('two-turns').slice(2, 4)).toMatchObject([
      { name: 'Write', input: '{"file_path":"/machine/work/hello.txt","content":"hi\\n"}' },
      { kind: 'tool-result', failed: false, output: expect.stringMatching(/^File created successfully/) },
    ])
  })

  test('a session that goes on counts its turns alone', () => {
    expect(readFile('resumed').at(-1)).toEqual({
      kind: 'turn-done',
      usage: { input: 2710, cachedInput: 0, output: 2 },
    })
  })

  test('an agent within the agent: its tokens count, its talk is not shown, and its turn is none', () => {
    expect(readFile('inner-agent').map(({ kind }) => kind)).toEqual([
      ...['session', 'tool', 'tool-result', 'text', 'turn-done'],
    ])
    expect(readFile('inner-agent').at(-1)).toMatchObject({ usage: { input: 7439, output: 21 } })
  })

  test.each([
    ['key-refused', 'authentication', 401, 'authentication_failed', 'Invalid API key · Fix external API key'],
    ['key-refused-retried', 'authentication', 401, 'authentication_failed', /^Invalid API key/],
    ['key-limited', 'quota', 429, 'rate_limit', /^API Error: Request rejected \(429\)/],
    ['overloaded', 'overload', 529, 'server_error', /^API Error: Repeated 529 Overloaded errors/],
    ['no-credit', 'billing', 400, 'billing_error', 'Credit balance is too low'],
    ['forbidden', 'authentication', 403, 'authentication_failed', /403 Request not allowed$/],
    ['token-expired', 'authentication', 401, 'authentication_failed', /OAuth token has expired/],
    ['token-revoked', 'authentication', 403, 'authentication_failed', /OAuth token revoked/],
    ['token-throttled', 'overload', 429, null, /not your usage limit/],
    ['token-used-up', 'quota', 429, 'rate_limit', /^You've hit your 5-hour limit/],
    ['helper-fails', 'authentication', 401, 'helper_failed', /^Your apiKeyHelper script is failing/],
    ['no-credential', 'authentication', null, 'authentication_failed', 'Not logged in · Please run /login'],
    ['mid-turn-refused', 'authentication', 401, 'authentication_failed', /^Invalid API key/],
    ['no-network', 'network', null, 'server_error', /ECONNREFUSED/],
    ['bedrock-refused', 'authentication', 403, 'authentication_failed', /^AWS authentication failed/],
    ['bedrock-limited', 'quota', 429, 'rate_limit', /Request rejected \(429\)/],
    ['resume-unknown', 'program', null, 'session_not_found', /^No conversation found with session ID/],
  ])('%s fails for %s', (name, kind, status, code, text) => {
    const last = readFile(name).at(-1)
    expect(last).toMatchObject({ kind: 'turn-failed', failure: { kind, status, code } })
    expect(last).toMatchObject({ failure: { text: expect.stringMatching(text) } })
  })

  test('a plan that is used up says when it is there again', () => {
    expect(readFile('token-used-up').at(-1)).toMatchObject({ failure: { resetsAt: 1795377891_000 } })
    expect(readFile('key-refused').at(-1)).toMatchObject({ failure: { resetsAt: null } })
  })

  test('a refusal that is tried again is told before the turn has failed', () => {
    const failure = {
      ...{ kind: 'authentication', status: 401, code: 'authentication_failed', resetsAt: null },
      text: 'authentication_failed (HTTP 401)',
    }
    expect(readFile('key-refused-retried').slice(1, 3)).toEqual([
      { kind: 'retry', attempt: 1, of: 2, failure },
      { kind: 'retry', attempt: 2, of: 2, failure },
    ])
    expect(readFile('no-network')[1]).toMatchObject({ kind: 'retry', failure: { kind: 'network' } })
    expect(readFile('overloaded')[1]).toMatchObject({ kind: 'retry', failure: { kind: 'overload' } })
  })

  test('a turn that failed on its way has told what it did and used', () => {
    const events = readFile('mid-turn-refused')
    expect(events.map(({ kind }) => kind)).toEqual(['session', 'tool', 'tool-result', 'turn-failed'])
    expect(events.at(-1)).toMatchObject({ usage: { input: 2536, output: 16 } })
  })

  test('a helper without a key is told by every line of standard error', () => {
    const reader = readerOf(claude)
    const lines = recorded('claude-2.1.330/helper-fails.err')
    expect(lines.flatMap((line) => [...reader.readError(line)]).slice(0, 2)).toEqual(
      [1, 2].map((attempt) => ({
        kind: 'retry',
        attempt,
        of: null,
        failure: {
          ...{ kind: 'authentication', status: null, code: 'helper_failed', resetsAt: null },
          text: 'apiKeyHelper failed: exited 7: REAUTH https://broker/r/1',
        },
      })),
    )
  })
})

describe('older versions', () => {
  test.each([
    // 2.0.76: a word, and the answer of the API.
    [
      'authentication_failed',
      'API Error: 401 {"type":"error","error":{"type":"authentication_error"}} · Please run /login',
      { kind: 'authentication', status: 401 },
    ],
    // 1.0.128: no word.
    [undefined, 'Invalid API key · Please run /login', { kind: 'authentication' }],
    [
      undefined,
      'API Error: 401 {"error":{"type":"authentication_error"}}',
      { kind: 'authentication', status: 401 },
    ],
    [undefined, 'API Error: 529 {"error":{"type":"overloaded_error"}}', { kind: 'overload', status: 529 }],
    [undefined, 'Credit balance is too low', { kind: 'billing' }],
    [undefined, 'Claude AI usage limit reached|1795377891', { kind: 'quota', resetsAt: 1795377891_000 }],
    [
      undefined,
      'This organization has been disabled.',
      { kind: 'organization', code: 'organization_disabled' },
    ],
    [undefined, 'API Error: Connection error.', { kind: 'network' }],
    [undefined, 'Prompt is too long', { kind: 'request' }],
    [undefined, 'Nobody knows.', { kind: 'program', code: null }],
  ])('%s: %s', (error, text, failure) => {
    const reader = readerOf(claude)
    const message = { model: '<synthetic>', content: [{ type: 'text', text }] }
    expect(reader.read(JSON.stringify({ type: 'assistant', error, message }))).toEqual([])
    const result = { type: 'result', subtype: 'success', is_error: true, result: text }
    expect(reader.read(JSON.stringify(result))).toMatchObject([{ kind: 'turn-failed', failure, usage: null }])
  })

  test.each([
    ['oauth_org_not_allowed', 'organization'],
    ['account_on_hold', 'organization'],
    ['cloud_credential_error', 'authentication'],
    ['model_not_found', 'request'],
    ['overloaded', 'overload'],
  ])('the word %s is %s whatever the text', (error, kind) => {
    const reader = readerOf(claude)
    reader.read(JSON.stringify({ type: 'assistant', error, message: { content: [] } }))
    expect(reader.read('{"type":"result","is_error":true,"result":"x"}')).toMatchObject([
      { failure: { kind, code: error } },
    ])
  })

  test('the failure of one turn is not the next one’s', () => {
    const reader = readerOf(claude)
    const refused = { type: 'assistant', error: 'authentication_failed', message: { content: [] } }
    reader.read(JSON.stringify(refused))
    reader.read('{"type":"result","is_error":true}')
    expect(reader.read('{"type":"result","is_error":true}')).toMatchObject([{ failure: { kind: 'program' } }])
  })

  test('what the program says in the model’s place, and is no failure, is a text', () => {
    const reader = readerOf(claude)
    const content = [{ type: 'text', text: "/help isn't available in this environment." }]
    reader.read(JSON.stringify({ type: 'assistant', message: { model: '<synthetic>', content } }))
    expect(reader.read('{"type":"result","is_error":false}')).toEqual([
      { kind: 'text', text: "/help isn't available in this environment." },
      { kind: 'turn-done', usage: null },
    ])
  })

  test('a conversation that is begun anew has a new name', () => {
    const reader = readerOf(claude)
    const init = (session_id: string) => JSON.stringify({ type: 'system', subtype: 'init', session_id })
    expect(reader.read(init('one'))).toEqual([{ kind: 'session', session: 'one', model: null }])
    expect(reader.read('{"type":"conversation_reset"}')).toMatchObject([{ kind: 'notice' }])
    expect(reader.read(init('two'))).toMatchObject([{ session: 'two' }])
    expect(reader.read(init('two'))).toEqual([])
  })

  test('usage without the growth of the session is that of the turn, with what the cache gave', () => {
    const usage = {
      input_tokens: 3,
      cache_read_input_tokens: 10,
      cache_creation_input_tokens: 4,
      output_tokens: 2,
    }
    expect(readOne({ type: 'result', is_error: false, usage })).toEqual([
      { kind: 'turn-done', usage: { input: 17, cachedInput: 10, output: 2 } },
    ])
  })
})

describe('what is not known', () => {
  test('is kept by its name', () => {
    expect(readOne({ type: 'system', subtype: 'dreamt' })).toEqual([
      { kind: 'unknown', name: 'system/dreamt' },
    ])
    expect(readOne({ type: 'constructor' })).toEqual([{ kind: 'unknown', name: 'constructor' }])
    expect(readOne({})).toEqual([{ kind: 'unknown', name: 'no type' }])
    expect(readerOf(claude).read('[1]')).toEqual([{ kind: 'unknown', name: 'a line that is no object' }])
    const message = { content: [{ type: 'hologram' }] }
    expect(readOne({ type: 'assistant', message })).toEqual([{ kind: 'unknown', name: 'assistant/hologram' }])
  })

  test('plain text where an event should be is a notice', () => {
    expect(readerOf(claude).read(' Segmentation fault ')).toEqual([
      { kind: 'notice', text: 'Segmentation fault' },
    ])
    expect(readerOf(claude).read('')).toEqual([])
  })

  test('long texts are clipped and longer lines not looked into', () => {
    const message = { content: [{ type: 'text', text: `${'x'.repeat(MAX_TEXT - 1)}😀yyy` }] }
    const [event] = readOne({ type: 'assistant', message })
    expect(event).toEqual({ kind: 'text', text: `${'x'.repeat(MAX_TEXT - 1)}… (5 more characters)` })
    expect(readerOf(claude).read('x'.repeat(MAX_LINE + 1))).toMatchObject([{ kind: 'unknown' }])
  })

  test('property: no line makes the reader throw, or say more than it may', () => {
    const types = ['system', 'assistant', 'user', 'result', 'rate_limit_event', 'stream_event', '__proto__']
    const key = fc.constantFrom(
      ...[
        'type',
        'subtype',
        'message',
        'content',
        'error',
        'is_error',
        'usage',
        'model_usage_since_last_result',
      ],
      ...[
        'rate_limit_info',
        'status',
        'resetsAt',
        'errors',
        'result',
        'session_id',
        'api_error_status',
        'input',
      ],
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom<unknown>(
          ...types,
          'init',
          'api_retry',
          'tool_result',
          'tool_use',
          'rejected',
          401,
          true,
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
        const reader = readerOf(claude)
        for (const one of lines) {
          const events = [...reader.read(one), ...reader.readError(one)]
          for (const { kind } of events) expect(kind).toBeTypeOf('string')
        }
        expect(reader.ended({ exitCode: 1, signal: null }).kind).toBeTypeOf('string')
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a process that is gone', () => {
  const end = { exitCode: 1, signal: null }

  test.each([
    [
      '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons',
      {
        kind: 'program',
        code: 'refused_for_root',
        text: expect.stringContaining('Run the worker as another user'),
      },
    ],
    [`Error: Session ID ${SESSION} is already in use.`, { kind: 'program', code: 'session_in_use' }],
    ['apiKeyHelper failed: exited 7', { kind: 'program', code: 'died' }],
  ])('has said %s', (line, failure) => {
    const reader = readerOf(claude)
    reader.readError(line)
    expect(reader.ended(end)).toMatchObject(failure)
  })

  test('has said nothing', () => {
    const reader = readerOf(claude)
    reader.readError('Ignoring 4 permissions.allow entries from .claude/settings.json: not trusted.')
    expect(reader.ended({ exitCode: null, signal: 'SIGKILL' })).toEqual({
      ...{ kind: 'program', status: null, code: 'died', resetsAt: null },
      text: 'Claude Code ended before the turn was over (SIGKILL).',
    })
  })

  test('has been refused and did not come to saying so', () => {
    const reader = readerOf(claude)
    const [init = '', refused = ''] = recorded('claude-2.1.330/key-refused.jsonl')
    readAll(reader, [init, refused])
    expect(reader.ended(end)).toMatchObject({ kind: 'authentication', code: 'authentication_failed' })
  })
})

test('starts with the flags of its access, on a new session or an old one', () => {
  const protocol = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']
  expect(claude.arguments({ session: NEW, model: null, access: 'write' })).toEqual([
    ...protocol,
    ...[`--session-id=${SESSION}`, '--permission-mode', 'acceptEdits'],
  ])
  const session = { kind: 'resume', id: SESSION } as const
  expect(claude.arguments({ session, model: 'opus', access: 'read' })).toEqual([
    ...protocol,
    ...[
      `--resume=${SESSION}`,
      '--model=opus',
      '--permission-mode',
      'dontAsk',
      '--tools',
      'Read,Glob,Grep',
      '--strict-mcp-config',
    ],
  ])
  expect(
    claude.arguments({ session: NEW, model: null, access: 'read', isForStrangers: true }).slice(-3),
  ).toEqual(['--setting-sources', 'user', '--strict-mcp-config'])
  expect(claude.arguments({ session: NEW, model: null, access: 'full' })).toContain(
    '--dangerously-skip-permissions',
  )
  const bad = { kind: 'resume', id: '--help' } as const
  expect(() => claude.arguments({ session: bad, model: null, access: 'read' })).toThrow('not the id')
})

test('a message that begins with a slash is no command of the program', () => {
  const textOf = (message: string) => JSON.parse(claude.input(message)).message.content[0].text
  expect(textOf('/clear')).toBe(' /clear')
  expect(textOf('see /clear')).toBe('see /clear')
})

test('a message is one line, whatever it holds', () => {
  const input = claude.input('one\ntwo "three"')
  expect(input.split('\n')).toHaveLength(2)
  expect(JSON.parse(input)).toEqual({
    type: 'user',
    message: { role: 'user', content: [{ type: 'text', text: 'one\ntwo "three"' }] },
  })
})

test('full access is refused for root before anything is started', () => {
  const root = { isRoot: true, environment: {} }
  expect(claude.refusal('full', root)).toContain('IS_SANDBOX=1')
  expect(claude.refusal('full', { isRoot: true, environment: { IS_SANDBOX: '1' } })).toBeNull()
  expect(claude.refusal('full', { ...root, isRoot: false })).toBeNull()
  expect(claude.refusal('write', root)).toBeNull()
})
