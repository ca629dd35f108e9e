// Ed25519 (RFC 8032) over texts. Keys and signatures are the raw bytes in hexadecimal.

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

// What stands before the raw bytes of a key in DER (RFC 8410).
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export interface Signed {
  readonly publicKey: string
  readonly signature: string
}

/** Signs with the key of this seed, which has 32 bytes. */
export function signText(seed: Uint8Array, text: string): Signed {
  const key = createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: der.subarray(PUBLIC_PREFIX.length).toString('hex'),
    signature: sign(null, Buffer.from(text), key).toString('hex'),
  }
}

/** Whether the key signed this text; false for what is no key or no signature. */
export function isSigned(text: string, { publicKey, signature }: Signed): boolean {
  const key = readPublicKey(publicKey)
  return key !== null && verify(null, Buffer.from(text), key, Buffer.from(signature, 'hex'))
}

function readPublicKey(text: string): KeyObject | null {
  const raw = Buffer.from(text, 'hex')
  if (raw.length !== 32) return null
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' })
}
