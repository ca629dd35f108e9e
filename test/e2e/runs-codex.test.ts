// Runs of the real codex program: a server, a worker, and providers that refuse. Whatever happens, each message reaches
// the model once, and the conversation goes on.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { USED_UP_FOR_MS } from '../../src/sandbox/credentials.ts'
import { filesWith } from './program-run.ts'
import { type RunView, type RunWorld, runWorld, toldBy } from './run-world.ts'

const FIRST = 'sk-test-runs-codex-first-0001'
const SECOND = 'sk-test-runs-codex-second-0002'

let world: RunWorld

afterEach(() => world.close())

async function open(): Promise<void> {
  const key = (value: string) => ({ provider: 'openai', kind: 'api-key', value }) as const
  world = await runWorld({ credentials: [key(FIRST), key(SECOND)] })
  world.sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
  await world.startWorker()
}

function storeKey(name: string, key: string): Promise<void> {
  return world.store('codex/api-key', name, { key, baseUrl: world.sandbox.openaiUrl })
}

function begin(prompt: string, access: 'read' | 'write' = 'write'): Promise<RunView> {
  return world.begin({ harness: 'codex', prompt, access })
}

function isDone({ state, messages }: RunView): boolean {
  return state === 'ready' && messages.every((message) => message.state === 'done')
}

function isAnswered(count: number): (run: RunView) => boolean {
  return ({ state, messages }) => state === 'ready' && messages[count - 1]?.state === 'done'
}

/** How often each text was in what the model saw last. */
function seen(...texts: readonly string[]): number[] {
  const asked = world.sandbox
    .requests()
    .findLast(({ status, path }) => status === 200 && path.endsWith('/responses'))
  return texts.map((text) => (asked?.userTexts ?? []).filter((one) => one.includes(text)).length)
}

async function states(id: string): Promise<string[]> {
  return toldBy(await world.events(id)).filter((one) => one.startsWith('state '))
}

it('heals inside of the program when the token of its login is refused in the middle', async () => {
  await open()
  const login = await world.signIn('codex', 'chatgpt')
  const { id } = await begin('first message')
  await world.until(id, isDone, 60)
  const upstream = world.sandbox.oauth.counters().refreshCalls
  const [now] = world.sandbox.oauth.logins().filter((one) => one.id === login.id)
  world.sandbox.oauth.revokeAccessToken(now?.accessToken ?? '')
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await world.send(id, 'second message')
  await world.until(id, isAnswered(2), 60)
  expect(world.sandbox.oauth.counters().refreshCalls).toBe(upstream + 1)
  expect(seen('first message', 'second message')).toEqual([1, 1])
  expect(await states(id)).not.toContain('state reauthenticating')
  expect(await filesWith(join(world.home, 'claviger'), 'rt_sandbox_')).toEqual([])
}, 120_000)

it('goes on with a key when its login was revoked', async () => {
  await open()
  const login = await world.signIn('codex', 'chatgpt')
  await storeKey('key', FIRST)
  const { id } = await begin('first message')
  await world.until(id, isDone, 60)
  world.sandbox.oauth.revokeLogin(login.id)
  await world.send(id, 'second message')
  const run = await world.until(id, isAnswered(2), 90)
  expect(run.served.map(({ credential }) => credential?.type)).toEqual(['codex/oauth', 'codex/api-key'])
  expect(seen('first message', 'second message')).toEqual([1, 1])
  expect((await states(id)).filter((one) => one === 'state reauthenticating')).toHaveLength(1)
}, 150_000)

it('leaves a key whose quota is used up to cool down, and goes on with the next', async () => {
  await open()
  await storeKey('a-first', FIRST)
  await storeKey('b-second', SECOND)
  const { id } = await begin('first message')
  await world.until(id, isDone, 60)
  world.sandbox.teach(FIRST, 'used-up')
  await world.send(id, 'second message')
  const run = await world.until(id, isAnswered(2), 90)
  expect(run.served.map(({ credential }) => credential?.name)).toEqual(['a-first', 'b-second'])
  expect(seen('first message', 'second message')).toEqual([1, 1])
  const { credentials } = await world.client.call('credentials.list', {})
  // Until the time that Codex has told of, to the minute.
  const told = (await world.events(id)).flatMap((one) => (one.kind === 'turn-failed' ? [one.failure] : []))
  expect(told).toMatchObject([{ kind: 'quota', resetsAt: expect.any(Number) }])
  const resetsAt = told[0]?.resetsAt ?? 0
  expect(Math.abs(resetsAt - Date.now() - USED_UP_FOR_MS)).toBeLessThan(150_000)
  const stateUntil = new Date(resetsAt).toISOString()
  expect(credentials.find(({ name }) => name === 'a-first')).toMatchObject({
    state: 'cooling_down',
    stateUntil,
  })
}, 150_000)

it('waits when nothing is left, and goes on by itself when a login arrives', async () => {
  await open()
  const login = await world.signIn('codex', 'chatgpt')
  world.sandbox.oauth.revokeLogin(login.id)
  const { id } = await begin('the only message')
  await world.until(id, ({ state }) => state === 'waiting_for_credentials', 90)
  await world.signIn('codex', 'another')
  const run = await world.until(id, isDone, 90)
  expect(run.served.at(-1)?.credential?.name).toBe('another')
  expect(seen('the only message')).toEqual([1])
}, 150_000)

it('edits a file of its workspace with access to write, and not with access to read', async () => {
  await open()
  await storeKey('key', FIRST)
  world.sandbox.reply(({ toolResults }) =>
    toolResults.length > 0
      ? 'I have tried.'
      : [
          {
            type: 'tool',
            namespace: 'functions',
            name: 'exec',
            input: 'await tools.exec_command({ cmd: "echo made > made.txt" })',
          },
        ],
  )
  const writing = await begin('Write the file.')
  const reading = await begin('Write the file.', 'read')
  await world.until(writing.id, isDone, 60)
  await world.until(reading.id, isDone, 60)
  const made = (id: string) =>
    readFile(join(world.home, 'claviger/conversations', id, 'workspace/made.txt'), 'utf8')
  expect(await made(writing.id)).toBe('made\n')
  await expect(made(reading.id)).rejects.toMatchObject({ code: 'ENOENT' })
}, 120_000)

it('hibernates, and answers the first message after it was woken though its login was renewed meanwhile', async () => {
  await open()
  await world.signIn('codex', 'chatgpt')
  const { id } = await begin('first message')
  await world.until(id, isDone, 60)
  await world.client.call('runs.hibernate', { id })
  const resting = await world.until(id, ({ state }) => state === 'hibernated')
  expect(resting.served.at(-1)?.endedAt).not.toBeNull()
  // Nothing that was delivered stays behind.
  expect(await filesWith(join(world.home, 'claviger/conversations', id), 'refresh_token')).toEqual([])
  const { id: lease, credential } = await world.client.call('leases.create', { harness: 'codex' })
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const rejection = { id: lease, generation: credential?.generation ?? 0, status: 401 }
  expect(await world.client.call('leases.reject', rejection)).toMatchObject({ verdict: 'retry' })
  await world.send(id, 'second message')
  const run = await world.until(id, isAnswered(2), 60)
  expect(run.served.map(({ credential: served }) => served?.generation)).toEqual([2, 3])
  expect(seen('first message', 'second message')).toEqual([1, 1])
}, 120_000)
