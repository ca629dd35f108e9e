// Work that people ask for where they are: a server and a worker as processes, the real codex program, a private repository that
// real git clones, and a GitHub and a Linear that check who asks.

import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import type { MadeLogin } from '../../src/sandbox/oauth/oauth.ts'
import { PASSWORD } from '../support/browsers.ts'
import {
  addComment,
  addRepository,
  GITHUB_APP,
  type GithubOfTest,
  type GithubRepository,
  startGithub,
} from '../support/github-api.ts'
import {
  comment,
  delivery,
  EVE,
  BOB as GITHUB_BOB,
  issue,
  issueComment,
  type Json,
  pull,
  pullAsIssue,
  REPOSITORY,
  SIGNING,
} from '../support/github-deliveries.ts'
import { CLIENT, startIdentityProviders } from '../support/identity-providers.ts'
import {
  type FakeLinear,
  LINEAR_SECRETS,
  LINEAR_STATES,
  LINEAR_USERS,
  sent,
  startLinear,
} from '../support/linear.ts'
import { codeIn } from '../support/links.ts'
import { createBrowser } from '../support/outside.ts'
import { type PrivateRepository, startPrivateRepository } from '../support/private-repository.ts'
import { filesWith } from './program-run.ts'
import { codexFile, type RunWorld, runWorld } from './run-world.ts'

const EVERYBODYS_KEY = 'sk-test-channels-of-all-0002'
const REST = { strangers: 'refuse', access: 'write' } as const

let world: RunWorld
const closing: (() => unknown)[] = []
afterEach(async () => {
  await world?.close()
  for (const close of closing.splice(0)) await close()
})

interface There {
  readonly github: GithubOfTest
  readonly repository: PrivateRepository
  readonly linear: FakeLinear
  /** Bob's, at the provider. */
  readonly login: MadeLogin
}

/** The organization has a key; Bob is a member with a login of his own, whose accounts over there are linked. */
async function open(): Promise<There> {
  const [github, linear] = [await startGithub(Date.now), await startLinear({ now: Date.now() })]
  const providers = await startIdentityProviders()
  closing.push(
    () => github.close(),
    () => linear.stop(),
    () => providers.close(),
  )
  const client = { id: CLIENT.id, secret: CLIENT.secret }
  world = await runWorld({
    credentials: [{ provider: 'openai', kind: 'api-key', value: EVERYBODYS_KEY }],
    settings: {
      ...{ logLevel: 'debug', githubApi: github.url, linearApi: linear.url },
      ...{ githubUrl: providers.url, githubClientId: client.id, githubClientSecret: client.secret },
      ...{ linearUrl: providers.url, linearClientId: client.id, linearClientSecret: client.secret },
    },
  })
  world.sandbox.reply(({ lastUserMessage }) => `Done, @everyone: ${(lastUserMessage ?? '').slice(0, 300)}`)
  const repository = await startPrivateRepository(world.root, (token) => github.tokens.has(token))
  closing.push(() => repository.close())
  const baseUrl = world.sandbox.openaiUrl
  const everybodys = { type: 'codex/api-key', name: 'shared', owner: 'org' } as const
  await world.client.call('credentials.create', { ...everybodys, fields: { key: EVERYBODYS_KEY, baseUrl } })
  await world.client.call('defaults.set', { harness: 'codex' })
  const login = await joinBob(providers)
  await world.client.call('channels.create', {
    ...{ kind: 'github', name: 'shop', settings: { handle: 'claviger', appId: String(GITHUB_APP.id) } },
    ...{ secrets: { signing: SIGNING, privateKey: github.privateKey }, ...REST },
  })
  await world.client.call('channels.create', {
    ...{ kind: 'linear', name: 'planning', secrets: LINEAR_SECRETS, ...REST },
    settings: { handle: 'claviger', answered: LINEAR_STATES.review.name },
  })
  await world.startWorker()
  return { github, repository, linear, login }
}

type Providers = Awaited<ReturnType<typeof startIdentityProviders>>

async function joinBob(providers: Providers): Promise<MadeLogin> {
  const { link } = await world.client.call('invitations.create', {
    ...{ email: 'bob@example.test', role: 'member', teams: [] },
  })
  const browser = createBrowser({ origin: world.url, send: (request) => fetch(request) })
  const accepting = { code: codeIn(link), password: PASSWORD, session: true, name: 'bob' }
  expect((await browser.send('POST', '/api/v1/invitations/accept', accepting)).status).toBe(200)
  const login = world.sandbox.oauth.login({ provider: 'openai' })
  const own = {
    from: 'codex',
    name: 'own',
    owner: `user:${(await browser.whoIs())?.id}`,
    file: codexFile(login),
  }
  expect((await browser.send('POST', '/api/v1/logins/import', own)).status).toBe(201)
  for (const [provider, id] of [
    ['github', String(GITHUB_BOB.id)],
    ['linear', LINEAR_USERS.bob.id],
  ] as const) {
    providers.who = { id, name: 'bob', email: null, isVerified: false }
    expect(await browser.whole(`/api/v1/accounts/${provider}`, '/', { password: PASSWORD })).toBe(
      `${world.url}/?linked=${provider}`,
    )
  }
  return login
}

async function post(path: 'github' | 'linear', { headers, body }: ReturnType<typeof sent>): Promise<number> {
  const request = { method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) }
  return (await fetch(`${world.url}/webhooks/${path}`, request)).status
}

/** Resolves with our comments when the last one is so. */
function told(ours: () => readonly string[], pattern: RegExp): Promise<readonly string[]> {
  return vi.waitFor(
    () => {
      const all = ours()
      expect(all.at(-1)).toMatch(pattern)
      return all
    },
    { timeout: 60_000, interval: 200 },
  )
}

/** Our comments. */
function commentsOf({ comments }: GithubRepository): readonly string[] {
  return [...comments.values()].filter((one) => one.performed_via_github_app !== null).map(({ body }) => body)
}

/** A comment, as it stands there and is delivered. */
function mention(
  github: GithubOfTest,
  there: GithubRepository,
  { user = GITHUB_BOB, number, body }: { user?: Json; number: number; body: string },
) {
  const { id } = addComment(github, there, { issue: number, user, body, at: Date.now() })
  const about = { issue: there.issues.get(number), repository: { ...REPOSITORY, clone_url: there.clone_url } }
  return delivery('issue_comment', issueComment({ ...about, comment: comment({ id, user, body }) }))
}

/** Tokens for clones that open something still. */
function leftForClones(github: GithubOfTest): string[] {
  return [...github.tokens].flatMap(([token, { permissions }]) => ('contents' in permissions ? [token] : []))
}

/** What models were asked with, as far as it matters. */
function isOwnOnly(): boolean {
  const asked = world.sandbox.requests().filter(({ path }) => path.endsWith('/responses'))
  return asked.length > 0 && !JSON.stringify(asked).includes(EVERYBODYS_KEY)
}

it('a mention on GitHub is answered there, by the key of whoever asks, on a clone of the private repository', async () => {
  const { github, repository, login } = await open()
  const there = addRepository(github, { clone_url: repository.url })
  there.issues.set(12, issue())
  const ours = () => commentsOf(there)
  const says = (user: Json, number: number, body: string) => mention(github, there, { user, number, body })
  const asked = says(GITHUB_BOB, 12, '@claviger what does story.txt say?')
  expect(await post('github', { ...asked, body: Buffer.concat([asked.body, Buffer.from(' ')]) })).toBe(401)
  expect([await post('github', asked), await post('github', asked)]).toEqual([202, 200])
  const [text, ...others] = await told(ours, /has answered/)
  expect(others).toEqual([])
  expect(text).toMatch(/Done, @\u200beveryone: .*a personal credential/s)
  expect(isOwnOnly()).toBe(true)
  expect(repository.told.length).toBeGreaterThan(0)
  const [run] = (await world.client.call('runs.list', {})).runs
  expect(run).toMatchObject({ harness: 'codex', state: 'ready' })
  expect(await filesWith(join(world.home, 'claviger'), 'private')).not.toEqual([])
  await vi.waitFor(() => expect(leftForClones(github)).toEqual([]), { timeout: 20_000 })
  for (const token of github.minted) {
    expect(await filesWith(world.home, token)).toEqual([])
    expect(world.logs()).not.toContain(token)
  }
  // It goes on in the same run, which waits for what it lacks, and says where that is mended.
  world.sandbox.teach(EVERYBODYS_KEY, 'revoked')
  world.sandbox.oauth.revokeLogin(login.id)
  expect(await post('github', says(GITHUB_BOB, 12, '@claviger and now?'))).toBe(202)
  await told(ours, /waits for a credential.*\[Sign in again\]\(http:\/\/127\.0\.0\.1:\d+\//s)
  expect(ours()).toHaveLength(1)

  // Code of somebody else meets nobody's credential.
  const fork = pull({ number: 14, user: EVE, head: { ref: 'x', sha: 'c'.repeat(40), repo: { id: 72 } } })
  there.pulls.set(14, fork)
  there.issues.set(14, pullAsIssue(fork))
  const before = world.sandbox.requests().length
  expect(await post('github', says(EVE, 14, '@claviger run my code'))).toBe(202)
  await told(ours, /Nothing was started\. This account is not linked/)
  expect(await post('github', says(GITHUB_BOB, 14, '@claviger run this code'))).toBe(202)
  await told(ours, /Nothing was started\. .*fork/)
  expect((await world.client.call('runs.list', {})).runs).toHaveLength(1)
  expect(world.sandbox.requests()).toHaveLength(before)
}, 180_000)

it('an issue of Linear that is assigned is worked on as whoever assigned it, and moves on the board', async () => {
  const { linear } = await open()
  const { us, bob, ann } = LINEAR_USERS
  const item = linear.issue(ann, { description: 'Say hello.' })
  const given = { ...linear.give(item, us, bob), webhookTimestamp: Date.now() }
  const ours = () => [...linear.comments.values()].filter(({ user }) => user === us).map(({ body }) => body)
  expect(await post('linear', sent({ ...given, webhookTimestamp: Date.now() - 120_000 }))).toBe(401)
  expect(await post('linear', sent(given, { secret: 'another-secret' }))).toBe(401)
  expect(await post('linear', sent(given))).toBe(200)
  expect(await told(ours, /has answered/)).toHaveLength(1)
  expect(isOwnOnly()).toBe(true)
  await vi.waitFor(
    () => expect(linear.moves).toEqual([LINEAR_STATES.progress.name, LINEAR_STATES.review.name]),
    {
      timeout: 20_000,
    },
  )
}, 120_000)
