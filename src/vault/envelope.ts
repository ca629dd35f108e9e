// Envelope encryption with AES-256-GCM (NIST SP 800-38D), the one implementation of the vault port.
//
//   wrapped key = 0x01 · key id (16) · nonce (12) · encrypted data key (32) · tag (16)   under the master key
//   sealed value = 0x01 · nonce (12) · encrypted text · tag (16)                         under the data key
//
// The additional data of each is a JSON array that names its purpose and its place, so nothing opens elsewhere. The key
// id is an HMAC of the master key: it commits to the key (GCM alone does not) and serves as the key check value. Values
// are bound to the master key through their data key, which lets re-keying rewrap data keys only.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { ClavigerError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import type { KeyContext, ValueContext, Vault } from './vault.ts'

const FORMAT = 1
const KEY_ID_LENGTH = 16
const NONCE_LENGTH = 12
const TAG_LENGTH = 16
const HEADER_LENGTH = 1 + KEY_ID_LENGTH
const MAX_UNWRAPPED = 1000

/** A vault over one master key of 32 bytes. */
export function createVault(masterKey: Uint8Array): Vault {
  if (masterKey.length !== 32) throw new ClavigerError('unavailable', 'The master key must have 32 bytes.')
  const keyIdBytes = createHmac('sha256', masterKey)
    .update('claviger master key id v1')
    .digest()
    .subarray(0, KEY_ID_LENGTH)
  const keyId = keyIdBytes.toString('hex')
  const header = Buffer.concat([Buffer.of(FORMAT), keyIdBytes])
  // A KeyObject halves the cost of each operation against raw bytes.
  const master = createSecretKey(masterKey)

  function wrap(dataKey: Uint8Array, context: KeyContext): Uint8Array {
    return Buffer.concat([header, encrypt(master, keyAad(keyId, context), dataKey)])
  }

  function unwrapBytes(wrapped: Uint8Array, context: KeyContext): Uint8Array {
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength)
    if (!bytes.subarray(0, HEADER_LENGTH).equals(header))
      throw doesNotOpen('its data key is under another master key')
    return decrypt(master, keyAad(keyId, context), bytes.subarray(HEADER_LENGTH))
  }

  // A data key that was unwrapped for exactly this place is kept for a while: it is as safe as the master key beside it.
  const unwrapped = new Map<string, KeyObject>() // place and wrapped bytes → data key

  function unwrap(wrapped: Uint8Array, context: KeyContext): KeyObject {
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength)
    const name = `${keyAad(keyId, context)}${bytes.toString('latin1')}`
    const known = unwrapped.get(name)
    if (known !== undefined) return known
    const key = createSecretKey(unwrapBytes(wrapped, context))
    if (unwrapped.size >= MAX_UNWRAPPED) unwrapped.clear()
    unwrapped.set(name, key)
    return key
  }

  return {
    keyId,
    createKey: (context) => wrap(randomBytes(32), context),
    rewrapKey: (wrapped, from, to) => wrap(unwrapBytes(wrapped, from), to),
    seal(wrapped, key, value, plaintext) {
      const text = Buffer.from(plaintext.expose(), 'utf8')
      return Buffer.concat([Buffer.of(FORMAT), encrypt(unwrap(wrapped, key), valueAad(value), text)])
    },
    authenticate(purpose) {
      const key = createHmac('sha256', master).update(`claviger authenticate v1 ${purpose}`).digest()
      const hmac = createHmac('sha256', key)
      return { update: (text) => void hmac.update(text), digest: () => hmac.digest('hex') }
    },
    sizeOf: (sealed) => Math.max(0, sealed.length - 1 - NONCE_LENGTH - TAG_LENGTH),
    open(wrapped, key, value, sealed) {
      if (sealed[0] !== FORMAT) throw doesNotOpen('its format is unknown')
      const opened = decrypt(unwrap(wrapped, key), valueAad(value), sealed.subarray(1))
      return new Secret(Buffer.from(opened).toString('utf8'))
    },
  }
}

function keyAad(keyId: string, context: KeyContext): string {
  const { organizationId, credentialId, owner, type, name, version } = context
  return JSON.stringify([
    'claviger data key v1',
    keyId,
    organizationId,
    credentialId,
    owner,
    type,
    name,
    version,
  ])
}

function valueAad({ organizationId, credentialId, field, version, fields }: ValueContext): string {
  return JSON.stringify(['claviger value v1', organizationId, credentialId, field, version, fields])
}

function encrypt(key: KeyObject, aad: string, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad))
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: KeyObject, aad: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length < NONCE_LENGTH + TAG_LENGTH) throw doesNotOpen('it is too short')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_LENGTH), {
    authTagLength: TAG_LENGTH,
  })
  decipher.setAAD(Buffer.from(aad)).setAuthTag(bytes.subarray(bytes.length - TAG_LENGTH))
  const head = decipher.update(bytes.subarray(NONCE_LENGTH, bytes.length - TAG_LENGTH))
  try {
    return Buffer.concat([head, decipher.final()])
  } catch (cause) {
    throw doesNotOpen('it was altered, moved or belongs to another version', cause)
  }
}

function doesNotOpen(detail: string, cause?: unknown): ClavigerError {
  return new ClavigerError('unavailable', 'A sealed value does not open.', {
    hint: 'The database was altered, or its master key is another one. Restore a backup, or enter the value again.',
    detail,
    cause,
  })
}
