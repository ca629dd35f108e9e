// Conversations with the real claude program against the sandbox, through the harness's own reader.

import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claudeConversing as claude } from '../../src/harnesses/claude-conversing.ts'
import type { ReplyBlock } from '../../src/sandbox/reply.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { kindsOf, talk } from './conversing-run.ts'
import { quiet } from './exec-run.ts'

const KEY = 'sk-ant-test-conversing-1'
const TOKEN = 'sk-ant-oat01-test-conversing-1'

let sandbox: Sandbox
let machine: string
let session: string

beforeEach(async () => {
  sandbox = await startSandbox({
    credentials: [
      { provider: 'anthropic', kind: 'api-key', value: KEY },
      { provider: 'anthropic', kind: 'oauth', value: TOKEN },
    ],
  })
  machine = await mkdtemp(join(tmpdir(), 'claviger-conversing-'))
  await mkdir(join(machine, 'work'))
  session = randomUUID()
})

afterEach(async () => {
  await sandbox.close()
  await rm(machine, { recursive: true, force: true })
})

function fresh(access: 'read' | 'write' | 'full', ...messages: string[]) {
  return { session: { kind: 'new', id: session }, model: null, access, messages } as const
}

function resumed(access: 'read' | 'write', ...messages: string[]) {
  return { session: { kind: 'resume', id: session }, model: null, access, messages } as const
}

/** The model writes a file, in the workspace unless told otherwise, and then says that it is done. */
function writes(path = 'work/made.txt'): void {
  const input = { file_path: join(machine, path), content: 'made\n' }
  const use: ReplyBlock = { type: 'tool', name: 'Write', input }
  sandbox.reply(({ toolResults }) => (toolResults.length === 0 ? [use] : 'Done.'))
}

function made(path = 'work/made.txt'): Promise<string | null> {
  return readFile(join(machine, path), 'utf8').catch(() => null)
}

function textsOfLast(): readonly string[] {
  return sandbox.requests().at(-1)?.userTexts ?? []
}

describe.each(['2.1.330', '2.1.208'])('claude %s', (version) => {
  let program: string

  beforeAll(async () => {
    program = (version === '2.1.208' ? await olderPrograms() : await agentPrograms()).claude
  })

  function place(credential: Readonly<Record<string, string>> = { ANTHROPIC_API_KEY: KEY }) {
    const environment = { HOME: machine, ANTHROPIC_BASE_URL: sandbox.anthropicUrl, ...quiet, ...credential }
    return { program, cwd: join(machine, 'work'), environment }
  }

  test('what looks like a command of the program is for the model', async () => {
    sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
    const messages = ['/clear', '/model haiku', '/init', '/nonsense']
    const spoken = await talk(claude, place(), fresh('write', ...messages))
    const answers = spoken.events.flatMap((event) => (event.kind === 'text' ? [event.text] : []))
    expect(answers).toEqual(messages.map((message) => `You said:  ${message}`))
    const own = textsOfLast().filter((text) => !text.startsWith('<system-reminder>'))
    expect(own.map((text) => text.trim())).toEqual(messages)
  })

  test('with write a file of the workspace is written, and the next message goes to the same process', async () => {
    writes()
    const spoken = await talk(claude, place(), fresh('write', 'write it', 'thanks'))
    expect(spoken.exitCode).toBe(0)
    expect(kindsOf(spoken)).toEqual([
      ...['session', 'tool', 'tool-result', 'text', 'turn-done', 'text', 'turn-done'],
    ])
    expect(spoken.events).toContainEqual({ kind: 'session', session, model: expect.any(String) })
    expect(spoken.events.find(({ kind }) => kind === 'tool-result')).toMatchObject({ failed: false })
    expect(await made()).toBe('made\n')
    expect(textsOfLast().slice(-2)).toEqual(['write it', 'thanks'])
  })

  test('with write nothing is written outside of the workspace', async () => {
    writes('outside.txt')
    const spoken = await talk(claude, place(), fresh('write', 'write it'))
    expect(spoken.events.find(({ kind }) => kind === 'tool-result')).toMatchObject({ failed: true })
    expect(kindsOf(spoken).at(-1)).toBe('turn-done')
    expect(await made('outside.txt')).toBeNull()
  })

  test('with read nothing is written, whatever the user’s own settings allow', async () => {
    await mkdir(join(machine, '.claude'))
    const permissions = { allow: ['Write', 'Edit', 'Bash'], defaultMode: 'acceptEdits' }
    await writeFile(join(machine, '.claude/settings.json'), JSON.stringify({ permissions }))
    const content = { file_path: join(machine, 'work/made.txt'), content: 'made\n' }
    const command = { command: 'echo made > made.txt', description: 'write' }
    const uses: readonly ReplyBlock[] = [
      { type: 'tool', name: 'Write', input: content },
      { type: 'tool', name: 'Bash', input: command },
    ]
    sandbox.reply(({ toolResults }) => (toolResults.length === 0 ? uses : 'Done.'))
    const spoken = await talk(claude, place(), fresh('read', 'write it'))
    const results = spoken.events.filter((event) => event.kind === 'tool-result')
    expect(results.map(({ failed }) => failed)).toEqual([true, true])
    expect(kindsOf(spoken).at(-1)).toBe('turn-done')
    expect(await made()).toBeNull()
  })

  test.runIf(process.getuid?.() === 0)('with full access root is told what to do', async () => {
    const spoken = await talk(claude, place(), fresh('full', 'hi'))
    expect(spoken).toMatchObject({ exitCode: 1, events: [], ended: { code: 'refused_for_root' } })
    expect(spoken.ended.text).toContain('--dangerously-skip-permissions cannot be used with root')
    expect(claude.refusal('full', { isRoot: true, environment: {} })).not.toBeNull()
    const marked = { ANTHROPIC_API_KEY: KEY, IS_SANDBOX: '1' }
    writes('outside.txt')
    expect(kindsOf(await talk(claude, place(marked), fresh('full', 'hi'))).at(-1)).toBe('turn-done')
    expect(await made('outside.txt')).toBe('made\n')
  })

  test('refused in mid-turn, it goes on where it was: the model sees the message once', async () => {
    writes()
    sandbox.teach(KEY, 'revoked', undefined, 1)
    const spoken = await talk(claude, place(), fresh('write', 'write it'))
    expect(spoken.exitCode).toBe(1)
    expect(spoken.events.at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind: 'authentication', status: 401, code: 'authentication_failed' },
    })
    sandbox.teach(KEY, 'ok')
    const after = await talk(claude, place(), resumed('write', claude.continuation))
    expect(kindsOf(after)).toEqual(['session', 'text', 'turn-done'])
    // 2.1.208 says it of its own accord too, when it opens a session that broke off.
    const said = version === '2.1.208' ? [claude.continuation, claude.continuation] : [claude.continuation]
    expect(textsOfLast().slice(-1 - said.length)).toEqual(['write it', ...said])
    expect(textsOfLast().filter((text) => text.includes('write it'))).toHaveLength(1)
    expect(await made()).toBe('made\n')
  })

  test('the process outlives a turn that failed: the same message is not sent again there either', async () => {
    sandbox.teach(KEY, 'revoked', 1)
    const spoken = await talk(claude, place(), fresh('read', 'hello', claude.continuation))
    expect(kindsOf(spoken)).toEqual(['session', 'turn-failed', 'text', 'turn-done'])
    expect(textsOfLast().join()).toMatch(/hello.*Continue from where you left off/s)
  })

  test('a subscription that is used up says when it is there again', async () => {
    sandbox.teach(TOKEN, 'used-up')
    const spoken = await talk(claude, place({ CLAUDE_CODE_OAUTH_TOKEN: TOKEN }), fresh('read', 'hello'))
    expect(spoken.events.at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind: 'quota', status: 429 },
    })
    const failed = spoken.events.flatMap((event) => (event.kind === 'turn-failed' ? [event.failure] : []))
    const wait = (failed[0]?.resetsAt ?? 0) - Date.now()
    expect(wait).toBeGreaterThan(55 * 60_000)
    expect(wait).toBeLessThan(61 * 60_000)
  })

  test('a session that is there is not begun again, one that is not there cannot be resumed', async () => {
    expect((await talk(claude, place(), resumed('read', 'hello'))).events.at(-1)).toMatchObject({
      failure: { code: 'session_not_found' },
    })
    await talk(claude, place(), fresh('read', 'hello'))
    expect(await talk(claude, place(), fresh('read', 'hello'))).toMatchObject({
      ...{ exitCode: 1, events: [] },
      ended: { code: 'session_in_use' },
    })
  })
})
