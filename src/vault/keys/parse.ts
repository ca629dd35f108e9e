// The text form of a master key: 32 bytes as 64 hexadecimal digits or as base64.

import { ClavigerError } from '../../domain/errors.ts'

/** Reads a master key; `source` is where it came from, for the message. Throws `unavailable`. */
export function parseMasterKey(text: string, source: string): Uint8Array {
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
