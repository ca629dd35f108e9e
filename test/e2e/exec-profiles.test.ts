// Two accounts in two terminals of a machine without a server: the real programs, at once, in one home directory, each with
// its own account and no other.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MadeLogin } from '../../src/sandbox/oauth/oauth.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { apiKey, placeWith, textOf } from '../support/profile-files.ts'
import { configFor } from './codex-machine.ts'
import { greeting, quiet } from './exec-run.ts'
import { type Ended, filesWith, MAIN, run } from './program-run.ts'

let home: string
let sandbox: Sandbox

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claviger-profiles-'))
  sandbox = await startSandbox()
})

afterEach(async () => {
  await sandbox.close()
  await rm(home, { recursive: true, force: true })
})

async function exec(...words: readonly string[]): Promise<Ended> {
  const { claude, codex } = await agentPrograms()
  return run(process.execPath, [MAIN, 'exec', ...words], home, {
    ...{ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', ...quiet },
    ...{ CLAVIGER_STATE_DIR: join(home, 'claviger'), CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl },
    ...{ CLAVIGER_CLAUDE_BIN: claude, CLAVIGER_CODEX_BIN: codex, ANTHROPIC_BASE_URL: sandbox.anthropicUrl },
  })
}

function has(profiles: object): void {
  placeWith(join(home, 'claviger'), textOf({ version: 1, profiles }))
}

/** What came with the messages that begin like this. */
function sentWith(message: string): Set<string> {
  const requests = sandbox.requests().filter(({ lastUserMessage }) => lastUserMessage?.startsWith(message))
  return new Set(requests.flatMap(({ credentials }) => credentials.map(({ value }) => value)))
}

test('codex with two sign-ins, one of which has ended', async () => {
  const login = (name: string) =>
    sandbox.oauth.login({ provider: 'openai', account: { id: `acct-${name}`, email: `${name}@example.com` } })
  const profile = (
    { accessToken: access, refreshToken: refresh, idToken, account }: MadeLogin,
    ends: number,
  ) => ({
    ...{ type: 'oauth', provider: 'openai-codex', access, refresh, idToken },
    ...{ accountId: account.id, email: account.email, expires: Date.now() + ends },
  })
  const [ada, bob] = [login('ada'), login('bob')]
  has({
    'openai-codex:ada@example.com': profile(ada, -60_000),
    'openai-codex:bob@example.com': profile(bob, 10 * 24 * 3_600_000),
  })
  await mkdir(join(home, '.codex'), { mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  const turn = (name: string) =>
    exec(
      ...['--harness', 'codex', '--profile', `openai-codex:${name}@example.com`, '--', 'codex', 'exec'],
      ...['--skip-git-repo-check', `${name} says hi`],
    )
  const ended = await Promise.all([turn('ada'), turn('bob')])
  for (const one of ended)
    expect(one, one.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  const now = (of: MadeLogin) => sandbox.oauth.logins().find(({ id }) => id === of.id)?.accessToken
  expect(sentWith('ada says hi')).toEqual(new Set([now(ada)]))
  expect(sentWith('bob says hi')).toEqual(new Set([bob.accessToken]))
  expect(now(ada)).not.toBe(ada.accessToken)
  expect(sandbox.oauth.counters().refreshCalls).toBe(1)
  expect(await filesWith(join(home, '.codex'), 'rt_sandbox_')).toEqual([])
})

test('claude with two keys', async () => {
  const [work, own] = [apiKey('work'), apiKey('own')]
  for (const { key } of [work, own])
    sandbox.accept({ provider: 'anthropic', kind: 'api-key', value: String(key) })
  has({ 'anthropic:work': work, 'anthropic:own': own })
  const turn = (name: string) =>
    exec('--harness', 'claude', '--profile', `anthropic:${name}`, '--', 'claude', '-p', `${name} says hi`)
  const ended = await Promise.all([turn('work'), turn('own')])
  for (const one of ended)
    expect(one, one.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expect(sentWith('work says hi')).toEqual(new Set([work['key']]))
  expect(sentWith('own says hi')).toEqual(new Set([own['key']]))
})
