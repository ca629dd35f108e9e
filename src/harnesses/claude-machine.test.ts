// Claude Code: what the machine already has, what goes back to the user's files, restore and status.
// Deliveries are in claude.test.ts.

import { describe, expect, test } from 'vitest'
import { LEASE } from '../../test/support/deliverable.ts'
import { Secret } from '../domain/secret.ts'
import { claude } from './claude.ts'

test.each([
  [['claude', '-p', 'hi'], 'env'],
  [['claude', '--print', 'hi'], 'env'],
  [['claude', '--model', 'x', '-cp', 'hi'], 'env'],
  [['claude'], 'helper'],
  [['claude', 'hi'], 'helper'],
  [['claude', '--', '-p'], 'helper'],
  [['/opt/bin/claude', '--continue'], 'helper'],
  [['claude', '-pc', 'hi'], 'env'],
  // What a wrapper starts, and where, cannot be seen: settings files must not matter then.
  [['./wrapper.sh'], 'env'],
  [['sh', '-c', 'cd elsewhere && claude'], 'env'],
  [['npx', 'claude'], 'env'],
] as const)('%j is handed an API key by %s', (command, mode) => {
  expect(claude.defaultMode('claude/api-key', command)).toBe(mode)
  expect(claude.defaultMode('claude/bedrock-access-key', command)).toBe(mode)
  expect(claude.defaultMode('claude/setup-token', command)).toBe('env')
})

test.each([
  [{}, {}, 'none'],
  [{ ANTHROPIC_API_KEY: 'x' }, {}, 'environment'],
  [{ ANTHROPIC_API_KEY: '' }, {}, 'none'],
  [{ CLAUDE_CODE_USE_BEDROCK: '0' }, {}, 'none'],
  [{ AWS_ACCESS_KEY_ID: 'x' }, {}, 'none'],
  [{}, { 'settings.json': '{"env":{"ANTHROPIC_AUTH_TOKEN":"x"}}' }, 'environment'],
  [{}, { 'settings.json': '{"apiKeyHelper":"x"}' }, 'environment'],
  [{}, { '.credentials.json': '{"claudeAiOauth":{"accessToken":"x"}}' }, 'login'],
  [{}, { '.credentials.json': '{"claudeAiOauth":{"accessToken":""}}' }, 'none'],
  [{}, { '.credentials.json': 'broken' }, 'none'],
  [{}, { '.claude.json': '{"primaryApiKey":"x"}' }, 'login'],
  [{}, { '.claude.json': '{"oauthAccount":{}}' }, 'login'],
] as const)('with %j and %j the machine has: %s', (environment, userFiles, expected) => {
  expect(claude.ambient({ environment, userFiles, projectFiles: {} })).toBe(expected)
})

test('--keep-env hears what already carries a credential, wherever it is', () => {
  const machine = {
    environment: { ANTHROPIC_AUTH_TOKEN: 'x', AWS_PROFILE: 'dev' },
    userFiles: { 'settings.json': '{"env":{"ANTHROPIC_API_KEY":"x"},"apiKeyHelper":"y"}' },
    projectFiles: { '.claude/settings.local.json': '{"env":{"ANTHROPIC_BASE_URL":"x"}}' },
  }
  expect(claude.carries('claude/api-key', machine)).toEqual([
    'ANTHROPIC_AUTH_TOKEN in the environment',
    'ANTHROPIC_API_KEY in settings.json',
    'apiKeyHelper in settings.json',
    'env.ANTHROPIC_BASE_URL in .claude/settings.local.json',
  ])
  expect(claude.carries('claude/bedrock-api-key', machine)).toContain('AWS_PROFILE in the environment')
  expect(claude.carries('claude/api-key', { environment: {}, userFiles: {}, projectFiles: {} })).toEqual([])
})

describe('what the program changed in its copy', () => {
  const history = (before: object | null, delivered: object, after: object) => ({
    before: before === null ? null : JSON.stringify(before),
    delivered: JSON.stringify(delivered),
    after: JSON.stringify(after),
    now: before === null ? null : JSON.stringify(before),
  })

  test('goes back to the user: folder trust, counters, new settings', () => {
    const merged = claude.mergeBack(
      '.claude.json',
      history(
        { numStartups: 1, oauthAccount: { id: 'mine' } },
        { numStartups: 1, hasCompletedOnboarding: true },
        {
          numStartups: 2,
          hasCompletedOnboarding: true,
          projects: { '/w': { hasTrustDialogAccepted: true } },
        },
      ),
    )
    expect(JSON.parse(merged.text ?? '')).toEqual({
      numStartups: 2,
      oauthAccount: { id: 'mine' },
      projects: { '/w': { hasTrustDialogAccepted: true } },
    })
  })

  test('does not take logins or approvals with it', () => {
    const after = {
      oauthAccount: { id: 'new' },
      primaryApiKey: 'x',
      customApiKeyResponses: { approved: ['x'] },
    }
    expect(claude.mergeBack('.claude.json', history({}, {}, after)).text).toBeNull()
    const approved = { customApiKeyResponses: { approved: ['a'] } }
    expect(claude.mergeBack('.claude.json', history(approved, approved, {})).text).toBeNull()
  })

  test('makes a new file where the user had none', () => {
    expect(claude.mergeBack('.claude.json', history(null, {}, { userID: 'x' })).text).toBe(
      '{\n  "userID": "x"\n}\n',
    )
  })

  test('is left where it is when a file is malformed', () => {
    const broken = { before: '{', delivered: '{}', after: '{"a":1}', now: '{' }
    expect(claude.mergeBack('settings.json', broken)).toEqual({
      text: null,
      lost: ['all of it, for it is not a JSON object'],
    })
  })
})

describe('restore', () => {
  test('merges into settings.json and takes out what would contradict', () => {
    const fields = { key: new Secret('sk-ant-test-key') }
    const credential = { name: 'main', type: 'claude/api-key', fields } as const
    const userFiles = {
      'settings.json': JSON.stringify({
        model: 'opus',
        env: { CLAUDE_CODE_USE_BEDROCK: '1', EDITOR: 'vi', ANTHROPIC_API_KEY: 'older' },
        apiKeyHelper: 'x',
      }),
    }
    const { files, report } = claude.restore(
      credential,
      { environment: {}, userFiles, projectFiles: {} },
      LEASE,
    )
    expect(files.map(({ path, content }) => [path, JSON.parse(content.expose())])).toEqual([
      ['settings.json', { model: 'opus', env: { EDITOR: 'vi', ANTHROPIC_API_KEY: 'sk-ant-test-key' } }],
    ])
    expect(report).toEqual([
      'removed: apiKeyHelper from settings.json',
      'removed: env.CLAUDE_CODE_USE_BEDROCK from settings.json',
    ])
  })
})

test.each([
  ['claude/api-key', '{"loggedIn":true,"authMethod":"api_key"}', true],
  ['claude/api-key', '{"loggedIn":true,"authMethod":"api_key_helper"}', true],
  ['claude/api-key', '{"loggedIn":true,"authMethod":"oauth_token"}', false],
  ['claude/setup-token', '{"loggedIn":true,"authMethod":"oauth_token"}', true],
  ['claude/bedrock-api-key', '{"loggedIn":true,"authMethod":"third_party"}', true],
  ['claude/api-key', '{"loggedIn":false,"authMethod":"none"}', false],
  ['claude/api-key', 'Not logged in', false],
] as const)('the status of %s: %s', (type, output, expected) => {
  // It warns beside its answer of files that it has put aside.
  for (const errors of ['', 'You can manually restore it by running: cp -f "a" "b"\n'])
    expect(claude.statusAgrees(type, output, errors)).toBe(expected)
})
