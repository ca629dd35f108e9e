// B6: sealed rows that cannot be swapped. The vectors hold the format still: every release must open them.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { createVault } from './envelope.ts'
import type { KeyContext, ValueContext } from './vault.ts'

const KEY: KeyContext = {
  organizationId: 'org_1',
  credentialId: 'cred_1',
  owner: 'org',
  type: 'claude/api-key',
  name: 'main',
  version: 1,
}
const VALUE: ValueContext = {
  organizationId: 'org_1',
  credentialId: 'cred_1',
  field: 'key',
  version: 1,
  fields: ['baseUrl', 'key'],
}
const vault = createVault(new Uint8Array(32).fill(7))

function sealed(text: string) {
  const wrapped = vault.createKey(KEY)
  return { wrapped, bytes: vault.seal(wrapped, KEY, VALUE, new Secret(text)) }
}

describe('envelope (B6)', () => {
  it('gives back any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(text.isWellFormed())
        const { wrapped, bytes } = sealed(text)
        expect(vault.open(wrapped, KEY, VALUE, bytes).expose()).toBe(text)
      }),
    )
  })

  it.each([
    ['another id', { ...VALUE, credentialId: 'cred_2' }],
    ['another organization', { ...VALUE, organizationId: 'org_2' }],
    ['a set of fields that lacks one', { ...VALUE, fields: ['key'] }],
    ['another field', { ...VALUE, field: 'secretAccessKey' }],
    ['another version', { ...VALUE, version: 2 }],
  ])('does not open a value at %s', (_, place) => {
    const { wrapped, bytes } = sealed('text')
    expect(() => vault.open(wrapped, KEY, place, bytes)).toThrow('does not open')
  })

  it.each([
    ['another owner', { ...KEY, owner: 'user:eve' }],
    ['another type', { ...KEY, type: 'raw' }],
    ['another name', { ...KEY, name: 'PATH' }],
    ['an older version made current', { ...KEY, version: 0 }],
    ['another id', { ...KEY, credentialId: 'cred_2' }],
    ['another organization', { ...KEY, organizationId: 'org_2' }],
  ])('does not unwrap a data key for %s', (_, place) => {
    const { wrapped, bytes } = sealed('text')
    expect(() => vault.open(wrapped, place, VALUE, bytes)).toThrow('does not open')
  })

  it('does not open with the data key of another credential, even for the same place', () => {
    expect(() => vault.open(vault.createKey(KEY), KEY, VALUE, sealed('text').bytes)).toThrow('does not open')
  })

  it('notices every flipped bit and every truncation', () => {
    const { wrapped, bytes } = sealed('short')
    for (let i = 0; i < bytes.length; i += 1) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ 1
      expect(() => vault.open(wrapped, KEY, VALUE, flipped)).toThrow('does not open')
      expect(() => vault.open(wrapped, KEY, VALUE, bytes.subarray(0, i))).toThrow('does not open')
    }
    for (let i = 0; i < wrapped.length; i += 1) {
      const flipped = Uint8Array.from(wrapped)
      flipped[i] = (flipped[i] ?? 0) ^ 1
      expect(() => vault.open(flipped, KEY, VALUE, bytes)).toThrow('does not open')
    }
  })

  it('does not open under another master key, and names keys apart', () => {
    const other = createVault(new Uint8Array(32).fill(8))
    const { wrapped, bytes } = sealed('text')
    expect(other.keyId).not.toBe(vault.keyId)
    expect(() => other.open(wrapped, KEY, VALUE, bytes)).toThrow('does not open')
  })

  it('says which master key a value wants that it does not have', () => {
    const other = createVault(new Uint8Array(32).fill(8))
    const { wrapped, bytes } = sealed('text')
    const open = () => other.open(wrapped, KEY, VALUE, bytes)
    expect(open).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`another master key: ${vault.keyId}`) }),
    )
    expect(other.keyIdOf(wrapped)).toBe(vault.keyId)
  })

  it('moves a data key to a new owner, after which the old place no longer opens', () => {
    const { wrapped, bytes } = sealed('text')
    const moved = { ...KEY, owner: 'team:platform' }
    const rewrapped = vault.rewrapKey(wrapped, KEY, moved)
    expect(vault.open(rewrapped, moved, VALUE, bytes).expose()).toBe('text')
    expect(() => vault.open(rewrapped, KEY, VALUE, bytes)).toThrow('does not open')
  })
})

describe('several master keys', () => {
  const [one, two, three] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]

  it('wraps under the first and opens what is under any, each by the id in its header', () => {
    const old = createVault(one)
    const wrapped = old.createKey(KEY)
    const bytes = old.seal(wrapped, KEY, VALUE, new Secret('text'))
    const both = createVault(two, three, one)
    expect(both.keyIds).toEqual([two, three, one].map((key) => createVault(key).keyId))
    expect(both.keyId).toBe(both.keyIds[0])
    expect(both.open(wrapped, KEY, VALUE, bytes).expose()).toBe('text')
    const rewrapped = both.rewrapKey(wrapped, KEY, KEY)
    expect(both.keyIdOf(rewrapped)).toBe(both.keyId)
    expect(createVault(two).open(rewrapped, KEY, VALUE, bytes).expose()).toBe('text')
    expect(() => old.open(rewrapped, KEY, VALUE, bytes)).toThrow('does not open')
  })

  it('does not open a header that was pointed at another of its keys', () => {
    const both = createVault(two, one)
    const wrapped = Buffer.from(createVault(one).createKey(KEY))
    Buffer.from(both.keyId, 'hex').copy(wrapped, 1)
    expect(() => both.rewrapKey(wrapped, KEY, KEY)).toThrow('does not open')
  })

  it('does not open with a key it was told to forget, though it had opened before', () => {
    const changing = createVault(one)
    const wrapped = changing.createKey(KEY)
    const bytes = changing.seal(wrapped, KEY, VALUE, new Secret('text'))
    changing.use(two, one)
    expect(changing.open(wrapped, KEY, VALUE, bytes).expose()).toBe('text')
    expect(changing.keyIdOf(changing.createKey(KEY))).toBe(createVault(two).keyId)
    changing.use(two)
    expect(() => changing.open(wrapped, KEY, VALUE, bytes)).toThrow('does not open')
  })
})

describe('vectors', () => {
  const file = new URL('../../test/vectors/envelope-v1.json', import.meta.url)
  const vectors: { masterKey: string; keyId: string; cases: Vector[] } = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  interface Vector {
    key: KeyContext
    value: ValueContext
    wrapped: string
    sealed: string
    plaintext: string
  }

  it.each(vectors.cases)('opens $value.field of $key.credentialId, version $value.version', (one) => {
    const old = createVault(Buffer.from(vectors.masterKey, 'hex'))
    expect(old.keyId).toBe(vectors.keyId)
    const opened = old.open(
      Buffer.from(one.wrapped, 'base64'),
      one.key,
      one.value,
      Buffer.from(one.sealed, 'base64'),
    )
    expect(opened.expose()).toBe(one.plaintext)
  })
})

describe('authenticate', () => {
  const digest = (key: Uint8Array, purpose: string, ...texts: string[]) => {
    const authenticator = createVault(key).authenticate(purpose)
    for (const text of texts) authenticator.update(text)
    return authenticator.digest()
  }

  it('depends on the key, the purpose and every character, and not on the pieces', () => {
    const [a, b] = [randomBytes(32), randomBytes(32)]
    expect(digest(a, 'backup', 'one', 'two')).toBe(digest(a, 'backup', 'onetwo'))
    expect(digest(a, 'backup', 'one')).toMatch(/^[0-9a-f]{64}$/)
    const all = [
      digest(a, 'backup', 'x'),
      digest(b, 'backup', 'x'),
      digest(a, 'other', 'x'),
      digest(a, 'backup', 'y'),
    ]
    expect(new Set(all).size).toBe(4)
  })

  it('stays what it was: backups made by every release can be restored', () => {
    expect(digest(new Uint8Array(32).fill(7), 'backup', 'x')).toBe(
      '6d173b1c3af617a835e9e7cfec9d5b8e5a8179d96b14e3cc6e95b0fca6f3030a',
    )
  })
})
