// A conversation in the terminal that somebody breaks off, or ends in the middle: the real program, and a provider that does
// not answer.

import { type ChildProcess, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { programFile } from '../support/programs.ts'
import { type Relay, startRelay } from '../support/relay.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

let sandbox: Sandbox
let relay: Relay
let workshop: Workshop

beforeEach(async () => {
  sandbox = await startSandbox()
  relay = await startRelay(Number(new URL(sandbox.url).port))
  const { claude } = await agentPrograms()
  workshop = await createWorkshop({
    ...{ CLAVIGER_ANTHROPIC_URL: sandbox.anthropicUrl, CLAVIGER_CLAUDE_BIN: claude },
    ...{ ANTHROPIC_BASE_URL: relay.through(sandbox.anthropicUrl), DISABLE_AUTOUPDATER: '1' },
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  })
  const value = workshop.values['ANT_KEY'] ?? ''
  sandbox.accept({ provider: 'anthropic', kind: 'api-key', value })
  const stored = await workshop.run(
    'printf %s "$ANT_KEY" | claviger models auth paste-api-key --provider anthropic',
  )
  expect(stored.exitCode).toBe(0)
})
afterEach(async () => {
  await workshop.dispose()
  await relay.close()
  await sandbox.close()
})

interface Talking {
  readonly child: ChildProcess
  readonly exit: Promise<number | null>
  say(text: string): void
  printed(): string
}

function talk(...words: readonly string[]): Talking {
  const { env, directory } = workshop
  const argv = [programFile('claviger'), 'chat', '--harness', 'claude', ...words]
  const child = spawn(process.execPath, argv, { env: { ...env }, cwd: join(directory, 'work') })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  }
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, exit, say: (text) => void child.stdin.write(`${text}\n`), printed: () => printed }
}

// The program has begun a session, and asks the provider.
async function isAsked({ printed }: Talking): Promise<void> {
  await vi.waitFor(() => expect(printed()).toContain('"kind":"session"'), { timeout: 60_000, interval: 50 })
}

async function left(): Promise<string[]> {
  const names = await readdir(join(workshop.stateDirectory, 'agents/main/agent/renewals'))
  return names.filter((name) => !/^\d+\.(journal|lock)$/.test(name))
}

describe('a conversation', () => {
  test('goes on after an answer was broken off by Ctrl-C', { timeout: 120_000 }, async () => {
    relay.freeze()
    const talking = talk('--json')
    talking.say('say one')
    await isAsked(talking)
    talking.child.kill('SIGINT')
    await vi.waitFor(() => expect(talking.printed()).toContain('it was interrupted'), { timeout: 30_000 })
    relay.thaw()
    talking.say('say two')
    talking.child.stdin?.end()
    expect(await talking.exit).toBe(0)
    const events = talking
      .printed()
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line).event] : []))
    const messages = events.flatMap(({ kind, state, reason }) =>
      kind === 'message' ? [`${state} ${reason}`] : [],
    )
    expect(messages).toEqual([
      ...['queued ', 'sent ', 'failed it was interrupted'],
      ...['queued ', 'sent ', 'done '],
    ])
    const sessions = events.flatMap(({ kind, session }) => (kind === 'session' ? [session] : []))
    expect([sessions.length, new Set(sessions).size]).toEqual([2, 1])
    expect(await left()).toEqual([])
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('that %s ends leaves nothing behind', { timeout: 120_000 }, async (signal, code) => {
    relay.freeze()
    const talking = talk('--json')
    talking.say('say one')
    await isAsked(talking)
    expect(await left()).toEqual(['0.work'])
    talking.child.kill(signal)
    expect(await talking.exit).toBe(code)
    expect(await left()).toEqual([])
  })

  test('that was killed is cleared away by the next one', { timeout: 120_000 }, async () => {
    relay.freeze()
    const killed = talk('--json')
    killed.say('say one')
    await isAsked(killed)
    killed.child.kill('SIGKILL')
    await killed.exit
    expect(await left()).toEqual(['0.work'])
    relay.thaw()
    const next = talk()
    next.say('say two')
    next.child.stdin?.end()
    expect(await next.exit).toBe(0)
    expect(await left()).toEqual([])
  })

  test('that lacks a credential names commands, and no page of this process', {
    timeout: 120_000,
  }, async () => {
    sandbox.teach(workshop.values['ANT_KEY'] ?? '', 'revoked')
    const { env, directory } = workshop
    const command = `stty cols 200; ${process.execPath} ${programFile('claviger')} chat --harness claude`
    const child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
      cwd: join(directory, 'work'),
    })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    const seen = (text: string) =>
      vi.waitFor(() => expect(printed).toContain(text), { timeout: 60_000, interval: 50 })
    await seen('/help says what else')
    child.stdin.write('say one\r')
    await seen('Look after its credentials: claviger models status --harness claude')
    expect(printed).not.toContain('/settings/')
    child.stdin.write('\x03\x03\x04')
    await ended
    expect(await left()).toEqual([])
  })
})
