// Profiles of plugins as credentials, and back.

import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import type { FieldValues } from '../domain/values.ts'
import { tokensIn } from '../providers/plugin/plugins.ts'
import { profileWith, type ReadTokens, understand } from './content.ts'

const NOW = Date.UTC(2026, 0, 1)
const read: ReadTokens = (type, answer, before) => tokensIn(type, answer, before, NOW)

const LOGIN = {
  ...{ type: 'oauth', provider: 'acme', access: 'sk-acme-1', refresh: 'acme-refresh-1', expires: NOW + 1 },
  ...{ accountId: 'account-1', email: 'ada@acme.test', theirs: 'kept' },
  metadata: { credential: 'codex/api-key', baseUrl: 'https://acme.test/v1', own: 'kept' },
}
const KEY = {
  ...{ type: 'api_key', provider: 'acme', key: 'sk-ant-acme-1', email: 'ada@acme.test' },
  metadata: { credential: 'claude/api-key', accountId: 'account-1' },
}

const text = (values: FieldValues) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.expose()]))

describe('a profile of a plugin', () => {
  it('is a login when it is renewed', () => {
    const found = understand('acme:default', LOGIN, read)
    if (found.kind !== 'login') throw new Error(found.kind)
    expect(found).toMatchObject({ provider: 'acme', type: 'codex/api-key' })
    expect(found.tokens).toMatchObject({ renewable: true, expiresAt: NOW + 1, account: { id: 'account-1' } })
    expect(text(found.tokens.content.values)).toEqual({
      ...{ key: 'sk-acme-1', refresh: 'acme-refresh-1', plugin: 'acme', baseUrl: 'https://acme.test/v1' },
      ...{ accountId: 'account-1', email: 'ada@acme.test' },
    })
    expect(Object.values(found.tokens.content.shown)).not.toContain('acme-refresh-1')
  })

  it('is a key when it is not', () => {
    const found = understand('acme:default', KEY, read)
    if (found.kind !== 'values') throw new Error(found.kind)
    expect(found).toMatchObject({ type: 'claude/api-key', expiresAt: null })
    expect(text(found.content.values)).toEqual({
      ...{ key: 'sk-ant-acme-1', plugin: 'acme', accountId: 'account-1', email: 'ada@acme.test' },
    })
  })

  it.each([LOGIN, KEY])('comes back as it was, with what others have written into it', (profile) => {
    const found = understand('acme:default', profile, read)
    if (found.kind === 'unusable') throw new Error(found.why)
    const { values } = found.kind === 'login' ? found.tokens.content : found.content
    const expiresAt = found.kind === 'login' ? found.tokens.expiresAt : found.expiresAt
    expect(profileWith(found.type, values, expiresAt, profile)).toEqual(profile)
  })

  it('of another plugin takes nothing over from the one before', () => {
    const values = { key: new Secret('sk-x'), plugin: new Secret('other'), refresh: new Secret('r') }
    expect(profileWith('codex/api-key', values, NOW, LOGIN)).toEqual({
      ...{ type: 'oauth', provider: 'other', access: 'sk-x', refresh: 'r', expires: NOW },
      metadata: { credential: 'codex/api-key' },
    })
  })

  it.each([
    ['says of no type what it is', { ...KEY, metadata: {} }],
    ['says that it is a Claude sign-in', { ...LOGIN, metadata: { credential: 'claude/oauth' } }],
    ['has the name of no plugin', { ...KEY, provider: 'Not A Name' }],
    ['has a key of another type', { ...KEY, key: 'sk-other' }],
  ])('that %s serves no run', (_, profile) => {
    expect(understand('acme:default', profile, read)).toMatchObject({ kind: 'unusable' })
  })

  it('is not what a built-in provider has, whatever that says', () => {
    const profile = {
      type: 'api_key',
      provider: 'openai',
      key: 'sk-1',
      metadata: { plugin: 'acme', refresh: 'x' },
    }
    const found = understand('openai:default', profile, read)
    expect(found.kind === 'values' && text(found.content.values)).toEqual({ key: 'sk-1' })
  })
})
