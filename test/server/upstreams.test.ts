// Every kind of credential is tested where the settings of the server say, and nowhere else.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import { startServer } from '../../src/main.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { RunningServer } from '../../src/server/running.ts'

const BEDROCK = 'made-up-bedrock-key-0123'
const ACCEPTED = [
  { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-0123456789' },
  { provider: 'openai', kind: 'api-key', value: 'sk-test-0123456789' },
  { provider: 'openai', kind: 'access-token', value: 'at-test-0123456789' },
  { provider: 'bedrock', kind: 'bearer', value: BEDROCK },
] as const

let parent: string
let sandbox: Sandbox
let server: RunningServer
let client: Client

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-upstreams-'))
  const stateDirectory = join(parent, 'state')
  sandbox = await startSandbox({ credentials: ACCEPTED })
  server = await startServer(
    serverSettings({
      ...{ stateDirectory, port: '0', logLevel: 'silent' },
      anthropicUrl: sandbox.anthropicUrl,
      openaiApiUrl: sandbox.openaiUrl,
      openaiIssuer: `${sandbox.url}/openai`,
      bedrockUrl: sandbox.bedrockUrl,
    }),
  )
  const token = new Secret(readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim())
  client = createClient({ server: server.url, token })
})

afterEach(async () => {
  await server.close()
  await sandbox.close()
  rmSync(parent, { recursive: true, force: true })
})

it.each([
  ['claude/api-key', { key: 'sk-ant-test-0123456789' }, '/anthropic/v1/models'],
  ['codex/api-key', { key: 'sk-test-0123456789' }, '/openai/v1/models'],
  [
    'codex/access-token',
    { token: 'at-test-0123456789' },
    '/openai/api/accounts/v1/user-auth-credential/whoami',
  ],
  ['claude/bedrock-api-key', { token: BEDROCK, region: 'us-east-1' }, '/bedrock/inference-profiles'],
] as const)('%s', async (type, fields, path) => {
  const stored = await client.call('credentials.create', {
    type,
    owner: 'me',
    name: 'one',
    fields,
    test: true,
  })
  expect(stored.state).toBe('ok')
  expect(sandbox.requests().map((request) => request.path)).toContain(path)
})
