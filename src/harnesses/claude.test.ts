import { describe, expect, test } from 'vitest'
import { LEASE } from '../../test/support/deliverable.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { Delivery, DeliveryMode } from '../domain/delivery.ts'
import { Secret } from '../domain/secret.ts'
import { claude } from './claude.ts'
import type { DeliveryInput } from './harness.ts'

const FIELDS: Record<string, Record<string, string>> = {
  'claude/api-key': { key: 'sk-ant-test-key-with-more-than-twenty' },
  'claude/setup-token': { token: 'sk-ant-oat01-test' },
  'claude/bedrock-api-key': { token: 'bedrock-test', region: 'eu-west-1' },
  'claude/bedrock-access-key': {
    accessKeyId: 'AKIATEST',
    secretAccessKey: 'secret-test',
    region: 'eu-west-1',
  },
}
const MANAGED = { CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST: '1' }
const ACCESS_KEY = {
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'secret-test',
  AWS_REGION: 'eu-west-1',
}

// Everything that can outrank or contradict something, all at once.
const STRAY: Record<string, string> = {
  ANTHROPIC_API_KEY: 'stray',
  ANTHROPIC_AUTH_TOKEN: 'stray',
  CLAUDE_CODE_OAUTH_TOKEN: 'stray',
  CLAUDE_CODE_OAUTH_REFRESH_TOKEN: 'stray',
  CLAUDE_CODE_OAUTH_SCOPES: 'stray',
  CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR: '3',
  CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR: '3',
  CLAUDE_CODE_USE_BEDROCK: '1',
  CLAUDE_CODE_USE_VERTEX: '',
  CLAUDE_CODE_USE_FOUNDRY: '1',
  CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
  ANTHROPIC_PROFILE: 'stray',
  ANTHROPIC_FEDERATION_RULE_ID: 'stray',
  ANTHROPIC_IDENTITY_TOKEN_FILE: '/stray',
}
const STRAY_AWS = {
  AWS_BEARER_TOKEN_BEDROCK: 'stray',
  AWS_ACCESS_KEY_ID: 'stray',
  AWS_SECRET_ACCESS_KEY: 'stray',
  AWS_SESSION_TOKEN: 'stray',
  AWS_PROFILE: 'stray',
}

function inputFor(type: string, mode: DeliveryMode, more: Partial<DeliveryInput> = {}): DeliveryInput {
  const fields = Object.entries(FIELDS[type] ?? {}).map(([name, value]) => [name, new Secret(value)] as const)
  return {
    credential: { name: 'main', type: type as CredentialType, fields: Object.fromEntries(fields) },
    lease: LEASE,
    mode,
    environment: {},
    userFiles: {},
    projectFiles: {},
    helperCommand: (kind) => `claviger helper ${kind}`,
    ...more,
  }
}

function plain(delivery: Delivery): Record<string, string> {
  return Object.fromEntries(Object.entries(delivery.set).map(([name, value]) => [name, value.expose()]))
}

function file(delivery: Delivery, path: string) {
  return JSON.parse(delivery.files.find((one) => one.path === path)?.content.expose() ?? 'null')
}

/** What a child would have. */
function child(delivery: Delivery, environment: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(environment).filter(([name]) => !delivery.unset.includes(name))
  return { ...Object.fromEntries(kept), ...plain(delivery) }
}

const cases: { type: string; mode: DeliveryMode; set: Record<string, string>; settings?: object }[] = [
  {
    type: 'claude/api-key',
    mode: 'env',
    set: { ANTHROPIC_API_KEY: 'sk-ant-test-key-with-more-than-twenty', ...MANAGED },
  },
  {
    type: 'claude/api-key',
    mode: 'helper',
    set: { CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '300000' },
    settings: { apiKeyHelper: 'claviger helper api-key' },
  },
  {
    type: 'claude/setup-token',
    mode: 'env',
    set: { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test', ...MANAGED },
  },
  {
    type: 'claude/bedrock-api-key',
    mode: 'env',
    set: {
      CLAUDE_CODE_USE_BEDROCK: '1',
      AWS_BEARER_TOKEN_BEDROCK: 'bedrock-test',
      AWS_REGION: 'eu-west-1',
      ...MANAGED,
    },
  },
  {
    type: 'claude/bedrock-access-key',
    mode: 'env',
    set: { CLAUDE_CODE_USE_BEDROCK: '1', ...ACCESS_KEY, ...MANAGED },
  },
  {
    type: 'claude/bedrock-access-key',
    mode: 'helper',
    set: {
      CLAUDE_CODE_USE_BEDROCK: '1',
      AWS_REGION: 'eu-west-1',
      CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '300000',
    },
    settings: { awsCredentialExport: 'claviger helper aws' },
  },
]

describe.each(cases)('$type by $mode', ({ type, mode, set, settings }) => {
  const isBedrock = type.includes('bedrock')

  test('sets its own variables and settings, and nothing else', () => {
    const delivery = claude.deliver(inputFor(type, mode))
    expect(delivery.mode).toBe(mode)
    expect(plain(delivery)).toEqual(set)
    expect(file(delivery, 'settings.json')).toEqual(settings ?? {})
    expect(delivery.report).toEqual([])
  })

  test('removes everything that would outrank or contradict it, and names it', () => {
    const environment = { ...STRAY, ...STRAY_AWS, PATH: '/bin', GH_TOKEN: 'mine' }
    const delivery = claude.deliver(inputFor(type, mode, { environment }))
    // Claude Code with an Anthropic credential does not look at AWS: those belong to the worker's own tools.
    const kept = isBedrock ? {} : STRAY_AWS
    expect(child(delivery, environment)).toEqual({ PATH: '/bin', GH_TOKEN: 'mine', ...kept, ...set })
    for (const name of Object.keys({ ...STRAY, ...(isBedrock ? STRAY_AWS : {}) })) {
      const isSame = environment[name as 'PATH'] === set[name]
      expect(delivery.report.includes(`set aside: ${name} in the environment`)).toBe(!isSame)
    }
    expect(delivery.report.join()).not.toContain('stray')
  })

  test('removes the same from the copies of settings.json and .claude.json, and keeps the rest', () => {
    const env = { ...STRAY, ...STRAY_AWS, AWS_REGION: 'us-west-2', EDITOR: 'vi', BASH_DEFAULT_TIMEOUT_MS: 5 }
    const userFiles = {
      'settings.json': JSON.stringify({
        model: 'opus',
        env,
        apiKeyHelper: 'theirs',
        awsCredentialExport: 'theirs',
        awsAuthRefresh: 'theirs',
        forceLoginMethod: 'claudeai',
        permissions: { allow: ['Bash(ls)'] },
      }),
      '.claude.json': JSON.stringify({
        env,
        oauthAccount: { x: 1 },
        primaryApiKey: 'theirs',
        mcpServers: { a: {} },
      }),
    }
    const delivery = claude.deliver(inputFor(type, mode, { userFiles }))
    const keptEnv = {
      EDITOR: 'vi',
      BASH_DEFAULT_TIMEOUT_MS: 5,
      ...(isBedrock ? {} : { ...STRAY_AWS, AWS_REGION: 'us-west-2' }),
    }
    expect(file(delivery, 'settings.json')).toEqual({
      model: 'opus',
      env: keptEnv,
      permissions: { allow: ['Bash(ls)'] },
      ...settings,
    })
    const state = file(delivery, '.claude.json')
    expect(state).toMatchObject({ env: keptEnv, mcpServers: { a: {} }, hasCompletedOnboarding: true })
    expect(state).not.toHaveProperty('oauthAccount')
    expect(state).not.toHaveProperty('primaryApiKey')
    expect(delivery.report).toContain('set aside: apiKeyHelper in settings.json')
    expect(delivery.report).toContain('set aside: env.ANTHROPIC_AUTH_TOKEN in settings.json')
    // An environment delivery makes the program deaf to settings: what remains of them is said by the environment.
    const said = { EDITOR: 'vi', BASH_DEFAULT_TIMEOUT_MS: '5' }
    expect(plain(delivery)).toMatchObject(mode === 'env' ? { ...said, ...set } : set)
    if (mode === 'helper') expect(plain(delivery)).not.toHaveProperty('EDITOR')
  })

  test('keeps a gateway of the user and names its host', () => {
    const name = isBedrock ? 'ANTHROPIC_BEDROCK_BASE_URL' : 'ANTHROPIC_BASE_URL'
    const environment = { [name]: 'https://me:hidden@gateway.example/path' }
    const byShell = claude.deliver(inputFor(type, mode, { environment }))
    expect(child(byShell, environment)[name]).toBe(environment[name])
    expect(byShell.report).toEqual([`kept: ${name} from the environment, requests go to gateway.example`])
    const userFiles = { 'settings.json': JSON.stringify({ env: { [name]: 'https://other.example' } }) }
    const bySettings = claude.deliver(inputFor(type, mode, { environment, userFiles }))
    expect(bySettings.report).toEqual([`kept: ${name} from settings.json, requests go to other.example`])
    const reached = mode === 'env' ? plain(bySettings)[name] : file(bySettings, 'settings.json').env[name]
    expect(reached).toBe('https://other.example')
  })

  test('keeps harmless custom headers and drops those that carry a credential', () => {
    const environment = {
      ANTHROPIC_CUSTOM_HEADERS: 'X-Team: a\nAuthorization: Bearer stray\nx-api-key: stray',
    }
    const delivery = claude.deliver(inputFor(type, mode, { environment }))
    expect(child(delivery, environment)['ANTHROPIC_CUSTOM_HEADERS']).toBe('X-Team: a')
    expect(delivery.report).toEqual([
      'set aside: credential headers in ANTHROPIC_CUSTOM_HEADERS in the environment',
    ])
    const only = { ANTHROPIC_CUSTOM_HEADERS: 'Authorization: Bearer stray' }
    expect(child(claude.deliver(inputFor(type, mode, { environment: only })), only)).toEqual(set)
  })

  test('is proof against settings of the project, or refuses to start naming file and key', () => {
    const key = isBedrock ? 'awsCredentialExport' : 'apiKeyHelper'
    const hostile = [
      [{ env: { ANTHROPIC_AUTH_TOKEN: 'evil' } }, 'env.ANTHROPIC_AUTH_TOKEN'],
      [
        { env: { [isBedrock ? 'ANTHROPIC_BEDROCK_BASE_URL' : 'ANTHROPIC_BASE_URL']: 'https://evil' } },
        'BASE_URL',
      ],
      [{ env: { ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: evil' } }, 'env.ANTHROPIC_CUSTOM_HEADERS'],
      [{ [key]: 'evil' }, key],
    ] as const
    for (const [settings, name] of hostile) {
      const projectFiles = { '.claude/settings.json': JSON.stringify(settings) }
      const deliver = () => claude.deliver(inputFor(type, mode, { projectFiles }))
      const isRefused = mode === 'helper' || (type === 'claude/setup-token' && name === key)
      if (isRefused)
        expect(deliver).toThrow(/^The project's \.claude\/settings\.json sets .*, which outranks/)
      if (isRefused) expect(deliver).toThrow(name)
      else
        expect(deliver().report.join()).toMatch(
          new RegExp(`ignored: .*${name} in .claude/settings.json of the project`),
        )
    }
    const harmless = { '.claude/settings.json': '{"env":{"MAX_THINKING_TOKENS":"1"},"model":"opus"}' }
    expect(claude.deliver(inputFor(type, mode, { projectFiles: harmless })).report).toEqual([])
  })
})

// Measured: without the managed-by-host switch each of these sends the credential somewhere else, or lets that happen.
test.each([
  'HTTPS_PROXY',
  'https_proxy',
  'Http_Proxy',
  'ALL_PROXY',
  'NO_PROXY',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'AWS_ENDPOINT_URL',
  'AWS_CA_BUNDLE',
  'ANTHROPIC_MODEL',
  'CLAUDE_CODE_ANYTHING',
  'LD_PRELOAD',
  'PATH',
  'constructor',
])('a project that sets %s stops a helper delivery, and an environment delivery does without', (name) => {
  const projectFiles = { '.claude/settings.json': JSON.stringify({ env: { [name]: 'evil' } }) }
  for (const type of ['claude/api-key', 'claude/bedrock-access-key']) {
    expect(() => claude.deliver(inputFor(type, 'helper', { projectFiles }))).toThrow(
      `The project's .claude/settings.json sets env.${name}, which `,
    )
    const delivery = claude.deliver(inputFor(type, 'env', { projectFiles }))
    expect(plain(delivery)).not.toHaveProperty([name])
    expect(delivery.files.map(({ content }) => content.expose()).join()).not.toContain('evil')
  }
})

test('an environment delivery names the detours of a project that the program ignores', () => {
  const env = { https_proxy: 'evil', NODE_TLS_REJECT_UNAUTHORIZED: '0', SSL_CERT_FILE: 'x', MY_APP: 'y' }
  const projectFiles = { '.claude/settings.json': JSON.stringify({ env }) }
  expect(claude.deliver(inputFor('claude/api-key', 'env', { projectFiles })).report).toEqual([
    'ignored: env.https_proxy in .claude/settings.json of the project',
    'ignored: env.NODE_TLS_REJECT_UNAUTHORIZED in .claude/settings.json of the project',
    'ignored: env.SSL_CERT_FILE in .claude/settings.json of the project',
  ])
})

test('a project file that cannot be read stops a helper delivery, for it may be read otherwise by the program', () => {
  const projectFiles = { '.claude/settings.json': '{ // comment\n}' }
  expect(() => claude.deliver(inputFor('claude/api-key', 'helper', { projectFiles }))).toThrow(
    'cannot be read',
  )
  expect(claude.deliver(inputFor('claude/api-key', 'env', { projectFiles })).report).toEqual([])
})

test.each(['claude/setup-token', 'claude/bedrock-api-key'])('%s has no helper and says so', (type) => {
  const delivery = claude.deliver(inputFor(type, 'helper'))
  expect(delivery.mode).toBe('env')
  expect(delivery.report).toEqual([`there is no helper for ${type}: handed over in the environment`])
})

test('a session token goes with its access key', () => {
  const input = inputFor('claude/bedrock-access-key', 'env')
  const fields = { ...input.credential.fields, sessionToken: new Secret('session-test') }
  const delivery = claude.deliver({ ...input, credential: { ...input.credential, fields } })
  expect(plain(delivery)).toMatchObject({ ...ACCESS_KEY, AWS_SESSION_TOKEN: 'session-test' })
})

test('bare mode, which is blind to subscription tokens, is switched off for them alone', () => {
  const environment = { CLAUDE_CODE_SIMPLE: '1' }
  expect(
    child(claude.deliver(inputFor('claude/setup-token', 'env', { environment })), environment),
  ).not.toHaveProperty('CLAUDE_CODE_SIMPLE')
  expect(
    child(claude.deliver(inputFor('claude/api-key', 'env', { environment })), environment),
  ).toHaveProperty('CLAUDE_CODE_SIMPLE')
})

test('an API key in the environment is approved beforehand, even if it was once rejected', () => {
  const suffix = 'sk-ant-test-key-with-more-than-twenty'.slice(-20)
  const userFiles = {
    '.claude.json': JSON.stringify({
      customApiKeyResponses: { approved: ['other'], rejected: [suffix, 'x'] },
    }),
  }
  const state = file(claude.deliver(inputFor('claude/api-key', 'env', { userFiles })), '.claude.json')
  expect(state.customApiKeyResponses).toEqual({ approved: ['other', suffix], rejected: ['x'] })
  const helped = file(claude.deliver(inputFor('claude/api-key', 'helper', { userFiles })), '.claude.json')
  expect(helped.customApiKeyResponses).toEqual({ approved: ['other'], rejected: [suffix, 'x'] })
})

test('a helper interval that the user has chosen stays', () => {
  const environment = { CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '1000' }
  expect(plain(claude.deliver(inputFor('claude/api-key', 'helper', { environment })))).toEqual({})
})

test.each(['settings.json', '.claude.json'])('a malformed %s is one clear sentence', (name) => {
  const userFiles = { [name]: '{"a":' }
  expect(() => claude.deliver(inputFor('claude/api-key', 'env', { userFiles }))).toThrow(
    `${name} is not a JSON object`,
  )
})

test('a type of another kind is refused', () => {
  expect(() => claude.deliver(inputFor('codex/api-key', 'env'))).toThrow(
    'codex/api-key cannot be handed to Claude Code this way.',
  )
})
