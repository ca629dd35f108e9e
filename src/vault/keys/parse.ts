// The text form of master keys: 32 bytes each, as 64 hexadecimal digits or as base64.

import { ClavigerError } from '../../domain/errors.ts'

/** The current key, which comes first, and the older ones that still open. */
export type MasterKeys = readonly [Uint8Array, ...Uint8Array[]]

/**
 * Reads one key or several; `between` is what stands between two of them and `source` where the text came from, for the
 * message. Throws `unavailable`.
 */
export function parseMasterKeys(text: string, source: string, between: RegExp): MasterKeys {
  const [first = '', ...others] = text.split(between).filter((part) => part.trim() !== '')
  const place = (n: number) => (others.length === 0 ? source : `${source}, number ${n}`)
  const keys: MasterKeys = [
    parseMasterKey(first, place(1)),
    ...others.map((part, i) => parseMasterKey(part, place(i + 2))),
  ]
  const texts = new Set(keys.map((key) => Buffer.from(key).toString('hex')))
  if (texts.size === keys.length) return keys
  throw new ClavigerError('unavailable', `The same master key is in ${source} twice.`, {
    hint: 'The first is the one in use; the others are older ones that still open.',
  })
}

function parseMasterKey(text: string, source: string): Uint8Array {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex')
  const base64 = Buffer.from(trimmed, 'base64')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed) && base64.length === 32) return base64
  throw new ClavigerError(
    'unavailable',
    `The master key in ${source} is not 32 bytes in base64 or hexadecimal.`,
    {
      hint: 'Make one with: openssl rand -base64 32',
    },
  )
}
