// Where the profiles of an agent lie, and whether that is a place to keep them in: a directory of ours, on a disk of this
// machine. Everything that is wrong with it is said, with what to do; no file is ever taken for one that is not there.

import { isUtf8 } from 'node:buffer'
import { accessSync, constants, lstatSync, readdirSync, readFileSync, type Stats, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { checkParent, errorCode, UnsafePathError } from '../lib/atomic-file.ts'
import { makeDirectories } from '../lib/files/make-directories.ts'

/** The files of one agent. */
export interface AgentPlace {
  readonly stateDirectory: string
  readonly agent: string
  readonly directory: string
  /** `auth-profiles.json`. */
  readonly profiles: string
  /** `auth-state.json`: only where OpenClaw has made one. */
  readonly state: string
  /** What is known of the profiles beside their values. */
  readonly ledger: string
  /** Both of these as they are to be, also those of other agents, while they are being replaced (pair.ts). */
  readonly pending: string
  readonly lock: string
  /** What coderClaw and OpenClaw have while they change the profiles. */
  readonly lockOfOthers: string
  /** Journals of renewals, one for each process that renews. */
  readonly renewals: string
}

/** The agent that others read through to. */
export const MAIN_AGENT = 'main'

/** The agents of a state directory, by name. */
export function agentsIn(stateDirectory: string): string[] {
  try {
    const entries = readdirSync(join(stateDirectory, 'agents'), { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw unusable(join(stateDirectory, 'agents'), error)
  }
}

/** The place of an agent in a state directory; nothing is looked at. */
export function placeOf(stateDirectory: string, agent: string): AgentPlace {
  const directory = join(stateDirectory, 'agents', agent, 'agent')
  return {
    ...{ stateDirectory, agent, directory },
    profiles: join(directory, 'auth-profiles.json'),
    state: join(directory, 'auth-state.json'),
    ledger: join(directory, 'auth-profiles.ledger.json'),
    pending: join(directory, 'auth-profiles.pending.json'),
    lock: join(directory, 'auth-profiles.lock'),
    lockOfOthers: join(directory, 'auth-profiles.json.lock'),
    renewals: join(directory, 'renewals'),
  }
}

/** Makes the directory (0700) where there is none. Throws `invalid` where profiles cannot be kept there. */
export async function preparePlace({ directory }: AgentPlace): Promise<void> {
  try {
    makeDirectories(directory)
    // An agent that is a link to another would wait for itself.
    for (const one of [dirname(dirname(directory)), dirname(directory), directory]) await checkParent(one)
    accessSync(directory, constants.W_OK)
  } catch (cause) {
    throw unusable(directory, cause)
  }
  mustBeLocal(directory)
}

/** Throws `invalid` for a directory that other machines may see too. */
export function mustBeLocal(directory: string): void {
  const network = networkOf(directory)
  if (network === null) return
  throw new ClavigerError('invalid', `${directory} is on a network file system (${network}).`, {
    hint: 'Two machines cannot keep out of each other’s way there. Put the state directory on a disk of this machine: CLAVIGER_STATE_DIR.',
  })
}

/** The text of the file, or null when there is none. Throws `invalid` for what is no file of ours. */
export function readOwnFile(path: string): string | null {
  try {
    const found = lstatSync(path)
    mustBeOurs(path, found)
    return textIn(path, readFileSync(path))
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null
    if (cause instanceof ClavigerError) throw cause
    throw unusable(path, cause)
  }
}

// What is no text would not come back as it was.
function textIn(path: string, bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new ClavigerError('invalid', `${path} is damaged: it is no text.`, {
    hint: 'Put a copy back, or remove it to begin anew. Nothing was changed.',
  })
}

/** Throws `invalid` for a file that its owner has made read-only. */
export function mustBeWritable(path: string): void {
  try {
    if ((lstatSync(path).mode & 0o200) !== 0) return
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw unusable(path, error)
  }
  throw new ClavigerError('invalid', `${path} is read-only.`, {
    hint: `Nothing was changed. A login that is renewed must be written there: chmod u+w ${path}`,
  })
}

/** What the system says of this place, as a sentence with what to do. */
export function unusable(path: string, cause: unknown): ClavigerError {
  if (cause instanceof UnsafePathError)
    return new ClavigerError('invalid', cause.message, {
      hint: 'Nothing was changed. Mend that first.',
      cause,
    })
  const code = errorCode(cause)
  const isFull = ['ENOSPC', 'EDQUOT'].includes(code)
  const what = REASONS[code] ?? `cannot be used (${code || 'unknown error'}).`
  return new ClavigerError(isFull ? 'storage_full' : 'invalid', `${path} ${what}`, {
    hint: isFull
      ? 'Make room there, and try again.'
      : 'See who owns it, or choose another place: CLAVIGER_STATE_DIR.',
    cause,
  })
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'is not readable or writable for this user.',
  EPERM: 'is not readable or writable for this user.',
  EROFS: 'is on a file system that is mounted read-only.',
  ENOSPC: 'cannot be written: the disk is full.',
  EDQUOT: 'cannot be written: the quota is used up.',
  EISDIR: 'is a directory.',
  ENOENT: 'is not there, and cannot be made.',
  ELOOP: 'is a symbolic link.',
}

// A link would have two agents renew one login, each in its own time.
function mustBeOurs(path: string, found: Stats): void {
  const refuse = (what: string, hint: string) => {
    throw new ClavigerError('invalid', `${path} ${what}`, { hint })
  }
  if (found.isSymbolicLink())
    refuse(
      'is a symbolic link.',
      'Agents need no links: each reads the profiles of the main agent as well. Remove it.',
    )
  if (!found.isFile()) refuse('is not a regular file.', 'Move it away.')
  if (found.nlink > 1)
    refuse('has a second name (a hard link).', 'Remove the other one: two agents would renew one login.')
  const own = process.geteuid?.()
  if (own !== undefined && found.uid !== own)
    refuse('belongs to another user.', 'Run this as its owner, or choose another place: CLAVIGER_STATE_DIR.')
}

// Magic numbers of statfs(2) on Linux; elsewhere they are not looked at.
const NETWORKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9P'],
  [0x65735546, 'FUSE'],
])

function networkOf(directory: string): string | null {
  if (process.platform !== 'linux') return null
  return NETWORKS.get(Number(statfsSync(directory, { bigint: true }).type & 0xffffffffn)) ?? null
}
