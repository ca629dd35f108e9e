import { describe, expect, it } from 'vitest'
import { appCodes, codeOf, fromBase32 } from './app-codes.ts'

// RFC 6238, appendix B: the key is this text; its codes have eight digits, of which apps show the last six.
const KEY = Buffer.from('12345678901234567890')
const VECTORS: readonly [seconds: number, code: string][] = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
]

describe('codes of an app', () => {
  it.each(VECTORS)('are those of the standard after %i seconds', (seconds, code) => {
    expect(codeOf(KEY, Math.floor(seconds / 30))).toBe(code.slice(2))
  })

  it('are good for their step, and the ones before and after', () => {
    const secret = appCodes.newSecret(KEY)
    const [at, code] = [1_111_111_111_000, '050471']
    const step = Math.floor(at / 30_000)
    for (const near of [at - 30_000, at, at + 30_000]) expect(appCodes.stepOf(secret, code, near)).toBe(step)
    for (const far of [at - 61_000, at + 61_000]) expect(appCodes.stepOf(secret, code, far)).toBeNull()
    for (const wrong of ['050472', '', '50471', '0504711'])
      expect(appCodes.stepOf(secret, wrong, at)).toBeNull()
  })

  it('are made from what an app can be given: base32, or an address with it', () => {
    const secret = appCodes.newSecret(KEY)
    // RFC 4648 says so of this text.
    expect(secret.expose()).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    expect(Buffer.from(fromBase32(secret.expose()))).toEqual(KEY)
    expect(appCodes.uri(secret, 'ada+x@example.test').expose()).toBe(
      `otpauth://totp/Claviger%3Aada%2Bx%40example.test?secret=${secret.expose()}&issuer=Claviger`,
    )
  })
})
