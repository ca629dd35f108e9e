// A throw-away certificate authority: made at start, kept in memory, gone with the process. Only programs that are told
// to trust it do. It knows nothing of who listens with its certificates.

import { generateKeyPair } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import type { pki as Pki } from 'node-forge'

const KEY_BITS = 2048
const SERIAL_BYTES = 16
const LIFETIME_DAYS = 30
const DAY_MS = 86_400_000

// Clocks of containers differ a little, and a sandbox's own clock may have been moved.
const BACKDATED_DAYS = 2

const ALTERNATIVE_NAME = { dns: 2, ip: 7 } as const

/** What a TLS server needs, and what its callers must be told to trust. All in PEM. */
export interface Certificates {
  /** Of the authority. Its key is not kept. */
  readonly authority: string
  /** For all the names that were asked for. */
  readonly certificate: string
  readonly key: string
}

/** Makes an authority and one certificate for these host names and IP addresses, valid for a month. */
export async function throwAwayCertificates(names: readonly string[]): Promise<Certificates> {
  // Loaded here: only a sandbox that was asked for TLS pays for it.
  const { default: forge } = await import('node-forge')
  const { pki } = forge
  const [authorityKeys, serverKeys] = await Promise.all([newKeys(pki), newKeys(pki)])
  const issuer = subject('Claviger sandbox (throw-away authority)')
  const sign = (of: KeyPair, holder: Pki.CertificateField[], extensions: object[]) => {
    const certificate = pki.createCertificate()
    certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(SERIAL_BYTES))}`
    certificate.publicKey = of.publicKey
    certificate.validity.notBefore = new Date(Date.now() - BACKDATED_DAYS * DAY_MS)
    certificate.validity.notAfter = new Date(Date.now() + LIFETIME_DAYS * DAY_MS)
    certificate.setSubject(holder)
    certificate.setIssuer(issuer)
    certificate.setExtensions(extensions)
    certificate.sign(authorityKeys.privateKey, forge.md.sha256.create())
    return pki.certificateToPem(certificate)
  }
  return {
    authority: sign(authorityKeys, issuer, authorityExtensions()),
    certificate: sign(serverKeys, subject(names[0] ?? 'localhost'), serverExtensions(names)),
    key: pki.privateKeyToPem(serverKeys.privateKey),
  }
}

type KeyPair = Pki.rsa.KeyPair

// Node.js makes the keys, in its own threads; the library would do it in JavaScript.
async function newKeys(pki: typeof Pki): Promise<KeyPair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicKey: pki.publicKeyFromPem(publicKey), privateKey: pki.privateKeyFromPem(privateKey) }
}

function subject(commonName: string): Pki.CertificateField[] {
  return [{ name: 'commonName', value: commonName }]
}

function authorityExtensions(): object[] {
  return [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]
}

function serverExtensions(names: readonly string[]): object[] {
  const altNames = names.map((name) =>
    isIP(name) === 0 ? { type: ALTERNATIVE_NAME.dns, value: name } : { type: ALTERNATIVE_NAME.ip, ip: name },
  )
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames },
  ]
}
