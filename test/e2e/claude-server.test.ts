// Claude logins in a whole server that renews with the real program: taken over from a machine, refused and renewed, and
// what a run goes on with when Anthropic does not renew one any more.

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClaudeWorld, claudeWorld, FORCED_EVERY_MS } from './claude-world.ts'
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
    'Remove claudeAiOauth from it: claude would end the login of the server with it.',
    'To use it here: claviger exec --harness claude --credential max -- claude, or claviger restore --harness claude --credential max',
    'For a login of its own this machine then signs in again: claude auth login',
    '',
  ])
  expect(upstream()).toBe(1)
  expect(world.login().refreshToken).not.toBe(own.refreshToken)
  expect(await readFile(world.loginFile, 'utf8')).toBe(file)
  const again = world.client.call('logins.import', { ...unseen, name: 'again', acceptNotice: true })
  await expect(again).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('credential create claude oauth NAME'),
  })
  expect(upstream()).toBe(1)
  const lease = await world.client.call('leases.create', { harness: 'claude' })
  expect(lease.credential).toMatchObject({ type: 'claude/oauth', generation: 2 })
  expect(lease.credential?.fields).toMatchObject({ access: world.login().accessToken })
  expect(JSON.stringify(lease)).not.toContain('sk-ant-ort')
  const run = await world.claviger('exec', '--harness', 'claude', '--', 'claude', '-p', 'say hi')
  expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })

  // With its own copy the program is refused, and says so.
  expect(await world.claude('-p', 'say hi')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Failed to authenticate'),
  })
  expect(world.login().counters.reuseDetections).toBe(1)
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

  sandbox.oauth.revokeLogin(world.login().id)
  await sleep(FORCED_EVERY_MS)
  const second = await reject(first)
  expect(second).toMatchObject({
    verdict: 'switch',
    reason: 'it was refused, and its provider does not renew it',
    lease: { credential: { type: 'claude/api-key', fields: { key: KEY } } },
  })
  expect(upstream()).toBe(2)
  sandbox.teach(given, 'revoked')
  const third = await reject(second.lease)
  expect(third).toMatchObject({
    verdict: 'switch',
    lease: { credential: { type: 'claude/bedrock-api-key', fields: { token: BEDROCK } } },
    tried: [{ name: 'max' }, { name: 'key' }],
  })
  // What is over is over: the first lease is heard no more.
  expect(await reject(first)).not.toHaveProperty('verdict')

  const explained = await world.claviger('explain', '--harness', 'claude', '--no-ambient')
  expect(
    rows(explained.stdout)
      .slice(0, 3)
      .map(([mark, name, , , state, why]) => [mark, name, state, why]),
  ).toEqual([
    ['skipped', 'max', 'needs_login', 'its owner must sign in again: the provider refuses to renew it'],
    ['skipped', 'key', 'rejected', 'the provider refused it: it was refused again when it was tested'],
    ['chosen', 'bedrock', 'ok', 'it belongs to the organization'],
  ])
  const audited = rows((await world.claviger('audit', 'list')).stdout).map(
    ([, , , action, object, , details = '']) =>
      [action, object, ...(/verdict=\w+/.exec(details) ?? [])].join(' '),
  )
  expect(audited.slice(audited.indexOf('lease.create credential max'))).toEqual([
    'lease.create credential max',
    'lease.reject credential max',
    'grant.renew credential max',
    'grant.refused credential max',
    'grant.rejected credential max',
    'lease.verdict credential max verdict=switch',
    'lease.create credential key',
    'lease.reject credential key',
    'credential.state credential key',
    'lease.verdict credential key verdict=switch',
    'lease.create credential bedrock',
  ])
})

/** The cells of a table, without its headings. */
function rows(table: string): string[][] {
  const [, ...lines] = table.trimEnd().split('\n')
  return lines.map((line) => line.trim().split(/ {2,}/))
}

interface Held {
  readonly id: string
  readonly handle: string
  readonly credential: { readonly generation: number } | null
}

/** As a worker does that has nothing but its lease. */
async function reject({ id, handle, credential }: Held) {
  const response = await fetch(`${world.url}/api/v1/leases/${id}/rejections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${handle}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ generation: credential?.generation, status: 401, code: 'authentication_failed' },
    }),
  })
  return (await response.json()) as { readonly lease: Held }
}
