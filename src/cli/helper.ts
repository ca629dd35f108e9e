// `claviger helper`: prints one credential for a harness program's own hook, and nothing else. Run again and again, so it
// loads almost nothing: no command parser, no fetch, no schema library. Who may read what is decided by the handle in
// the lease file. Without one it is a profile of this machine, which takes a little longer.

import { readFileSync } from 'node:fs'
import { type LeaseFile, readLease } from '../client/lean.ts'
import { asClavigerError, ClavigerError, inOneLine } from '../domain/errors.ts'
import { EXIT_CODE_OF } from './exit-codes.ts'

const USAGE =
  'Use: claviger helper api-key|aws|codex-token --lease-file FILE, or without a server: claviger helper api-key --profile PROVIDER:NAME'

// The AWS SDK asks again when this is over; short, so that a rotated key arrives soon.
const AWS_VALID_MS = 15 * 60 * 1000

export interface HelperIo {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

type Fields = Readonly<Record<string, string>>

export type HelperKind = 'api-key' | 'aws' | 'codex-token'

/** Which profile of this machine is meant; without a name the first that fits. */
export interface WantedProfile {
  readonly kind: HelperKind
  readonly profile?: string
  readonly agent?: string
  readonly local?: boolean
}

/**
 * Prints the credential of the lease, or of the profile that `readProfile` reads; returns the exit code. On failure one line
 * on standard error says what to do.
 */
export async function runHelper(
  args: readonly string[],
  io: HelperIo,
  readProfile: (wanted: WantedProfile) => Promise<Fields>,
): Promise<number> {
  try {
    const { file, wanted } = meant(args)
    const fields = file === null ? await readProfile(wanted) : await readLease(readLeaseFile(file))
    io.stdout.write(`${PRINTERS[wanted.kind](fields)}\n`)
    return 0
  } catch (thrown) {
    const error = asClavigerError(thrown)
    io.stderr.write(`claviger: ${inOneLine(error).replace(/[\r\n]+/g, ' ')}\n`)
    return EXIT_CODE_OF[error.code]
  }
}

const PRINTERS: Readonly<Record<HelperKind, (fields: Fields) => string>> = {
  'api-key': apiKey,
  aws: awsCredentials,
  'codex-token': codexToken,
}

const NAMED = ['--profile', '--agent'] as const

function meant([kind, ...words]: readonly string[]): { file: string | null; wanted: WantedProfile } {
  if (kind === undefined || !isKind(kind)) throw misused()
  if (words[0] === '--lease-file') {
    const [, file, ...more] = words
    if (file === undefined || more.length > 0) throw misused()
    return { file, wanted: { kind } }
  }
  const found: { profile?: string; agent?: string; local?: boolean } = {}
  for (let i = 0; i < words.length; i += 1) {
    const flag = NAMED.find((name) => name === words[i])
    if (flag === undefined && words[i] !== '--local') throw misused()
    if (flag === undefined) found.local = true
    else {
      i += 1
      const value = words[i]
      if (value === undefined) throw misused()
      found[flag === '--profile' ? 'profile' : 'agent'] = value
    }
  }
  return { file: null, wanted: { kind, ...found } }
}

function isKind(word: string): word is HelperKind {
  return Object.hasOwn(PRINTERS, word)
}

function misused(): ClavigerError {
  return new ClavigerError('invalid', USAGE)
}

function apiKey(fields: Fields): string {
  const value = fields['key'] ?? fields['token']
  if (value !== undefined) return value
  throw new ClavigerError('invalid', 'The credential of this lease is not a key.', {
    hint: 'Use: claviger helper aws',
  })
}

// What the `auth` command of a model provider of Codex prints: whichever of its credentials is a bearer token.
function codexToken(fields: Fields): string {
  const value = fields['access'] ?? fields['token'] ?? fields['key']
  if (value !== undefined) return value
  throw new ClavigerError('invalid', 'The credential of this lease is not one of Codex.', {
    hint: 'Use: claviger helper aws',
  })
}

// The shape that `awsCredentialExport` of Claude Code reads.
function awsCredentials({ accessKeyId, secretAccessKey, sessionToken }: Fields): string {
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new ClavigerError('invalid', 'The credential of this lease is not an AWS access key.', {
      hint: 'Use: claviger helper api-key',
    })
  }
  return JSON.stringify({
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      ...(sessionToken !== undefined && { SessionToken: sessionToken }),
      Expiration: new Date(Date.now() + AWS_VALID_MS).toISOString(),
    },
  })
}

function readLeaseFile(path: string): LeaseFile {
  const { server, lease, handle } = parse(path)
  if (typeof server === 'string' && typeof lease === 'string' && typeof handle === 'string') {
    return { server, lease, handle }
  }
  throw new ClavigerError('invalid', 'This is not a lease file.', { hint: USAGE })
}

function parse(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch {
    // The parser's own message would quote the file, which holds the handle.
    throw new ClavigerError('no_credential', 'The run this helper belongs to is over.', {
      hint: 'Start it again with: claviger exec',
    })
  }
}
