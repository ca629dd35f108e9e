import { expect, test } from 'vitest'
import { LEASE } from '../../test/support/deliverable.ts'
import { Secret } from '../domain/secret.ts'
import { claude } from './claude.ts'
import type { DeliveryInput } from './harness.ts'

function login(access: string) {
  const fields = { access: new Secret(access), scopes: new Secret('user:inference') }
  return { name: 'max', type: 'claude/oauth', fields } as const
}

function inputFor(mode: 'env' | 'helper', more: Partial<DeliveryInput> = {}): DeliveryInput {
  return {
    ...{ credential: login('sk-ant-oat01-test-1'), mode, environment: {}, userFiles: {}, projectFiles: {} },
    ...{ helperCommand: () => 'exit 1', lease: LEASE },
    ...more,
  }
}

function settingsIn(files: readonly { readonly path: string; readonly content: Secret }[]) {
  return JSON.parse(files.find(({ path }) => path === 'settings.json')?.content.expose() ?? 'null')
}

test('a login lies in the private settings, and nowhere else', () => {
  const environment = {
    CLAUDE_CODE_OAUTH_TOKEN: 'stray',
    CLAUDE_CODE_SIMPLE: '1',
    ANTHROPIC_API_KEY: 'stray',
  }
  const settings = { env: { CLAUDE_CODE_OAUTH_TOKEN: 'stray', LANG: 'C' }, theme: 'dark' }
  const userFiles = { 'settings.json': JSON.stringify(settings) }
  const delivery = claude.deliver(inputFor('helper', { environment, userFiles }))
  expect(delivery).toMatchObject({ mode: 'helper', isLive: true })
  expect(delivery.unset).toEqual(expect.arrayContaining(Object.keys(environment)))
  expect(JSON.stringify(Object.values(delivery.set).map((value) => value.expose()))).not.toContain('sk-ant')
  expect(settingsIn(delivery.files)).toEqual({
    theme: 'dark',
    env: { LANG: 'C', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-1' },
  })
})

test('another token is written beside what the program has changed meanwhile', () => {
  const now = { theme: 'light', env: { LANG: 'C', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-1' } }
  const files = claude.rewrite?.(login('sk-ant-oat01-test-2'), { 'settings.json': JSON.stringify(now) })
  expect(settingsIn(files ?? [])).toEqual({
    theme: 'light',
    env: { LANG: 'C', CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-2' },
  })
})

test('neither token is carried into the settings of the person', () => {
  const text = (token: string | null) =>
    JSON.stringify({ env: { LANG: 'C', ...(token !== null && { CLAUDE_CODE_OAUTH_TOKEN: token }) } })
  for (const before of [text(null), text('their-own'), null]) {
    const delivered = text('sk-ant-oat01-test-1')
    const history = { before, delivered, after: text('sk-ant-oat01-test-2'), now: before }
    expect(claude.mergeBack('settings.json', history).text ?? '').not.toContain('sk-ant')
  }
})

test('a project that could outrank it is refused, unless it is handed over in the environment', () => {
  const projectFiles = { '.claude/settings.json': JSON.stringify({ env: { ANTHROPIC_API_KEY: 'theirs' } }) }
  expect(() => claude.deliver(inputFor('helper', { projectFiles }))).toThrow('which outranks')
  const delivery = claude.deliver(inputFor('env', { projectFiles }))
  expect(delivery.isLive).toBeUndefined()
  expect(delivery.set['CLAUDE_CODE_OAUTH_TOKEN']?.expose()).toBe('sk-ant-oat01-test-1')
  expect(delivery.set['CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST']?.expose()).toBe('1')
})

test('only the program itself is looked after while it runs', () => {
  expect(claude.defaultMode('claude/oauth', ['claude', '-p', 'hi'])).toBe('helper')
  expect(claude.defaultMode('claude/oauth', ['/usr/bin/claude'])).toBe('helper')
  expect(claude.defaultMode('claude/oauth', ['make', 'agent'])).toBe('env')
})
