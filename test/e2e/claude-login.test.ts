// Claude logins by the real claude program against the sandbox, which plays the hosts that it insists on: what signs in,
// what renews, and how each failure looks from outside. Nothing secret is in a command line or in an outcome.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { claudeProgram } from '../../src/providers/claude-program.ts'
import type { LoginProgram, ProgramLogin } from '../../src/providers/login-program.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'

const MANUAL_REDIRECT = 'https://platform.claude.com/oauth/code/callback'

let program: string
let directory: string
let sandbox: Sandbox
let claude: LoginProgram

beforeAll(async () => {
  program = (await agentPrograms()).claude
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-login-'))
  sandbox = await startSandbox({ tls: { directory } })
  claude = claudeProgram({
    program,
    directory: join(directory, 'homes'),
    environment: { HTTPS_PROXY: sandbox.tls?.proxyUrl, NODE_EXTRA_CA_CERTS: sandbox.tls?.caFile },
  })
})

afterEach(async () => {
  // Nothing was asked of a host that is not played here.
  const elsewhere = sandbox.tls?.records().filter(({ method }) => method === 'CONNECT') ?? []
  const leftBehind = await readdir(join(directory, 'homes'))
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
  expect({ elsewhere, leftBehind }).toEqual({ elsewhere: [], leftBehind: [] })
})

/** What a person copies from the page after agreeing. */
async function agree(link: string): Promise<Secret> {
  const { pathname, search } = new URL(link)
  const page = await (await fetch(`${sandbox.anthropicUrl}${pathname}${search}`)).text()
  return new Secret(/<code id="code">([^<]+)</.exec(page)?.[1]?.replaceAll('&#35;', '#') ?? '')
}

function read(file: Secret): ProgramLogin {
  const reading = claude.read(file)
  if (reading.login === null) throw new Error(reading.message)
  return reading.login
}

/** A login as somebody had made it long ago. */
function madeLogin() {
  const made = sandbox.oauth.login({ provider: 'anthropic' })
  if (made.refreshToken === undefined) throw new Error('The sandbox made no refresh token.')
  const view = () => sandbox.oauth.logins().find(({ id }) => id === made.id)
  return { refresh: made.refreshToken, scopes: ['user:inference', 'user:profile'], view }
}

async function renew(made: { refresh: string; scopes: string[] }) {
  const outcome = await claude.renew({ refresh: new Secret(made.refresh), scopes: made.scopes })
  if (outcome.outcome === 'tokens') await outcome.remove()
  return outcome
}

async function commandLines(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
}

describe('signing in', () => {
  test('by the link of the program and the code of the page', async () => {
    const signIn = await claude.signIn()
    expect(signIn.url).toMatch(/^https:\/\/claude\.ai\/oauth\/authorize\?/)
    expect(Math.round((signIn.expiresAt - Date.now()) / 60_000)).toBe(10)
    const outcome = await signIn.submit(await agree(signIn.url))
    if (outcome.outcome !== 'signed_in') throw new Error(outcome.message)
    expect(outcome.email).toBe('person@sandbox.invalid')
    const [login] = sandbox.oauth.logins()
    expect(read(outcome.file)).toMatchObject({
      accountId: login?.account.id,
      organizationId: login?.account.organizationId,
      subscriptionType: 'max',
      rateLimitTier: 'default_claude_max_20x',
      scopes: expect.arrayContaining(['user:inference', 'user:profile']),
    })
    expect(read(outcome.file).refresh.expose()).toBe(login?.refreshToken)
    expect(read(outcome.file).refreshExpiresAt).toBeGreaterThan(Date.now() + 29 * 86_400_000)
    expect(inspect(outcome, { depth: 9 })).not.toContain('sk-ant-')
    expect(await signIn.submit(new Secret('a#b'))).toMatchObject({ outcome: 'refused' })
  })

  test('goes on after half a code, and after no code at all', async () => {
    const signIn = await claude.signIn()
    const code = await agree(signIn.url)
    const half = new Secret(code.expose().replace(/#.*/, ''))
    expect(await signIn.submit(half)).toMatchObject({
      outcome: 'incomplete',
      hint: expect.stringContaining('#'),
    })
    expect(await signIn.submit(new Secret('what?'))).toMatchObject({ outcome: 'incomplete' })
    const url = new URL(MANUAL_REDIRECT)
    const [value = '', state = ''] = code.expose().split('#')
    url.search = String(new URLSearchParams({ code: value, state }))
    expect(await signIn.submit(new Secret(url.href))).toMatchObject({ outcome: 'signed_in' })
  })

  test('is over after a code that Anthropic refuses: the program ends, and a new sign-in has a new link', async () => {
    const first = await claude.signIn()
    const wrong = new Secret('ac_sandbox_wrong#state')
    expect(await first.submit(wrong)).toMatchObject({
      outcome: 'refused',
      hint: expect.stringContaining('again'),
    })
    const right = await agree(first.url)
    expect(await first.submit(right)).toMatchObject({ outcome: 'refused' })
    const second = await claude.signIn()
    expect(second.url).not.toBe(first.url)
    // The code of the first link is not good for the second.
    expect(await second.submit(right)).toMatchObject({ outcome: 'refused' })
    const third = await claude.signIn()
    expect(await third.submit(await agree(third.url))).toMatchObject({ outcome: 'signed_in' })
  })

  test.each([
    ['an outage', { kind: 'status', status: 500 } as const],
    ['a lost answer', { kind: 'lost' } as const],
    ['an answer without a lifetime', { kind: 'expires-in' } as const],
  ])('fails with %s', async (_, fault) => {
    sandbox.oauth.teach(fault)
    const signIn = await claude.signIn()
    expect(await signIn.submit(await agree(signIn.url))).toMatchObject({ outcome: 'failed' })
  })

  test('can be cancelled', async () => {
    const signIn = await claude.signIn()
    await signIn.cancel()
    expect(await signIn.submit(new Secret('a#b'))).toMatchObject({ outcome: 'cancelled' })
  })
})

describe('a renewal', () => {
  test('rotates once, and hands out the file with the new tokens', async () => {
    const made = madeLogin()
    const outcome = await renew(made)
    if (outcome.outcome !== 'tokens') throw new Error(outcome.message)
    const login = read(outcome.file)
    expect(login.refresh.expose()).toBe(made.view()?.refreshToken)
    expect(login.refresh.expose()).not.toBe(made.refresh)
    expect(login.access.expose()).toBe(made.view()?.accessToken)
    expect(login.expiresAt).toBeGreaterThan(Date.now() + 7 * 3_600_000)
    expect(login).toMatchObject({ accountId: made.view()?.account.id, refreshExpiresAt: null })
    expect(sandbox.oauth.counters()).toMatchObject({ refreshCalls: 1, granted: 1 })
    expect(inspect(outcome, { depth: 9 })).not.toContain('sk-ant-')
  })

  test('puts no secret into a command line', async () => {
    const made = madeLogin()
    sandbox.oauth.teach({ kind: 'hang' })
    const renewing = renew(made)
    await sandbox.oauth.untilHeld()
    const lines = await commandLines()
    sandbox.oauth.release()
    expect(lines.filter((line) => line.startsWith(`${program}\0auth\0login\0`))).not.toEqual([])
    expect(lines.filter((line) => line.includes(made.refresh))).toEqual([])
    expect(await renewing).toMatchObject({ outcome: 'tokens' })
  })

  test('of a token that was used before, or of an ended login, is refused', async () => {
    const made = madeLogin()
    expect(await renew(made)).toMatchObject({ outcome: 'tokens' })
    const again = await renew(made)
    expect(again).toMatchObject({ outcome: 'refused' })
    expect(inspect(again)).not.toContain('sk-ant-')
  })

  test.each([
    ['an outage', { kind: 'status', status: 500 }, false],
    ['too many calls', { kind: 'status', status: 429, retryAfter: '30' }, false],
    ['a block in front of it', { kind: 'status', status: 403 }, false],
    ['an answer lost on the way', { kind: 'lost', at: 'after-commit' }, true],
  ] as const)('that meets %s may be tried again', async (_, fault, mayBeUsedUp) => {
    const made = madeLogin()
    sandbox.oauth.teach(fault)
    const outcome = await renew(made)
    expect(outcome).toMatchObject({ outcome: 'transient', mayBeUsedUp })
    expect(inspect(outcome)).not.toContain('sk-ant-')
    expect(sandbox.oauth.counters().refreshCalls).toBe(1)
  })

  test.each([
    ['a page instead of tokens', { kind: 'html', at: 'after-commit' }],
    ['no lifetime', { kind: 'expires-in' }],
  ] as const)(
    'that is answered with %s is lost, because the program keeps nothing of it',
    async (_, fault) => {
      const made = madeLogin()
      sandbox.oauth.teach(fault)
      expect(await renew(made)).toMatchObject({ outcome: 'lost' })
    },
  )

  test('that is answered without a new refresh token keeps the old one', async () => {
    const made = madeLogin()
    sandbox.oauth.teach({ kind: 'no-refresh-token' })
    const outcome = await renew(made)
    if (outcome.outcome !== 'tokens') throw new Error(outcome.message)
    expect(read(outcome.file).refresh.expose()).toBe(made.refresh)
  })

  test('without a way to Anthropic sends nothing', async () => {
    const made = madeLogin()
    const cutOff = claudeProgram({
      program,
      directory: join(directory, 'homes'),
      environment: { HTTPS_PROXY: 'http://127.0.0.1:9' },
    })
    const outcome = await cutOff.renew({ refresh: new Secret(made.refresh), scopes: made.scopes })
    expect(outcome).toMatchObject({ outcome: 'transient', mayBeUsedUp: false })
    const untrusting = claudeProgram({
      program,
      directory: join(directory, 'homes'),
      environment: { HTTPS_PROXY: sandbox.tls?.proxyUrl },
    })
    const distrusted = await untrusting.renew({ refresh: new Secret(made.refresh), scopes: made.scopes })
    expect(distrusted).toMatchObject({ outcome: 'transient', mayBeUsedUp: false })
    expect(sandbox.oauth.counters().refreshCalls).toBe(0)
  })
})
