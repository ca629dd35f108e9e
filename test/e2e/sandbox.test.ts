// The real claude and codex programs against the sandbox: each way to hand them a credential arrives as
// that credential and no other, is answered, and a wrong one is refused.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SandboxCredential } from '../../src/sandbox/credentials.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type AgentPrograms, agentPrograms } from '../agents/install.ts'
import { type AgentRun, runAgent } from '../agents/run.ts'
import { greeting } from './exec-run.ts'

const prompt = 'say hi'

let programs: AgentPrograms
let sandbox: Sandbox
let directory: string

beforeAll(async () => {
  programs = await agentPrograms()
})

beforeEach(async () => {
  sandbox = await startSandbox()
  directory = await mkdtemp(join(tmpdir(), 'claviger-sandbox-'))
})

afterEach(async () => {
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

function runClaude(env: Record<string, string>): Promise<AgentRun> {
  return runAgent(programs.claude, ['-p', prompt], directory, {
    CLAUDE_CONFIG_DIR: join(directory, '.claude'),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '2',
    DISABLE_AUTOUPDATER: '1',
    ...env,
  })
}

function runClaudeOnBedrock(env: Record<string, string>): Promise<AgentRun> {
  return runClaude({
    CLAUDE_CODE_USE_BEDROCK: '1',
    ANTHROPIC_BEDROCK_BASE_URL: sandbox.bedrockUrl,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: 'eu-west-1',
    CLAUDE_CODE_MAX_RETRIES: '0',
    ...env,
  })
}

async function runCodex(config: string, auth?: unknown, env: Record<string, string> = {}): Promise<AgentRun> {
  const CODEX_HOME = join(directory, '.codex')
  await mkdir(CODEX_HOME, { mode: 0o700 })
  const quiet =
    'check_for_update_on_startup = false\n[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n'
  await writeFile(join(CODEX_HOME, 'config.toml'), `${config}\n${quiet}`)
  if (auth !== undefined)
    await writeFile(join(CODEX_HOME, 'auth.json'), JSON.stringify(auth), { mode: 0o600 })
  return runAgent(programs.codex, ['exec', '--skip-git-repo-check', prompt], directory, {
    CODEX_HOME,
    ...env,
  })
}

function runCodexWithKey(key: string): Promise<AgentRun> {
  const auth = { auth_mode: 'apikey', OPENAI_API_KEY: key }
  return runCodex(`openai_base_url = "${sandbox.openaiUrl}"`, auth)
}

function runCodexWithAccessToken(token: string): Promise<AgentRun> {
  // Codex takes the ChatGPT routes over plain http only if its two base URLs have different origins.
  const chatgpt = sandbox.url.replace('127.0.0.1', 'localhost')
  const config = [
    `openai_base_url = "${sandbox.url}/openai/backend-api/codex"`,
    `chatgpt_base_url = "${chatgpt}/openai/backend-api/"`,
  ]
  const env = { CODEX_ACCESS_TOKEN: token, CODEX_AUTHAPI_BASE_URL: `${sandbox.url}/openai/api/accounts` }
  return runCodex(config.join('\n'), undefined, env)
}

type Way = {
  name: string
  credential: SandboxCredential
  run(): Promise<AgentRun>
  /** The credential headers of every request. */
  carries: readonly { header: string; scheme: string; value: string }[]
  /** The same way with a value the sandbox does not know. */
  runWrong(): Promise<AgentRun>
  refusal: { status: number; refusal: string }
}

const bearer = (value: string) => [{ header: 'authorization', scheme: 'bearer', value }]
const signed = (value: string) => [{ header: 'authorization', scheme: 'sigv4', value }]
const sessionToken = { header: 'x-amz-security-token', scheme: 'raw', value: 'session-token-test-1' }
const accessKey = {
  AWS_ACCESS_KEY_ID: 'access-key-test-1',
  AWS_SECRET_ACCESS_KEY: 'secret-access-key-test-1',
}
const acceptedAccessKey = {
  provider: 'bedrock',
  kind: 'access-key',
  accessKeyId: 'access-key-test-1',
  secretAccessKey: 'secret-access-key-test-1',
  region: 'eu-west-1',
} as const

const ways: Way[] = [
  {
    name: 'claude with an API key',
    credential: { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-right' },
    run: () =>
      runClaude({ ANTHROPIC_BASE_URL: sandbox.anthropicUrl, ANTHROPIC_API_KEY: 'sk-ant-test-right' }),
    carries: [{ header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-right' }],
    runWrong: () =>
      runClaude({ ANTHROPIC_BASE_URL: sandbox.anthropicUrl, ANTHROPIC_API_KEY: 'sk-ant-test-wrong' }),
    refusal: { status: 401, refusal: 'unknown' },
  },
  {
    name: 'claude with a subscription token',
    credential: { provider: 'anthropic', kind: 'oauth', value: 'sk-ant-test-oauth-right' },
    run: () =>
      runClaude({
        ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
        CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-test-oauth-right',
      }),
    carries: bearer('sk-ant-test-oauth-right'),
    // The right token, but in a way by which the provider does not take it.
    runWrong: () =>
      runClaude({
        ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
        ANTHROPIC_AUTH_TOKEN: 'sk-ant-test-oauth-right',
      }),
    refusal: { status: 401, refusal: 'not-for-this-api' },
  },
  {
    name: 'claude with a Bedrock bearer token',
    credential: { provider: 'bedrock', kind: 'bearer', value: 'bedrock-bearer-test-right' },
    run: () => runClaudeOnBedrock({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock-bearer-test-right' }),
    carries: bearer('bedrock-bearer-test-right'),
    runWrong: () => runClaudeOnBedrock({ AWS_BEARER_TOKEN_BEDROCK: 'bedrock-bearer-test-wrong' }),
    refusal: { status: 403, refusal: 'unknown' },
  },
  {
    name: 'claude with a Bedrock access key',
    credential: acceptedAccessKey,
    run: () => runClaudeOnBedrock(accessKey),
    carries: signed('access-key-test-1'),
    runWrong: () => runClaudeOnBedrock({ ...accessKey, AWS_SECRET_ACCESS_KEY: 'secret-access-key-test-2' }),
    refusal: { status: 403, refusal: 'bad-signature' },
  },
  {
    name: 'claude with a Bedrock access key and session token',
    credential: { ...acceptedAccessKey, sessionToken: sessionToken.value },
    run: () => runClaudeOnBedrock({ ...accessKey, AWS_SESSION_TOKEN: sessionToken.value }),
    carries: [...signed('access-key-test-1'), sessionToken],
    runWrong: () => runClaudeOnBedrock(accessKey),
    refusal: { status: 403, refusal: 'unknown' },
  },
  {
    name: 'codex with an API key',
    credential: { provider: 'openai', kind: 'api-key', value: 'sk-test-right' },
    run: () => runCodexWithKey('sk-test-right'),
    carries: bearer('sk-test-right'),
    runWrong: () => runCodexWithKey('sk-test-wrong'),
    refusal: { status: 401, refusal: 'unknown' },
  },
  {
    name: 'codex with an access token',
    credential: { provider: 'openai', kind: 'access-token', value: 'at-test-right' },
    run: () => runCodexWithAccessToken('at-test-right'),
    carries: bearer('at-test-right'),
    runWrong: () => runCodexWithAccessToken('at-test-wrong'),
    refusal: { status: 401, refusal: 'unknown' },
  },
]

describe.each(ways)('$name', (way) => {
  test('is answered, and every request carried that credential alone', async () => {
    sandbox.accept(way.credential)
    const run = await way.run()
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
    const requests = sandbox.requests()
    expect(requests.map((request) => request.credentials)).toEqual(requests.map(() => way.carries))
    expect(requests.map((request) => request.conflicting)).not.toContain(true)
    expect(requests.at(-1)).toMatchObject({ status: 200, lastUserMessage: prompt })
  })

  test('is refused when it is wrong', async () => {
    sandbox.accept(way.credential)
    const run = await way.runWrong()
    expect(run.stdout).not.toContain(greeting)
    expect(sandbox.requests()).toContainEqual(expect.objectContaining(way.refusal))
    const modelCalls = sandbox.requests().filter((request) => request.lastUserMessage === prompt)
    expect(modelCalls.map((request) => request.status)).not.toContain(200)
  })
})

describe('claude with an API key that is accepted', () => {
  const key = { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-right' } as const
  const env = () => ({ ANTHROPIC_BASE_URL: sandbox.anthropicUrl, ANTHROPIC_API_KEY: key.value })

  test('and then revoked for two requests tries again', async () => {
    sandbox.accept(key)
    sandbox.setShouldRetry(true)
    sandbox.teach(key, 'revoked', 2)
    const run = await runClaude(env())
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
    expect(sandbox.requests().map((request) => request.status)).toEqual([401, 401, 200])
  })

  test('and has no credit says so', async () => {
    sandbox.accept(key)
    sandbox.teach(key, 'no-credit')
    const run = await runClaude(env())
    expect(run).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('Credit balance is too low') })
    expect(sandbox.requests().map((request) => request.status)).toEqual([400])
  })

  test('and finds another token set sends both, which is recorded as a conflict', async () => {
    sandbox.accept(key)
    await runClaude({ ...env(), ANTHROPIC_AUTH_TOKEN: 'left-over-token' })
    expect(sandbox.requests()).toMatchObject([
      {
        conflicting: true,
        credentials: [...bearer('left-over-token'), { header: 'x-api-key', scheme: 'raw', value: key.value }],
      },
    ])
  })

  test('prints a scripted answer', async () => {
    sandbox.accept(key)
    sandbox.reply((request) => `You said: ${request.lastUserMessage}`)
    expect((await runClaude(env())).stdout).toContain(`You said: ${prompt}`)
  })
})
