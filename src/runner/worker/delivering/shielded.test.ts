// What is at the place of a run for strangers, and in the environment of its program: its own credential.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../../domain/secret.ts'
import { claude } from '../../../harnesses/claude.ts'
import { codex } from '../../../harnesses/codex.ts'
import type { Harness } from '../../../harnesses/harness.ts'
import type { LeasedCredential } from '../../lease-source.ts'
import { deliverLease } from './delivering.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-shielded-'))
  return () => rm(root, { recursive: true, force: true })
})

const OWN = 'own of the user of this machine'

const WORKER = {
  ...{ PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'Etc/UTC', HTTPS_PROXY: 'http://proxy.example:3128' },
  ...{ HTTP_PROXY: 'http://name:own-of-the-user@proxy.example:3128', NO_PROXY: 'localhost' },
  ...{
    ANTHROPIC_BASE_URL: 'https://gateway.example',
    ANTHROPIC_BEDROCK_BASE_URL: 'https://n:own@aws.example',
  },
  ...{ ANTHROPIC_AUTH_TOKEN: OWN, ANTHROPIC_CUSTOM_HEADERS: `x-own: ${OWN}`, OPENAI_API_KEY: OWN },
  ...{ AWS_SECRET_ACCESS_KEY: OWN, GITHUB_TOKEN: OWN, REGISTRY: OWN, SSH_AUTH_SOCK: '/own/agent.sock' },
  ...{ NODE_OPTIONS: '--require=/own.js', LD_PRELOAD: '/own.so', GIT_SSH_COMMAND: OWN, BASH_ENV: '/own' },
}

const key: LeasedCredential = {
  ...{ id: 'c1', name: 'for-agents', owner: 'org', type: 'claude/api-key', suffix: '0001', generation: 1 },
  fields: { key: new Secret('sk-ant-test-shielded-0001') },
}
const codexKey: LeasedCredential = {
  ...{ ...key, type: 'codex/api-key' },
  fields: { key: new Secret('sk-test-shielded-0001'), baseUrl: new Secret('https://openai.example/v1') },
}

async function delivered(harness: Harness, credential: LeasedCredential | null) {
  const home = join(root, 'home')
  const settings = {
    apiKeyHelper: OWN,
    env: { OWN },
    hooks: { SessionStart: [] },
    permissions: { allow: ['Bash'] },
  }
  const files = {
    '.claude/settings.json': JSON.stringify(settings),
    '.claude/.credentials.json': JSON.stringify({
      mcpOAuth: { own: OWN },
      claudeAiOauth: { accessToken: OWN },
    }),
    '.claude.json': JSON.stringify({ mcpServers: { own: { command: OWN } }, primaryApiKey: OWN }),
    '.codex/config.toml': `notify = ["${OWN}"]\nmodel_provider = "own"\n[mcp_servers.own]\ncommand = "${OWN}"\n`,
    '.codex/own.config.toml': `[mcp_servers.own]\ncommand = "${OWN}"\n`,
    '.codex/auth.json': JSON.stringify({ OPENAI_API_KEY: OWN }),
    // Of the stranger. Others would be told that it outranks the credential, and nothing would be started.
    '../workspace/.claude/settings.json': JSON.stringify({ apiKeyHelper: 'theirs' }),
  }
  for (const name of ['home/.claude', 'home/.codex', 'workspace/.claude', 'config', 'tmp'])
    await mkdir(join(root, name), { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text)
  const place = {
    ...{
      workspace: join(root, 'workspace'),
      configuration: join(root, 'config'),
      temporary: join(root, 'tmp'),
    },
    givingFile: join(root, 'giving.json'),
  }
  const result = await deliverLease(
    {
      ...{ harness, place, ownConfiguration: join(home, '.claude'), allowHttp: false, isForStrangers: true },
      environment: { ...WORKER, HOME: home },
    },
    {
      ...{
        leaseId: 'l1',
        handle: new Secret('clv_test_handle'),
        serverUrl: 'http://127.0.0.1:1',
        expiresAt: 0,
      },
      ...{ credential, raw: [], reason: 'it is the only one' },
    },
  )
  const names = await readdir(place.configuration)
  const texts = await Promise.all(names.map((name) => readFile(join(place.configuration, name), 'utf8')))
  return { ...result, names: names.sort(), texts }
}

const PLAIN = {
  ...{ PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'Etc/UTC' },
  ...{ HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'localhost' },
}

describe('a run for strangers', () => {
  it('of Claude has its key, and of the machine how to reach things', async () => {
    const { environment, names, texts, report } = await delivered(claude, key)
    expect(environment).toEqual({
      ...PLAIN,
      ...{ HOME: join(root, 'tmp'), CLAUDE_CONFIG_DIR: join(root, 'config') },
      ...{ ANTHROPIC_BASE_URL: 'https://gateway.example', ANTHROPIC_API_KEY: 'sk-ant-test-shielded-0001' },
      CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST: '1',
    })
    expect(names).toEqual(['.claude.json', 'settings.json'])
    expect(texts.join()).not.toContain(OWN)
    expect(JSON.parse(texts[names.indexOf('settings.json')] ?? '')).toEqual({})
    expect(report.filter((line) => line.startsWith('set aside'))).toEqual([
      'set aside: HTTP_PROXY in the environment, it may hold a password',
      'set aside: ANTHROPIC_BEDROCK_BASE_URL in the environment, it may hold a password',
    ])
  })

  it('of Codex has its login, and no setting of the user', async () => {
    const { environment, names, texts } = await delivered(codex, codexKey)
    expect(environment).toEqual({ ...PLAIN, HOME: join(root, 'tmp'), CODEX_HOME: join(root, 'config') })
    expect(names).toEqual(['auth.json', 'config.toml'])
    expect(texts.join()).not.toContain(OWN)
    expect(texts[1]?.trim().split('\n').sort()).toEqual([
      'cli_auth_credentials_store = "file"',
      'openai_base_url = "https://openai.example/v1"',
    ])
  })

  it.each([claude, codex])('is not begun with what the machine of the worker has', async (harness) => {
    await expect(delivered(harness, null)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await readdir(join(root, 'config'))).toEqual([])
  })
})
