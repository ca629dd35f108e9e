// The real codex program against the sandbox's OAuth server: it signs in by device code, does a turn with the tokens,
// refreshes a refused one, says what became of a revoked login, and revokes when it signs out.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { runAgent } from '../agents/run.ts'

const greeting = 'Hello from the Claviger sandbox.'
let program: string
let sandbox: Sandbox
let directory: string
let home: string

beforeAll(async () => {
  program = (await agentPrograms()).codex
})

beforeEach(async () => {
  sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  directory = await mkdtemp(join(tmpdir(), 'claviger-sandbox-'))
  home = join(directory, '.codex')
  await mkdir(home, { mode: 0o700 })
  // Codex takes the ChatGPT routes over plain http only if its two base URLs have different origins.
  const other = sandbox.issuerUrl.replace('127.0.0.1', 'localhost')
  const config = [
    `openai_base_url = "${sandbox.issuerUrl}/backend-api/codex"`,
    `chatgpt_base_url = "${other}/backend-api/"`,
    'check_for_update_on_startup = false',
    '[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n',
  ]
  await writeFile(join(home, 'config.toml'), config.join('\n'))
})

afterEach(async () => {
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

function codex(...args: string[]) {
  return runAgent(program, args, directory, {
    CODEX_HOME: home,
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${sandbox.issuerUrl}/oauth/token`,
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${sandbox.issuerUrl}/oauth/revoke`,
  })
}

async function signIn() {
  const run = codex('login', '--device-auth', '--experimental_issuer', sandbox.issuerUrl)
  while (sandbox.oauth.waitingDevices().length === 0) await sleep(20)
  for (const userCode of sandbox.oauth.waitingDevices()) sandbox.oauth.decideDevice(userCode, 'approve')
  return run
}

const turn = () => codex('exec', '--skip-git-repo-check', 'say hi')
const tokens = async () => JSON.parse(await readFile(join(home, 'auth.json'), 'utf8')).tokens

test('signs in, does a turn, refreshes what is refused, and signs out', async () => {
  sandbox.oauth.signInAs('openai', { id: 'acct-real' })
  expect(await signIn()).toMatchObject({ exitCode: 0 })
  const first = await tokens()
  expect(first).toMatchObject({
    account_id: 'acct-real',
    access_token: sandbox.oauth.logins()[0]?.accessToken,
  })

  expect(await turn()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
  expect(sandbox.oauth.counters().refreshCalls).toBe(0)

  sandbox.oauth.revokeAccessToken(first.access_token)
  expect(await turn()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
  expect(sandbox.oauth.counters().refreshCalls).toBe(1)
  expect((await tokens()).refresh_token).toBe(sandbox.oauth.logins()[0]?.refreshToken)

  expect(await codex('logout')).toMatchObject({ exitCode: 0 })
  expect(sandbox.oauth.logins()).toMatchObject([{ revoked: true }])
})

test('a revoked login, and a replayed refresh token, are told in its own words', async () => {
  await signIn()
  const { refresh_token, access_token } = await tokens()
  const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token })
  const headers = { 'content-type': 'application/json' }
  await fetch(`${sandbox.issuerUrl}/oauth/token`, { method: 'POST', headers, body }) // a thief was first
  sandbox.oauth.revokeAccessToken(access_token)
  expect(await turn()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('was already used') })

  await signIn()
  sandbox.oauth.revokeLogin('login-2')
  expect(await turn()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('was revoked') })
})
