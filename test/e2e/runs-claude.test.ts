// Runs of the real claude program: a server, a worker, and providers that refuse. Whatever happens, each message reaches
// the model once, and the conversation goes on.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { programsOf } from '../support/programs-of.ts'
import { filesWith } from './program-run.ts'
import { type RunView, type RunWorld, runWorld, toldBy, type WorldOptions } from './run-world.ts'

const FIRST = 'sk-ant-test-runs-first-0001'
const SECOND = 'sk-ant-test-runs-second-0002'
const BEDROCK = 'ABSK-test-runs-bedrock-0003'

let world: RunWorld

afterEach(() => world.close())

async function open(options: WorldOptions = {}): Promise<void> {
  const key = (value: string) => ({ provider: 'anthropic', kind: 'api-key', value }) as const
  world = await runWorld({
    credentials: [key(FIRST), key(SECOND), { provider: 'bedrock', kind: 'bearer', value: BEDROCK }],
    ...options,
  })
  world.sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
  await world.startWorker()
}

function isDone({ state, messages }: RunView): boolean {
  return state === 'ready' && messages.every((message) => message.state === 'done')
}

/** How often the model was asked with this text in the conversation, in requests that were answered. */
function timesIn(text: string): number[] {
  const answered = world.sandbox.requests().filter(({ status, model }) => status === 200 && model !== null)
  return answered.map(({ userTexts }) => userTexts.filter((one) => one.includes(text)).length)
}

function lastTexts(): readonly string[] {
  return (
    world.sandbox.requests().findLast(({ status, model }) => status === 200 && model !== null)?.userTexts ??
    []
  )
}

/** Which of our messages the model saw last, in their order, each as often as it saw it. */
function lastMessages(): string[] {
  return lastTexts().flatMap((text) => text.match(/(?:first|second|third) message/g) ?? [])
}

it('edits a file of its workspace with access to write, and not with access to read', async () => {
  await open()
  await world.store('claude/api-key', 'main', { key: FIRST })
  world.sandbox.reply(({ toolResults }) =>
    toolResults.length > 0
      ? 'I have tried.'
      : [{ type: 'tool', name: 'Write', input: { file_path: 'made.txt', content: 'made\n' } }],
  )
  const writing = await world.begin({ prompt: 'Write the file.' })
  const reading = await world.begin({ prompt: 'Write the file.', access: 'read' })
  const done = await world.until(writing.id, isDone)
  await world.until(reading.id, isDone)
  const made = (id: string) =>
    readFile(join(world.home, 'claviger/conversations', id, 'workspace/made.txt'), 'utf8')
  expect(await made(writing.id)).toBe('made\n')
  await expect(made(reading.id)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(done).toMatchObject({
    credential: { name: 'main', type: 'claude/api-key', suffix: '0001' },
    usage: { output: expect.any(Number) },
    served: [{ turns: 1, reason: expect.stringMatching(/./) }],
  })
  expect(done.usage.output).toBeGreaterThan(0)
}, 60_000)

it('goes on with the new value of a key that was revoked between two turns', async () => {
  await open()
  await world.store('claude/api-key', 'main', { key: FIRST })
  const { id } = await world.begin({ prompt: 'one fish' })
  await world.until(id, isDone)
  world.sandbox.teach(FIRST, 'revoked')
  await world.client.call('credentials.update', {
    id: (await world.client.call('credentials.list', {})).credentials[0]?.id ?? '',
    fields: { key: SECOND },
  })
  await world.send(id, 'two fish')
  await world.until(id, ({ messages, state }) => state === 'ready' && messages[1]?.state === 'done')
  const told = toldBy(await world.events(id))
  expect(told.filter((one) => one === 'state reauthenticating')).toHaveLength(1)
  expect(told.filter((one) => one.startsWith('text'))).toEqual([
    'text You said: one fish',
    expect.stringContaining('text You said:'),
  ])
  // Both are in the conversation, once.
  expect(timesIn('two fish').at(-1)).toBe(1)
  expect(timesIn('one fish').at(-1)).toBe(1)
  expect(await filesWith(join(world.home, 'claviger/conversations', id, 'config/projects'), SECOND)).toEqual(
    [],
  )
}, 60_000)

it.each([
  ['2.1.330', false],
  ['2.1.208', true],
])(
  'claude %s goes from a login to a key to Bedrock in one conversation',
  async (_, older) => {
    await open({ renewsClaude: true, older })
    const login = await world.signIn('claude', 'max')
    await world.store('claude/api-key', 'key', { key: FIRST })
    await world.store('claude/bedrock-api-key', 'cloud', { token: BEDROCK, region: 'us-east-1' })
    const { id } = await world.begin({ prompt: 'first message' })
    await world.until(id, isDone)
    expect(lastMessages()).toEqual(['first message'])
    world.sandbox.oauth.revokeLogin(login.id)
    await world.send(id, 'second message')
    await world.until(id, ({ messages, state }) => state === 'ready' && messages[1]?.state === 'done', 60)
    expect(lastMessages()).toEqual(['first message', 'second message'])
    expect(world.sandbox.requests().findLast(({ status }) => status === 200)?.credentials[0]?.value).toBe(
      FIRST,
    )
    world.sandbox.teach(FIRST, 'revoked')
    await world.send(id, 'third message')
    const run = await world.until(
      id,
      ({ messages, state }) => state === 'ready' && messages[2]?.state === 'done',
      60,
    )
    expect(run.served.map(({ credential, turns }) => [credential?.type, turns])).toEqual([
      ['claude/oauth', expect.any(Number)],
      ['claude/api-key', expect.any(Number)],
      ['claude/bedrock-api-key', 1],
    ])
    expect(lastMessages()).toEqual(['first message', 'second message', 'third message'])
    const told = await world.events(id)
    const notices = told.flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
    const changed = /^It goes on with us\.anthropic\..*; until now it was claude-/
    expect(notices).toContainEqual(expect.stringMatching(changed))
    expect(toldBy(told).filter((one) => one === 'state reauthenticating')).toHaveLength(2)
  },
  150_000,
)

it('says what was tried when everything was refused', async () => {
  await open()
  await world.store('claude/api-key', 'main', { key: FIRST })
  world.sandbox.teach(FIRST, 'revoked')
  const { id } = await world.begin({ prompt: 'hello' })
  const run = await world.until(id, ({ state }) => state === 'failed' || state === 'waiting_for_credentials')
  expect(run).toMatchObject({
    state: 'failed',
    reason:
      "Couldn't authenticate with Claude after multiple attempts. Check your credentials in Coding agents settings and try again.",
    tried: [{ name: 'main', type: 'claude/api-key' }],
    link: expect.stringMatching(/^http/),
  })
  // Somebody gives it another, and it starts again.
  await world.store('claude/api-key', 'other', { key: SECOND })
  await world.send(id, 'again')
  await world.until(id, ({ messages, state }) => state === 'ready' && messages[1]?.state === 'done')
}, 60_000)

it('waits while its login needs its owner, and goes on by itself when that has signed in', async () => {
  await open({ renewsClaude: true })
  const login = await world.signIn('claude', 'max')
  world.sandbox.oauth.revokeLogin(login.id)
  const { id } = await world.begin({ prompt: 'hello there' })
  const waiting = await world.until(id, ({ state }) => state === 'waiting_for_credentials', 60)
  expect(waiting.reason).toMatch(/Sign in again: claviger/)
  await world.store('claude/api-key', 'late', { key: FIRST })
  const run = await world.until(id, isDone, 60)
  expect(run.served.at(-1)?.credential?.name).toBe('late')
  expect(lastTexts().filter((one) => one.includes('hello there'))).toHaveLength(1)
}, 150_000)

it.each([
  ['2.1.330', false],
  ['2.1.208', true],
])(
  'claude %s is taken up again where it was after its worker, its server and its program were killed in the middle of a turn',
  async (_, older) => {
    await open({ older })
    await world.store('claude/api-key', 'main', { key: FIRST })
    let held = Promise.withResolvers<void>()
    let isHeld = true
    world.sandbox.reply(async ({ lastUserMessage }) => {
      if (isHeld) await held.promise
      return `You said: ${lastUserMessage}`
    })
    const asked = (many: number) =>
      expect
        .poll(() => world.sandbox.requests().filter(({ path }) => path.endsWith('/v1/messages')).length, {
          timeout: 20_000,
        })
        .toBeGreaterThanOrEqual(many)
    const { id } = await world.begin({ prompt: 'first words' })
    await asked(1)
    await world.killWorker()
    isHeld = false
    held.resolve()
    const worker = await world.startWorker()
    await world.until(id, isDone, 60)
    expect(lastTexts().filter((one) => one.includes('first words'))).toHaveLength(1)

    held = Promise.withResolvers()
    isHeld = true
    const before = world.sandbox.requests().length
    await world.send(id, 'second words')
    await expect.poll(() => world.sandbox.requests().length, { timeout: 20_000 }).toBeGreaterThan(before)
    await world.restartServer(500)
    isHeld = false
    held.resolve()
    const isAnswered = (count: number) =>
      world.until(id, ({ messages, state }) => state === 'ready' && messages[count - 1]?.state === 'done', 60)
    await isAnswered(2)
    expect(lastTexts().filter((one) => one.includes('second words'))).toHaveLength(1)

    held = Promise.withResolvers()
    isHeld = true
    const soFar = world.sandbox.requests().length
    await world.send(id, 'third words')
    await expect.poll(() => world.sandbox.requests().length, { timeout: 20_000 }).toBeGreaterThan(soFar)
    const [program, ...others] = programsOf(worker.pid)
    expect(others).toEqual([])
    process.kill(program ?? 0, 'SIGKILL')
    isHeld = false
    held.resolve()
    const run = await isAnswered(3)
    expect(run.messages.map(({ state }) => state)).toEqual(['done', 'done', 'done'])
    for (const text of ['first words', 'second words', 'third words'])
      expect(
        lastTexts().filter((one) => one.includes(text)),
        text,
      ).toHaveLength(1)
  },
  150_000,
)
