// The small pieces: secrets that cannot be printed, tokens, owners, names, permissions.

import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Caller, mayCredential, ROLES } from './caller.ts'
import { asClavigerError, ClavigerError } from './errors.ts'
import { checkName, checkVariableName, printable } from './names.ts'
import { formatOwner, type Owner, parseOwner } from './owner.ts'
import { Secret } from './secret.ts'
import { codeKind, formatCode, formatHandle, formatToken, leaseOfHandle, tokenKind } from './token.ts'

describe('Secret', () => {
  it('never prints', () => {
    const secret = new Secret('canary-value')
    const printed = [
      `${secret}`,
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { showHidden: true }),
      `${[secret]}`,
    ]
    for (const text of printed) {
      expect(text).toContain('[redacted]')
      expect(text).not.toContain('canary')
    }
    expect(Object.keys(secret)).toEqual([])
    expect(secret.expose()).toBe('canary-value')
  })
})

describe('tokens', () => {
  const bytes = fc.uint8Array({ minLength: 43, maxLength: 48 })

  const lease = `lease_${'0a'.repeat(16)}`

  it('know their own kind, and no altered token passes', () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.nat(42), (random, isApi, place) => {
        const token = isApi ? formatToken(random) : formatHandle(lease, random)
        expect([tokenKind(token), leaseOfHandle(token)]).toEqual(isApi ? ['api', null] : ['lease', lease])
        const at = token.length - 49 + place
        const other = token[at] === 'A' ? 'B' : 'A'
        expect(tokenKind(token.slice(0, at) + other + token.slice(at + 1))).toBeNull()
        expect(tokenKind(token.replace('0a', '0b').replace('api', 'apj'))).toBeNull()
      }),
    )
  })

  it('tell a code of enrolment from a token and from a handle', () => {
    const code = formatCode('enrol', new Uint8Array(48).fill(7))
    expect(code).toMatch(/^clv_enrol_[0-9A-Za-z]{49}$/)
    expect([codeKind(code), tokenKind(code), leaseOfHandle(code)]).toEqual(['enrol', null, null])
    expect(tokenKind(code.replace('enrol', 'api'))).toBeNull()
    expect(tokenKind(code.slice(0, -1))).toBeNull()
  })

  it.each(['', 'clv_api_', 'sk-ant-test', `clv_api_${'A'.repeat(49)}`])('refuse %j', (text) => {
    expect(tokenKind(text)).toBeNull()
  })
})

describe('owners', () => {
  const all: Owner[] = [
    { kind: 'org' },
    { kind: 'team', slug: 'web' },
    { kind: 'user', id: 'u1' },
    { kind: 'agent', name: 'a' },
  ]

  it.each(all)('%j reads back', (owner) => {
    expect(parseOwner(formatOwner(owner))).toEqual(owner)
  })

  it.each(['', 'team', 'team:', 'user:a b', 'org:x', 'group:x', 'team:../x'])('refuses %j', (text) => {
    expect(() => parseOwner(text)).toThrow(ClavigerError)
  })
})

describe('names', () => {
  it.each(['main', 'A.b_c-1', 'x'.repeat(64)])('accepts %j', (name) => checkName(name))

  it.each(['', '-x', '.x', 'a b', 'ü', 'x'.repeat(65), 'a/b', 'a\nb'])('refuses %j', (name) => {
    expect(() => checkName(name)).toThrow(/cannot be a name/)
  })

  it('never repeats what looks like a key', () => {
    for (const key of ['sk-ant-test-0123456789', 'AKIATESTTESTTEST', 'at-test-0123456789abcdef']) {
      expect(() => checkName(key)).toThrow(/^This looks like a key, not like a name.$/)
    }
  })

  it.each([
    ...[
      'PATH',
      'HTTPS_PROXY',
      'https_proxy',
      'No_Proxy',
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'NODE_EXTRA_CA_CERTS',
    ],
    ...[
      'NODE_PATH',
      'NODE_OPTIONS',
      'SSL_CERT_FILE',
      'SSL_CERT_DIR',
      'PYTHONPATH',
      'PYTHONSTARTUP',
      'PERL5OPT',
    ],
    ...['PERL5LIB', 'RUBYOPT', 'JAVA_TOOL_OPTIONS', 'GIT_CONFIG_COUNT', 'GIT_CONFIG_KEY_0', 'LD_PRELOAD'],
  ])('of raw secrets may not be %s', (name) => {
    expect(() => checkVariableName(name)).toThrow(/it would change what a run executes or whom it talks to/)
  })

  it.each(['DATABASE_URL', 'GITHUB_TOKEN', 'NPM_TOKEN', 'PROXY_PASSWORD'])(
    'of raw secrets may be %s',
    (name) => {
      checkVariableName(name)
    },
  )

  it('are escaped in messages (L7)', () => {
    expect(printable('a\u001b[31m\u2028"')).toBe('a\\u{1b}[31m\\u{2028}\\u{22}')
  })
})

describe('permissions', () => {
  const caller = (over: Partial<Caller>): Caller => {
    const base = {
      organizationId: 'o',
      kind: 'person',
      id: 'ada',
      name: 'ada',
      teams: ['web'],
      requestId: '',
    } as const
    return { ...base, role: 'member', agent: null, operator: false, tokenId: null, leaseId: null, ...over }
  }
  const bob: Owner = { kind: 'user', id: 'bob' }

  it.each(ROLES)("nobody, whatever the role (%s), may use or manage another person's credential", (role) => {
    expect(mayCredential(caller({ role }), 'use', bob)).toBe(false)
    expect(mayCredential(caller({ role }), 'manage', bob)).toBe(false)
  })

  it('a member uses and manages the own and those of own teams, and only uses the organization', () => {
    const ada = caller({})
    expect(mayCredential(ada, 'manage', { kind: 'user', id: 'ada' })).toBe(true)
    expect(mayCredential(ada, 'manage', { kind: 'team', slug: 'web' })).toBe(true)
    expect(mayCredential(ada, 'exists', { kind: 'team', slug: 'platform' })).toBe(false)
    expect(mayCredential(ada, 'use', { kind: 'org' })).toBe(true)
    expect(mayCredential(ada, 'manage', { kind: 'org' })).toBe(false)
  })
})

describe('errors', () => {
  const keys = [
    ...['sk-ant-test-0123456789', 'sk-test-0123456789', 'at-test-0123456789abcdef', 'ABSKtest0123456789'],
    ...['AKIATESTTESTTEST', `clv_api_${'A'.repeat(49)}`, `eyJ${'a'.repeat(40)}.b.c`],
  ]

  it.each(keys)('never repeat a key somebody put in a wrong place: %s', (key) => {
    for (const text of [
      `There is no ${key}.`,
      `"${key}" is not right`,
      `--to=${key}`,
      `team:${key}`,
      `a,${key}`,
    ]) {
      const {
        message,
        hint = '',
        detail = '',
      } = new ClavigerError('invalid', text, { hint: text, detail: text })
      expect(message + hint + detail).not.toContain(key.slice(0, 12))
      expect(message).toContain('(looks like a key)')
    }
  })

  it.each([
    'It should start with sk-ant-oat01-. An example: sk-ant-oat01-…',
    'A token starts with clv_api_.',
    '/home/at-the-end-of-the-world/state cannot be written.',
    'There is no credential look-at-this-one-or-that-one.',
    'task-0123456789abcdef is over',
  ])('keep what is no key: %s', (text) => {
    expect(new ClavigerError('invalid', text).message).toBe(text)
  })

  it('say nothing of what was not expected', () => {
    const error = asClavigerError(new Error('password is hunter2'))
    expect([error.code, error.message, error.hint].join(' ')).not.toContain('hunter2')
    expect(error.detail).toContain('hunter2')
  })
})
