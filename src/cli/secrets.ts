// Where the command line takes secrets from (standard input, files) and where it writes its own login. The only file of
// the command line that takes a Secret apart: to save a login, and to send the fields a person entered.

import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import { codeKind, tokenKind } from '../domain/token.ts'
import type { FieldValues } from '../domain/values.ts'
import { errorCode, readIfThere, writeFileAtomically } from '../lib/atomic-file.ts'
import { identifyProcess, isAlive } from '../lib/process.ts'
import type { Input } from './ui.ts'

// More than any value may have (128 KiB), so that the error can say how much too long it is.
const MAX_INPUT_BYTES = 1024 * 1024

/** A token that was saved for one server. */
export interface Login {
  readonly server: string
  readonly token: Secret
}

/** Everything on standard input. Throws `too_large`, or `invalid` for what is no text. */
export async function readPiped(stdin: Input): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_INPUT_BYTES) throw tooLarge('Standard input')
    chunks.push(bytes)
  }
  return decode(Buffer.concat(chunks), 'Standard input')
}

/** The text of a file a person named, with this option. Throws `invalid` (not there, no text) or `too_large`. */
export async function readValueFile(path: string, option = '--value-file'): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > MAX_INPUT_BYTES) throw tooLarge(path)
      return decode(await file.readFile(), path)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof ClavigerError) throw error
    throw new ClavigerError('invalid', `${path} cannot be read (${errorCode(error) || 'unknown reason'}).`, {
      hint: `Check the path given to ${option}.`,
      cause: error,
    })
  }
}

/** The text of a file that another program keeps its login in. Throws `not_found` with this hint when there is none. */
export async function readFileOfProgram(path: string, hint: string): Promise<string> {
  try {
    return await readValueFile(path, '--from')
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || errorCode(thrown.cause) !== 'ENOENT') throw thrown
    throw new ClavigerError('not_found', `There is no file ${path}.`, { hint })
  }
}

/** Reads one of our own tokens. Throws `unauthenticated` for what cannot be one, without repeating it. */
export function readToken(text: string, from: string): Secret {
  const token = text.trim()
  if (codeKind(token) === 'enrol') {
    throw new ClavigerError('unauthenticated', `${from} holds a code that enrols a worker, not a token.`, {
      hint: 'Use it for that: claviger worker --enrol',
    })
  }
  if (tokenKind(token) !== null) return new Secret(token)
  throw new ClavigerError('unauthenticated', `${from} does not hold a Claviger token.`, {
    hint: 'A token starts with clv_api_. Make one: claviger admin tokens create --name NAME --role member --expires-in 30d',
  })
}

/** The fields a person entered, as they are sent to the server. */
export function fieldsToSend(values: FieldValues): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.expose()]))
}

/** A link that whoever asked for it is shown, once. */
export function shownOnce(link: Secret): string {
  return link.expose()
}

/** Makes the state directory and sees to it that a login can be saved there: before a code is used up for one. */
export async function mustBeAbleToSave(stateDirectory: string): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  const place = `${loginFile(stateDirectory)}.test`
  await writeFileAtomically(place, '')
  await rm(place, { force: true })
}

/** Saves the login of this state directory, 0600. */
export async function saveLogin(stateDirectory: string, { server, token }: Login): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  await writeFileAtomically(
    loginFile(stateDirectory),
    `${JSON.stringify({ server, token: token.expose() })}\n`,
  )
}

/** The saved login, or null. Throws `unauthenticated` when the file is damaged. */
export async function readLogin(stateDirectory: string): Promise<Login | null> {
  const path = loginFile(stateDirectory)
  const text = await readIfThere(path)
  if (text === null) return null
  const { server, token } = parse(text)
  if (typeof server === 'string' && typeof token === 'string' && URL.canParse(server)) {
    return { server, token: readToken(token, path) }
  }
  throw new ClavigerError('unauthenticated', `${path} is damaged.`, {
    hint: 'Sign in again: claviger login',
  })
}

/** Where the saved login lies. */
export function loginFile(stateDirectory: string): string {
  return join(stateDirectory, 'login.json')
}

/** The first person's token, which a server leaves in its own state directory, or null. */
export async function readAdminToken(stateDirectory: string): Promise<Secret | null> {
  const path = join(stateDirectory, 'admin.token')
  const text = await readIfThere(path)
  return text === null ? null : readToken(text, path)
}

/** Whether a server keeps its things there. */
export async function isOfServer(stateDirectory: string): Promise<boolean> {
  const found = ['admin.token', 'server.json'].map((name) => readIfThere(join(stateDirectory, name)))
  return (await Promise.all(found)).some((text) => text !== null)
}

/** The address a running server left in this state directory, or null when none runs. */
export async function readServerFile(stateDirectory: string): Promise<string | null> {
  const text = await readIfThere(join(stateDirectory, 'server.json'))
  if (text === null) return null
  const { url, pid, start } = parse(text)
  if (typeof url !== 'string' || typeof pid !== 'number' || !URL.canParse(url)) return null
  if (start !== null && typeof start !== 'string') return null
  // The name of a machine may change while a server runs; its process does not.
  const { host } = identifyProcess(process.pid)
  return isAlive({ host, pid, start }) ? url : null
}

/** The address of the server that was last in this state directory, also when it is gone; no token goes there. */
export async function lastAddress(stateDirectory: string): Promise<string | null> {
  const { url } = parse((await readIfThere(join(stateDirectory, 'server.json'))) ?? '')
  return typeof url === 'string' && URL.canParse(url) ? url : null
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // What it holds is not repeated: it may be a token.
    return {}
  }
}

function decode(bytes: Buffer, from: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ClavigerError('invalid', `${from} is not text in UTF-8.`, {
      hint: 'Save it as UTF-8 without formatting.',
      cause,
    })
  }
}

function tooLarge(from: string): ClavigerError {
  return new ClavigerError('too_large', `${from} has more than ${MAX_INPUT_BYTES} bytes.`, {
    hint: 'A value may have at most 128 KiB.',
  })
}
