// Conversations with the real codex program against the sandbox, through the harness's own reader, in two versions.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Access, Usage } from '../../src/domain/runs/conversation.ts'
import { codexConversing as codex } from '../../src/harnesses/codex-conversing.ts'
import type { ReplyBlock } from '../../src/sandbox/reply.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { kindsOf, sessionOf, talk } from './conversing-run.ts'

const KEY = 'sk-test-conversing-1234567890'

let sandbox: Sandbox
let machine: string

beforeEach(async () => {
  sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
  machine = await mkdtemp(join(tmpdir(), 'claviger-conversing-'))
  for (const name of ['work', '.codex']) await mkdir(join(machine, name))
  const off =
    'check_for_update_on_startup = false\n[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n'
  // What the user has is not to widen what a run may do.
  const config = `openai_base_url = "${sandbox.openaiUrl}"\napproval_policy = "on-request"\nsandbox_mode = "danger-full-access"\n${off}`
  await writeFile(join(machine, '.codex/config.toml'), config)
  await writeFile(join(machine, '.codex/auth.json'), JSON.stringify({ OPENAI_API_KEY: KEY }))
})

afterEach(async () => {
  await sandbox.close()
  await rm(machine, { recursive: true, force: true })
})

function fresh(access: Access, message: string) {
  return { session: { kind: 'new', id: 'unused' }, model: null, access, messages: [message] } as const
}

function resumed(id: string, access: Access, message: string, used?: Usage) {
  const start = { session: { kind: 'resume', id }, model: null, access, messages: [message] } as const
  return used === undefined ? start : { ...start, used }
}

function script(input: string): ReplyBlock {
  return { type: 'tool', namespace: 'functions', name: 'exec', input }
}

/** The model makes a file by a patch and one by a command, and then says that it is done. */
function writes(directory = join(machine, 'work')): void {
  const patch = `*** Begin Patch\n*** Add File: ${directory}/patched.txt\n+made\n*** End Patch`
  const uses = [
    script(`await tools.apply_patch(${JSON.stringify(patch)})`),
    script(`await tools.exec_command(${JSON.stringify({ cmd: `echo made > ${directory}/echoed.txt` })})`),
  ]
  sandbox.reply(({ toolResults }) => {
    const use = uses[toolResults.length]
    return use === undefined ? 'Done.' : [use]
  })
}

function made(directory = 'work'): Promise<(string | null)[]> {
  const files = ['patched.txt', 'echoed.txt'].map((name) => join(machine, directory, name))
  return Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => null)))
}

function textsOfLast(): readonly string[] {
  return sandbox.requests().at(-1)?.userTexts ?? []
}

describe.each(['0.169.0', '0.155.1'])('codex %s', (version) => {
  let program: string

  beforeAll(async () => {
    program = version === '0.155.1' ? (await olderPrograms()).codex : (await agentPrograms()).codex
  })

  function place() {
    return { program, cwd: join(machine, 'work'), environment: { HOME: machine } }
  }

  test('with write files of the workspace are written, and the session goes on in another process', async () => {
    writes()
    const first = await talk(codex, place(), fresh('write', 'write it'))
    expect(first.exitCode).toBe(0)
    expect(kindsOf(first)).toEqual([
      ...['session', 'tool', 'tool-result', 'tool', 'tool-result', 'text', 'turn-done'],
    ])
    expect(await made()).toEqual(['made\n', 'made\n'])
    const used = first.events.flatMap((event) => (event.kind === 'turn-done' ? [event.usage] : []))[0]
    const id = sessionOf(first)
    const second = await talk(codex, place(), resumed(id, 'write', 'thanks', used ?? undefined))
    expect(kindsOf(second)).toEqual(['session', 'text', 'turn-done'])
    expect(sessionOf(second)).toBe(id)
    expect(textsOfLast().slice(-2)).toEqual(['write it', 'thanks'])
    // One request, of which the sandbox says that it took one token.
    expect(second.events.at(-1)).toMatchObject({ usage: { input: 1 } })
  })

  test('with write nothing is written outside of the workspace', async () => {
    await mkdir(join(machine, 'outside'))
    writes(join(machine, 'outside'))
    expect(kindsOf(await talk(codex, place(), fresh('write', 'write it'))).at(-1)).toBe('turn-done')
    expect(await made('outside')).toEqual([null, null])
  })

  test('with read nothing is written, on a resumed session either; with full access anything', async () => {
    writes()
    const first = await talk(codex, place(), fresh('read', 'write it'))
    expect(kindsOf(first).at(-1)).toBe('turn-done')
    expect(await made()).toEqual([null, null])
    sandbox.reply(({ toolResults }) =>
      toolResults.length < 3 ? [script('await tools.exec_command({ cmd: "echo x > echoed.txt" })')] : 'Done.',
    )
    await talk(codex, place(), resumed(sessionOf(first), 'read', 'again'))
    expect(await made()).toEqual([null, null])
    await mkdir(join(machine, 'outside'))
    writes(join(machine, 'outside'))
    await talk(codex, place(), fresh('full', 'write it'))
    expect(await made('outside')).toEqual(['made\n', 'made\n'])
  })

  test('refused in mid-turn, it goes on where it was: the model sees the message once', async () => {
    writes()
    sandbox.teach(KEY, 'revoked', undefined, 1)
    const spoken = await talk(codex, place(), fresh('write', 'write it'))
    expect(spoken.exitCode).toBe(1)
    expect(spoken.events.find(({ kind }) => kind === 'retry')).toMatchObject({
      failure: { kind: 'authentication', status: 401 },
    })
    expect(spoken.events.at(-1)).toMatchObject({
      kind: 'turn-failed',
      failure: { kind: 'authentication', status: 401 },
    })
    sandbox.teach(KEY, 'ok')
    const after = await talk(codex, place(), resumed(sessionOf(spoken), 'write', codex.continuation))
    expect(kindsOf(after).at(-1)).toBe('turn-done')
    expect(textsOfLast().slice(-2)).toEqual(['write it', codex.continuation])
    expect(textsOfLast().filter((text) => text.includes('write it'))).toHaveLength(1)
    expect(await made()).toEqual(['made\n', 'made\n'])
  })

  test('a plan that is used up says when it is there again', async () => {
    sandbox.teach(KEY, 'used-up')
    const spoken = await talk(codex, place(), fresh('read', 'hello'))
    const failed = spoken.events.flatMap((event) => (event.kind === 'turn-failed' ? [event.failure] : []))
    expect(failed).toMatchObject([{ kind: 'quota', code: 'usage_limit_reached' }])
    const wait = (failed[0]?.resetsAt ?? 0) - Date.now()
    expect(wait).toBeGreaterThan(55 * 60_000)
    expect(wait).toBeLessThan(63 * 60_000)
  })

  test('a session that is not there cannot be resumed', async () => {
    const unknown = resumed('11111111-1111-4111-8111-111111111112', 'read', 'hello')
    expect(await talk(codex, place(), unknown)).toMatchObject({
      ...{ exitCode: 1, events: [] },
      ended: { code: 'session_not_found' },
    })
  })
})
