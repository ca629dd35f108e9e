// The codes that authenticator apps show (RFC 6238, over RFC 4226): six digits, thirty seconds, SHA-1, which is what all of
// the apps know. A code of the step before or after counts too: clocks differ.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { Secret } from '../domain/secret.ts'
import type { AppCodes } from './identity.ts'

const STEP_MS = 30_000
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export const appCodes: AppCodes = {
  newSecret: (random) => new Secret(toBase32(random)),
  uri: (secret, email) => {
    const account = encodeURIComponent(`Claviger:${email}`)
    return new Secret(`otpauth://totp/${account}?secret=${secret.expose()}&issuer=Claviger`)
  },
  stepOf: (secret, code, at) => {
    const key = fromBase32(secret.expose())
    const now = Math.floor(at / STEP_MS)
    return [now, now - 1, now + 1].find((step) => isEqual(codeOf(key, step), code)) ?? null
  },
}

/** The code of one time step. */
export function codeOf(key: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', key).update(counter).digest()
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** RFC 4648, without padding. */
export function fromBase32(text: string): Uint8Array {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Uint8Array.from(bits.match(/[01]{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/[01]{5}/g) ?? []).map((five) => ALPHABET.charAt(Number.parseInt(five, 2))).join('')
}

function isEqual(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
