// A conversation goes on when what is stored is refused and what the machine itself has takes over, and when that gives way
// to something stored again. With the real programs: whether they find a session is theirs to say.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { type RunView, type RunWorld, runWorld } from './run-world.ts'

let world: RunWorld

afterEach(() => world.close())

function isAnswered(count: number): (run: RunView) => boolean {
  return ({ state, messages }) => state === 'ready' && messages[count - 1]?.state === 'done'
}

/** How often each text was in what the model saw last. */
function seen(...texts: readonly string[]): number[] {
  const last = world.sandbox
    .requests()
    .findLast(({ status, userTexts }) => status === 200 && userTexts.length > 0)
  return texts.map((text) => (last?.userTexts ?? []).filter((one) => one.includes(text)).length)
}

async function converse(harness: 'claude' | 'codex', stored: string, storeAnother: () => Promise<void>) {
  world.sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage}`)
  await world.startWorker()
  const { id } = await world.begin({ harness, prompt: 'first message' })
  await world.until(id, isAnswered(1), 60)
  world.sandbox.teach(stored, 'revoked')
  await world.send(id, 'second message')
  const own = await world.until(id, isAnswered(2), 60)
  expect(own.served.map(({ credential }) => credential?.name ?? 'ambient')).toEqual(['main', 'ambient'])
  expect(seen('first message', 'second message')).toEqual([1, 1])

  await world.client.call('runs.hibernate', { id })
  await world.until(id, ({ state }) => state === 'hibernated')
  await storeAnother()
  await world.send(id, 'third message')
  const run = await world.until(id, isAnswered(3), 60)
  expect(run.served.at(-1)?.credential?.name).toBe('other')
  expect(seen('first message', 'second message', 'third message')).toEqual([1, 1, 1])
  const sessions = (await world.events(id)).flatMap((one) => (one.kind === 'session' ? [one.session] : []))
  expect(new Set(sessions).size).toBe(1)
}

it('claude goes on with a key in the environment of its worker, and back', async () => {
  const [stored, own, other] = ['stored-0001', 'own-0002', 'other-0003'].map(
    (name) => `sk-ant-test-ambient-${name}`,
  ) as [string, string, string]
  world = await runWorld({
    credentials: [stored, own, other].map((value) => ({ provider: 'anthropic', kind: 'api-key', value })),
    workerEnvironment: { ANTHROPIC_API_KEY: own },
  })
  await world.store('claude/api-key', 'main', { key: stored })
  await converse('claude', stored, () => world.store('claude/api-key', 'other', { key: other }))
}, 150_000)

it('codex goes on with the login of its machine, and back', async () => {
  const [stored, own, other] = ['stored-0001', 'own-0002', 'other-0003'].map(
    (name) => `sk-test-ambient-${name}`,
  ) as [string, string, string]
  world = await runWorld({
    credentials: [stored, own, other].map((value) => ({ provider: 'openai', kind: 'api-key', value })),
  })
  const baseUrl = world.sandbox.openaiUrl
  const home = join(world.home, '.codex')
  await writeFile(join(home, 'config.toml'), `openai_base_url = "${baseUrl}"\n`)
  await writeFile(join(home, 'auth.json'), JSON.stringify({ auth_mode: 'apikey', OPENAI_API_KEY: own }))
  await world.store('codex/api-key', 'main', { key: stored, baseUrl })
  await converse('codex', stored, () => world.store('codex/api-key', 'other', { key: other, baseUrl }))
}, 150_000)
