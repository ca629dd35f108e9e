import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../domain/runs/conversation.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import type { Context } from '../context.ts'
import { createUi } from '../ui.ts'
import { show } from './follow.ts'
import { linesOf } from './lines.ts'

const failure: Failure = {
  kind: 'authentication',
  status: 401,
  code: null,
  text: 'Invalid API key',
  resetsAt: null,
}

describe('what happens in a run', () => {
  it.each<[RecordedEvent, string[]]>([
    [{ kind: 'text', text: 'One.\nTwo.\n' }, ['One.', 'Two.']],
    [{ kind: 'text', text: 'if (a) {\r\n\tb()\r\n}' }, ['if (a) {', '    b()', '}']],
    [{ kind: 'reasoning', text: 'hm' }, ['  ~ hm']],
    [{ kind: 'tool', call: 'c', name: 'Bash', input: '{"command":\n "ls"}' }, ['  > Bash {"command": "ls"}']],
    [{ kind: 'tool-result', call: 'c', failed: false, output: 'fine' }, []],
    [
      { kind: 'tool-result', call: 'c', failed: true, output: '1\n2\n3\n4\n5' },
      ['  ! it failed', '    1', '    2', '    3', '    4', '    …'],
    ],
    [{ kind: 'retry', attempt: 1, of: 10, failure }, ['  … tries again: Invalid API key']],
    [
      {
        kind: 'retry',
        attempt: 1,
        of: 10,
        failure: { ...failure, kind: 'network', status: null, text: 'unknown' },
      },
      ['  … the provider cannot be reached; tries again'],
    ],
    [
      {
        kind: 'retry',
        attempt: 1,
        of: 5,
        failure: { ...failure, kind: 'network', status: null, text: 'no route' },
      },
      ['  … the provider cannot be reached (no route); tries again'],
    ],
    [{ kind: 'retry', attempt: 2, of: 10, failure }, []],
    [{ kind: 'turn-failed', failure, usage: null }, ['  ! Invalid API key']],
    [{ kind: 'state', state: 'waiting_for_credentials', reason: 'so' }, ['— waiting for credentials: so']],
    [
      { kind: 'credential', lease: 'l', credential: null, reason: 'so' },
      ["— with the machine's own login: so"],
    ],
    [{ kind: 'message', id: 'm', state: 'done', reason: '' }, []],
    [{ kind: 'message', id: 'm', state: 'failed', reason: 'so' }, ['— the message m failed: so']],
    [{ kind: 'unknown', name: 'new' }, []],
  ])('%o', (event, lines) => expect(linesOf(event)).toEqual(lines))

  it('has what a person said, where the program was given it', async () => {
    const stdout = new PassThrough()
    const ui = createUi({ stdin: new PassThrough(), stdout, stderr: new PassThrough() }, false)
    const texts: Record<string, string> = { m1: 'Fix the tests.\nAll of them.', m2: '\n', m4: 'not yet' }
    const states = { m1: 'sent', m2: 'sent', m3: 'sent', m4: 'queued' } as const
    for (const [id, state] of Object.entries(states)) {
      const event = { kind: 'message', id, state, reason: '' } as const
      const news = { position: 1, at: '2026-01-01T00:00:00Z', event }
      await show({ ui } as Context, news, { json: false, said: async (message) => texts[message] ?? null })
    }
    expect(String(stdout.read())).toBe('> Fix the tests. …\n> …\n')
  })

  it('cannot steer the terminal, and without one has no line that is written over', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const ui = createUi({ stdin: new PassThrough(), stdout, stderr }, false)
    const tell = (event: RecordedEvent) =>
      show(
        { ui } as Context,
        { position: 1, at: '2026-01-01T00:00:00Z', event },
        { json: false, said: async () => null },
      )
    await tell({ kind: 'text', text: 'a\u001b[2Jb' })
    await tell({ kind: 'state', state: 'working', reason: '' })
    expect(String(stdout.read())).toBe('a\\u{1b}[2Jb\n— working\n')
    expect(stderr.read()).toBeNull()
  })
})
