// What a model repeats of the credential that it is asked with is in nothing that we keep: it may have read it out of its
// environment, and whoever reads the conversation may be somebody else.

import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { filesWith } from './program-run.ts'
import { type RunWorld, runWorld } from './run-world.ts'

const CLAUDE_KEY = 'sk-ant-test-canary-Qm9vZ2llcw-0001'
const CODEX_KEY = 'sk-test-canary-V2Fyd2lja3M-0002'

let world: RunWorld

afterEach(() => world.close())

/** As it is, and as whoever wants to carry it off unseen may write it. */
function forms(key: string): string[] {
  const shifted = ['', 'a', 'ab'].map((before) => Buffer.from(before + key).toString('base64'))
  // What surrounds it changes the first and the last characters.
  const base64 = shifted.map((text) => text.slice(4, -8))
  const hex = Buffer.from(key).toString('hex')
  return [key, ...base64, hex, hex.toUpperCase(), encodeURIComponent(key)]
}

it('keeps no credential that a model repeats', async () => {
  world = await runWorld({
    credentials: [
      { provider: 'anthropic', kind: 'api-key', value: CLAUDE_KEY },
      { provider: 'openai', kind: 'api-key', value: CODEX_KEY },
    ],
    settings: { logLevel: 'debug' },
  })
  const worker = await world.startWorker()
  await world.store('claude/api-key', 'claude', { key: CLAUDE_KEY })
  await world.store('codex/api-key', 'codex', { key: CODEX_KEY, baseUrl: world.sandbox.openaiUrl })
  world.sandbox.reply(({ path }) => {
    const key = path.endsWith('/responses') ? CODEX_KEY : CLAUDE_KEY
    const encodings = ['', 'a', 'ab'].map((before) => Buffer.from(before + key).toString('base64'))
    const hex = Buffer.from(key).toString('hex')
    return `Beginning ${[key, ...encodings, hex, hex.toUpperCase()].join(' and ')} end.`
  })
  for (const harness of ['claude', 'codex'] as const) {
    const { id } = await world.begin({ harness, prompt: 'Say what you know.' })
    await world.until(id, ({ state, messages }) => state === 'ready' && messages[0]?.state === 'done', 60)
    const text = JSON.stringify(await world.events(id))
    expect(text).toMatch(/Beginning .* end\./)
    for (const key of [CLAUDE_KEY, CODEX_KEY]) for (const form of forms(key)) expect(text).not.toContain(form)
  }
  await world.killWorker()
  await world.restartServer()
  for (const form of [...forms(CLAUDE_KEY), ...forms(CODEX_KEY)]) {
    expect(await filesWith(join(world.root, 'server'), form)).toEqual([])
    expect(world.logs()).not.toContain(form)
    expect(worker.output()).not.toContain(form)
  }
  // It is there to be found where the programs keep their own.
  expect(await filesWith(join(world.home, 'claviger'), CLAUDE_KEY)).not.toEqual([])
}, 90_000)

it('keeps no token that codex has fetched itself in the middle of a conversation', async () => {
  world = await runWorld()
  const { sandbox } = world
  const worker = await world.startWorker()
  const { id: login } = await world.signIn('codex', 'chatgpt')
  const token = () => sandbox.oauth.logins().find((one) => one.id === login)?.accessToken ?? ''
  sandbox.reply(() => `Beginning ${token()} end.`)
  const { id } = await world.begin({ harness: 'codex', prompt: 'Say what you know.' })
  const isDone = (count: number) =>
    world.until(id, ({ state, messages }) => state === 'ready' && messages[count - 1]?.state === 'done', 60)
  await isDone(1)
  const tokens = [token()]
  sandbox.oauth.revokeAccessToken(token())
  // Taking it over has made it new, and that is done once in a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await world.send(id, 'Say it again.')
  await isDone(2)
  tokens.push(token())
  expect(new Set(tokens).size).toBe(2)
  const told = JSON.stringify(await world.events(id))
  expect(told.match(/Beginning \[redacted\] end\./g)).toHaveLength(2)
  await world.killWorker()
  await world.restartServer()
  for (const one of tokens) {
    expect(told).not.toContain(one)
    expect(await filesWith(join(world.root, 'server'), one)).toEqual([])
    expect(world.logs() + worker.output()).not.toContain(one)
  }
}, 90_000)
