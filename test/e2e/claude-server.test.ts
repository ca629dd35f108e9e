// Claude logins in a whole server that renews with the real program: taken over from a machine, refused and renewed, and
// what a run goes on with when Anthropic does not renew one any more.

import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClaudeWorld, claudeWorld } from './claude-world.ts'
import { greeting } from './exec-run.ts'

const KEY = 'sk-ant-test-0123456789-key'
const BEDROCK = 'made-up-bedrock-key-0123'

let world: ClaudeWorld

beforeEach(async () => {
  world = await claudeWorld()
})

afterEach(() => world.close())

const upstream = () => world.sandbox.oauth.counters().refreshCalls

test('a login is taken over from a machine, whose copy is dead then', async () => {
  await world.signedInOnMachine()
  const file = await readFile(world.loginFile, 'utf8')
  const own = world.login()
  const take = (...more: string[]) =>
    world.claviger('credential', 'import', '--from', 'claude', 'max', ...more)
  expect(await take()).toMatchObject({ code: 4, stderr: expect.stringContaining('--accept-notice') })
  expect(await take('--org', '--accept-notice')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('the subscriptions policy for claude is owner'),
  })
  const unseen = { from: 'claude', file, owner: 'me', name: 'max' } as const
  await expect(world.client.call('logins.import', unseen)).rejects.toMatchObject({ code: 'forbidden' })
  expect(upstream()).toBe(0)
  expect((await world.client.call('credentials.list', {})).credentials).toEqual([])

  const taken = await take('--accept-notice')
  expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Imported claude\/oauth max /) })
  expect(taken.stderr.split('\n')).toEqual([
    `The copy in ${world.loginFile} is dead: a login has one holder, and that is the server now.`,
    'To use it here: claviger exec --harness claude --credential max -- claude, or claviger restore --harness claude',
    'For a login of its own this machine signs in again: claude auth login',
    '',
  ])
  expect(upstream()).toBe(1)
  expect(world.login().refreshToken).not.toBe(own.refreshToken)
  expect(await readFile(world.loginFile, 'utf8')).toBe(file)
  const lease = await world.client.call('leases.create', { harness: 'claude' })
  expect(lease.credential).toMatchObject({ type: 'claude/oauth', generation: 2 })
  expect(lease.credential?.fields).toMatchObject({ access: world.login().accessToken })
  expect(JSON.stringify(lease)).not.toContain('sk-ant-ort')
  const run = await world.claviger('exec', '--harness', 'claude', '--', 'claude', '-p', 'say hi')
  expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })

  // With its own copy the program is refused, and says so.
  expect(await world.claude('-p', 'say hi')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('OAuth session expired and could not be refreshed'),
  })
  expect(await world.leaks()).toEqual([])
})

test('a run falls from its login to an API key to Bedrock, each step in audit and explain', async () => {
  const { sandbox } = world
  await world.signedInOnMachine()
  const given = { provider: 'anthropic', kind: 'api-key', value: KEY } as const
  sandbox.accept(given)
  sandbox.accept({ provider: 'bedrock', kind: 'bearer', value: BEDROCK })
  await world.claviger('credential', 'import', '--from', 'claude', 'max', '--accept-notice')
  const org = { owner: 'org', test: true } as const
  await world.client.call('credentials.create', {
    ...{ ...org, type: 'claude/api-key', name: 'key', fields: { key: KEY } },
  })
  await world.client.call('credentials.create', {
    ...{ ...org, type: 'claude/bedrock-api-key', name: 'bedrock' },
    fields: { token: BEDROCK, region: 'eu-west-1' },
  })
  const first = await world.client.call('leases.create', { harness: 'claude', ambient: 'none' })
  expect(first.credential).toMatchObject({ name: 'max', generation: 2 })

  // Anthropic refuses the token once, and renews it.
  expect(await reject(first, 2)).toMatchObject({ verdict: 'retry', generation: 3 })
  expect(upstream()).toBe(2)
})

interface Held {
  readonly id: string
  readonly handle: string
}

/** As a worker does that has nothing but the handle of its lease. */
async function reject({ id, handle }: Held, generation: number) {
  const response = await fetch(`${world.url}/api/v1/leases/${id}/rejections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${handle}`, 'content-type': 'application/json' },
    body: JSON.stringify({ generation, status: 401, code: 'authentication_failed' }),
  })
  return response.json()
}
