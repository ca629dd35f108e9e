// The file of profiles as other programs write it, and what is no such file.

import { describe, expect, it } from 'vitest'
import { printDocument, readDocument, readProfile, readStats } from './format.ts'

// Every kind and every optional key that coderClaw and OpenClaw write, in an order that is not ours.
const WRITTEN = {
  lastGood: { anthropic: 'anthropic:default' },
  version: 1,
  futureKey: { nested: [1, { deep: null }] },
  profiles: {
    'anthropic:default': {
      ...{ key: 'sk-ant-test-1', provider: 'anthropic', type: 'api_key', email: 'ada@example.test' },
      metadata: { accountId: 'acc', odd: [true] },
    },
    'anthropic:manual': {
      ...{ type: 'token', provider: 'anthropic', token: 'sk-ant-oat01-test-1', expires: 1_800_000_000_000 },
    },
    'openai:elsewhere': { type: 'api_key', provider: 'openai', keyRef: { source: 'env', id: 'OPENAI_KEY' } },
    'github:later': { type: 'token', provider: 'github-copilot', tokenRef: { source: 'file', id: 'x' } },
    'openai-codex:ada@example.test': {
      ...{ type: 'oauth', provider: 'openai-codex', access: 'at-test', refresh: 'rt-test', expires: 1.5e12 },
      ...{
        accountId: 'acc',
        email: 'ada@example.test',
        clientId: 'app',
        enterpriseUrl: 'https://e.example.test',
      },
      projectId: 'p',
    },
    'someone:new': { type: 'passkey', anything: 'else' },
  },
  usageStats: {
    'anthropic:default': {
      ...{ errorCount: 2, lastUsed: 1_700_000_000_000, cooldownUntil: 1_700_000_060_000 },
      ...{ disabledUntil: 1_700_000_120_000, disabledReason: 'billing', lastFailureAt: 1_700_000_000_001 },
      failureCounts: { rate_limit: 2, model_not_found: 1 },
    },
    'someone:new': { lastUsed: null, later: 'meaning' },
  },
  order: { anthropic: ['anthropic:manual', 'anthropic:default'], other: [] },
}

const textOf = (json: unknown) => `${JSON.stringify(json, null, 2)}\n`

function documentOf(json: unknown) {
  const reading = readDocument(textOf(json))
  if (reading.kind !== 'read') throw new Error(reading.kind)
  return reading.document
}

describe('a file of profiles', () => {
  it('is printed byte for byte as it was read: order of keys, what is not known at every level, two spaces', () => {
    expect(printDocument(documentOf(WRITTEN))).toBe(textOf(WRITTEN))
  })

  it('has profiles of the known kinds, each with all that is in it', () => {
    const { profiles } = documentOf(WRITTEN)
    for (const id of [
      'anthropic:default',
      'anthropic:manual',
      'openai:elsewhere',
      'openai-codex:ada@example.test',
    ])
      expect(readProfile(profiles[id]), id).toEqual(profiles[id])
    expect(readProfile(profiles['someone:new'])).toBeNull()
  })

  it.each([
    ['no provider', { type: 'api_key', key: 'k' }],
    ['an empty provider', { type: 'api_key', provider: '', key: 'k' }],
    ['a key that is no text', { type: 'api_key', provider: 'anthropic', key: 7 }],
    ['a login without a refresh token', { type: 'oauth', provider: 'openai-codex', access: 'a', expires: 1 }],
    ['a login of which nobody knows the end', { type: 'oauth', provider: 'p', access: 'a', refresh: 'r' }],
    ['a text', 'anthropic'],
    ['nothing', null],
  ])('has no profile in one with %s', (_, json) => {
    expect(readProfile(json)).toBeNull()
  })

  it('says of a profile what it says, and nothing where its form is not known', () => {
    const { usageStats = {} } = documentOf(WRITTEN)
    expect(readStats(usageStats['anthropic:default'])).toEqual(WRITTEN.usageStats['anthropic:default'])
    expect(readStats(usageStats['someone:new'])).toEqual({})
    expect(readStats(undefined)).toEqual({})
  })

  it('keeps a profile that is called as no property should be', () => {
    const text = '{\n  "version": 1,\n  "profiles": {\n    "__proto__": {\n      "type": "x"\n    }\n  }\n}\n'
    const reading = readDocument(text)
    expect(reading.kind === 'read' && printDocument(reading.document)).toBe(text)
  })
})

describe('a text that is none', () => {
  it.each([
    ['empty', ''],
    ['empty', ' \n\t'],
    ['torn', textOf(WRITTEN).slice(0, -2)],
    ['torn', textOf(WRITTEN).slice(0, 40)],
    ['torn', `${textOf(WRITTEN)}}`],
    ['torn', '{"version":1,"profiles":{'],
    ['torn', '\0\0\0\0'],
    ['foreign', '{}'],
    ['foreign', 'null'],
    ['foreign', '[]'],
    ['foreign', '"version"'],
    ['foreign', textOf({ profiles: {} })],
    ['foreign', textOf({ version: 1 })],
    ['foreign', textOf({ version: '1', profiles: {} })],
    ['foreign', textOf({ version: 0, profiles: {} })],
    ['foreign', textOf({ version: -1, profiles: {} })],
    ['foreign', textOf({ version: 1, profiles: [] })],
    ['foreign', textOf({ version: 1, profiles: {}, order: { anthropic: 'one' } })],
    ['foreign', textOf({ claudeAiOauth: { accessToken: 'at-test' } })],
    ['newer', textOf({ version: 2, profiles: {} })],
    ['newer', textOf({ version: 1.5, profiles: {} })],
    ['newer', textOf({ version: 99, store: 'in another form' })],
  ])('is %s: %j', (kind, text) => {
    expect(readDocument(text)).toEqual({ kind })
  })
})
