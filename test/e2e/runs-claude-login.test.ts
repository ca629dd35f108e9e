// A run of the real claude program whose login is refused in the middle of a turn, while the server can renew it. It goes on
// with the new token: that there is a key behind it too is no reason to take it.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { type RunWorld, runWorld, toldBy } from './run-world.ts'

const KEY = 'sk-ant-test-runs-login-key-0001'

// A login is made new before its time at most once in so long: a second refusal in that time would be another's.
const FORCED_EVERY_SECONDS = 5

let world: RunWorld

afterEach(() => world.close())

it('goes on after one pause, with the login it had, and the message is in the conversation once', async () => {
  world = await runWorld({
    renewsClaude: true,
    credentials: [{ provider: 'anthropic', kind: 'api-key', value: KEY }],
    settings: { renewForcedEvery: String(FORCED_EVERY_SECONDS) },
  })
  const { sandbox } = world
  const tokens = () => sandbox.oauth.logins().map(({ accessToken }) => accessToken)
  sandbox.reply(({ lastUserMessage }) => `You said: ${lastUserMessage} with ${tokens().join(' or ')}.`)
  await world.startWorker()
  const { id: login } = await world.signIn('claude', 'max')
  await world.store('claude/api-key', 'key', { key: KEY })
  const { id } = await world.begin({ prompt: 'first message' })
  await world.until(id, ({ state, messages }) => state === 'ready' && messages[0]?.state === 'done', 60)

  // Taking it over has made it new, too.
  await sleep(FORCED_EVERY_SECONDS * 1_000)
  const token = () => sandbox.oauth.logins().find((one) => one.id === login)?.accessToken ?? ''
  const before = token()
  sandbox.oauth.revokeAccessToken(before)
  const { refreshCalls } = sandbox.oauth.counters()
  await world.send(id, 'second message')
  const run = await world.until(
    id,
    ({ state, messages }) => state === 'ready' && messages[1]?.state === 'done',
    90,
  )
  expect(run.served.map(({ credential }) => credential?.name)).toEqual(['max'])
  expect(sandbox.oauth.counters().refreshCalls).toBe(refreshCalls + 1)
  expect(toldBy(await world.events(id)).filter((one) => one === 'state reauthenticating')).toHaveLength(1)
  // Neither the one it began with nor the one that was handed to it, which the model has repeated.
  const told = JSON.stringify(await world.events(id))
  for (const one of [before, token()]) expect(told).not.toContain(one)
  expect(told).toContain('with [redacted].')
  const asked = sandbox.requests().filter(({ path }) => path.endsWith('/v1/messages'))
  const last = asked.findLast(({ status }) => status === 200)
  expect(last?.credentials[0]?.value).toBe(token())
  for (const text of ['first message', 'second message'])
    expect(last?.userTexts.filter((one) => one.includes(text))).toHaveLength(1)
}, 150_000)
