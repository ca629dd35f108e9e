// Envelope encryption with AES-256-GCM (NIST SP 800-38D), the one implementation of the vault port.
//
//   wrapped key = 0x01 · key id (16) · nonce (12) · encrypted data key (32) · tag (16)   under the master key
//   sealed value = 0x01 · nonce (12) · encrypted text · tag (16)                         under the data key
//
// The additional data of each is a JSON array that names its purpose and its place, so nothing opens elsewhere. The key
// id is an HMAC of the master key: it commits to the key (GCM alone does not) and serves as the key check value. Values
// are bound to the master key through their data key, which lets re-keying rewrap data keys only. Several master keys can
// be known at once; the id in the header says which one a data key is under, and no other is tried.

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
import { signText } from '../lib/signature.ts'
import type { KeyContext, ValueContext, Vault } from './vault.ts'

const FORMAT = 1
const KEY_ID_LENGTH = 16
const NONCE_LENGTH = 12
const TAG_LENGTH = 16
const HEADER_LENGTH = 1 + KEY_ID_LENGTH
const MAX_UNWRAPPED = 1000

/** A vault whose master keys can be exchanged while it is in use. */
export interface EnvelopeVault extends Vault {
  /** From now on it wraps under `current`, and opens with `older` as well. What it had unwrapped is forgotten. */
  use(current: Uint8Array, ...older: readonly Uint8Array[]): void
}

interface MasterKey {
  readonly id: string
  readonly header: Buffer
  // A KeyObject halves the cost of each operation against raw bytes.
  readonly key: KeyObject
}

/** A vault over master keys of 32 bytes each: wraps under `current`, opens what is under any of them. */
export function createVault(current: Uint8Array, ...older: readonly Uint8Array[]): EnvelopeVault {
  let master = masterKey(current)
  let known = new Map<string, MasterKey>() // key id → key; the current one first

  function wrap(dataKey: Uint8Array, context: KeyContext): Uint8Array {
    return Buffer.concat([master.header, encrypt(master.key, keyAad(master.id, context), dataKey)])
  }

  function unwrapBytes(wrapped: Uint8Array, context: KeyContext): Uint8Array {
    const bytes = bufferOf(wrapped)
    if (bytes[0] !== FORMAT || bytes.length < HEADER_LENGTH)
      throw doesNotOpen('its data key has no known format')
    const id = keyIdOf(bytes)
    const found = known.get(id)
    if (found === undefined) throw underUnknownKey(id)
    return decrypt(found.key, keyAad(id, context), bytes.subarray(HEADER_LENGTH))
  }

  // A data key that was unwrapped for exactly this place is kept for a while: it is as safe as the master key beside it.
  const unwrapped = new Map<string, KeyObject>() // place and wrapped bytes → data key

  function unwrap(wrapped: Uint8Array, context: KeyContext): KeyObject {
    // The wrapped bytes begin with the id of the key they are under.
    const name = `${keyAad('', context)}${bufferOf(wrapped).toString('latin1')}`
    const kept = unwrapped.get(name)
    if (kept !== undefined) return kept
    const key = createSecretKey(unwrapBytes(wrapped, context))
    if (unwrapped.size >= MAX_UNWRAPPED) unwrapped.clear()
    unwrapped.set(name, key)
    return key
  }

  function use(first: Uint8Array, ...others: readonly Uint8Array[]): void {
    const keys = [first, ...others].map(masterKey)
    master = keys[0] ?? master
    known = new Map(keys.map((key) => [key.id, key]))
    unwrapped.clear()
  }

  use(current, ...older)
  return {
    get keyId() {
      return master.id
    },
    get keyIds() {
      return [...known.keys()]
    },
    use,
    keyIdOf,
    createKey: (context) => wrap(randomBytes(32), context),
    rewrapKey: (wrapped, from, to) => wrap(unwrapBytes(wrapped, from), to),
    seal(wrapped, key, value, plaintext) {
      const text = Buffer.from(plaintext.expose(), 'utf8')
      return Buffer.concat([Buffer.of(FORMAT), encrypt(unwrap(wrapped, key), valueAad(value), text)])
    },
    authenticate(purpose) {
      const key = createHmac('sha256', master.key).update(`claviger authenticate v1 ${purpose}`).digest()
      const hmac = createHmac('sha256', key)
      return { update: (text) => void hmac.update(text), digest: () => hmac.digest('hex') }
    },
    sizeOf: (sealed) => Math.max(0, sealed.length - 1 - NONCE_LENGTH - TAG_LENGTH),
    open(wrapped, key, value, sealed) {
      if (sealed[0] !== FORMAT) throw doesNotOpen('its format is unknown')
      const opened = decrypt(unwrap(wrapped, key), valueAad(value), sealed.subarray(1))
      return new Secret(Buffer.from(opened).toString('utf8'))
    },
    sign(purpose, text) {
      const seed = createHmac('sha256', master.key).update(`claviger signing key v1 ${purpose}`).digest()
      return signText(seed, text)
    },
  }
}

/** The id of a master key: an HMAC of it, in lower-case hexadecimal. */
function idOfKey(key: Uint8Array): string {
  const digest = createHmac('sha256', key).update('claviger master key id v1').digest()
  return digest.subarray(0, KEY_ID_LENGTH).toString('hex')
}

function masterKey(key: Uint8Array): MasterKey {
  if (key.length !== 32) throw new ClavigerError('unavailable', 'The master key must have 32 bytes.')
  const id = idOfKey(key)
  return { id, header: Buffer.concat([Buffer.of(FORMAT), Buffer.from(id, 'hex')]), key: createSecretKey(key) }
}

function keyIdOf(wrapped: Uint8Array): string {
  return bufferOf(wrapped).subarray(1, HEADER_LENGTH).toString('hex')
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
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

function underUnknownKey(id: string): ClavigerError {
  return new ClavigerError('unavailable', 'A sealed value does not open.', {
    hint: `Its data key is under another master key: ${id}. Give this server that key as well, behind its own, or restore a backup.`,
    detail: `its data key is under another master key: ${id}`,
  })
}

function doesNotOpen(detail: string, cause?: unknown): ClavigerError {
  return new ClavigerError('unavailable', 'A sealed value does not open.', {
    hint: 'The database was altered, or its master key is another one. Restore a backup, or enter the value again.',
    detail,
    cause,
  })
}
