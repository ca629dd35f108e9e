import { describe, expect, test } from 'vitest'
import { credentialTable, type SandboxCredential } from './credentials.ts'

const key: SandboxCredential = { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-1' }
const pair = {
  provider: 'bedrock',
  kind: 'access-key',
  accessKeyId: 'access-key-1',
  secretAccessKey: 'secret-1',
} as const

describe('a taught credential', () => {
  test('keeps its state until it is taught another', () => {
    const table = credentialTable([key])
    expect(table.use(key, true)).toBe('ok')
    table.teach(key, 'revoked')
    expect([table.use(key, true), table.use(key, false)]).toEqual(['revoked', 'revoked'])
    table.teach(key.value, 'ok')
    expect(table.use(key, true)).toBe('ok')
  })

  test('goes back to its state after the number of requests', () => {
    const table = credentialTable([key])
    table.teach(key, 'forbidden')
    table.teach(key, 'expired', 2)
    expect(table.list()).toEqual([{ credential: key, state: 'expired' }])
    expect([1, 2, 3].map(() => table.use(key, true))).toEqual(['expired', 'expired', 'forbidden'])
  })

  test('is refused from a chosen request on, and until then is what it was', () => {
    const table = credentialTable([key])
    table.teach(key, 'revoked', undefined, 2)
    expect(table.list()).toEqual([{ credential: key, state: 'ok' }])
    expect([1, 2, 3, 4].map(() => table.use(key, true))).toEqual(['ok', 'ok', 'revoked', 'revoked'])
    table.teach(key, 'expired', 1, 1)
    expect([1, 2, 3].map(() => table.use(key, true))).toEqual(['ok', 'expired', 'ok'])
    table.teach(key, 'no-credit', 1, 1)
    expect([false, true, false, true].map((isModel) => table.use(key, isModel))).toEqual([
      ...['ok', 'ok', 'ok', 'no-credit'],
    ])
  })

  test.each(['no-credit', 'rate-limited', 'used-up', 'overloaded'] as const)(
    '%s refuses model calls only',
    (state) => {
      const table = credentialTable([key])
      table.teach(key, state, 1)
      expect([table.use(key, false), table.use(key, true), table.use(key, true)]).toEqual(['ok', state, 'ok'])
      table.teach(key, state)
      expect([table.use(key, false), table.use(key, true)]).toEqual(['ok', state])
    },
  )

  test('accepted again is ok again', () => {
    const table = credentialTable([key])
    table.teach(key, 'revoked')
    table.accept(key)
    expect(table.use(key, true)).toBe('ok')
  })

  test('by access key id is every session of it, by credential only that one', () => {
    const first = { ...pair, sessionToken: 'session-1' }
    const second = { ...pair, sessionToken: 'session-2' }
    const table = credentialTable([first, second])
    table.teach(first, 'expired')
    expect([table.use(first, true), table.use(second, true)]).toEqual(['expired', 'ok'])
    table.teach('access-key-1', 'revoked')
    expect([table.use(first, true), table.use(second, true)]).toEqual(['revoked', 'revoked'])
  })

  test('must have been accepted, and a count must be one', () => {
    const table = credentialTable([key])
    expect(() => table.teach('sk-ant-test-2', 'revoked')).toThrow('not told to accept')
    expect(() => table.teach(key, 'revoked', 0)).toThrow(RangeError)
    expect(() => table.teach(key, 'revoked', 1, -1)).toThrow(RangeError)
    expect(table.use(key, true)).toBe('ok')
  })
})
