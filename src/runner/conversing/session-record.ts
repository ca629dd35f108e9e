// Whether a message reached the program that it was given to. Programs keep a record of each session, a line a message.
// When a process, or the worker itself, was gone before the turn was over, that record says whether the message is in the
// conversation: it is given once, and never twice. What the session is called stands in a note beside it: the server hears
// of it later than the program begins it.

import { copyFile, mkdir, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { errorCode, readIfThere, writeFileAtomically } from '../../lib/atomic-file.ts'

/** What is known on this machine of the message that the program was given last. */
interface Note {
  readonly message: string
  /** In which session that was, and how far its record had come; null: in one that began with it. */
  readonly session: string | null
  readonly size: number
  readonly told: Told | null
}

/** What the program calls its session, or was asked to call it, and the model that it had last. */
export interface Told {
  readonly session: string
  readonly model: string | null
}

export interface SessionRecord {
  /** To be called before the program is given a message; `told`: what is known of the session by then. */
  giving(message: string, session: string | null, told: Told | null): Promise<void>
  /** To be called when the program has said what its session is called, before anybody else hears of it. */
  begun(told: Told): Promise<void>
  /** Whether the program has taken down this text since it was given this message. */
  holds(message: string, text: string, session: string | null): Promise<boolean>
  /** What is known on this machine of the message that was given last, and of its session. */
  recall(): Promise<Recalled | null>
  /** The session that this text is in; null: none. Where the program was gone before anybody heard what it is called. */
  sessionWith(text: string): Promise<string | null>
}

export interface Recalled {
  readonly message: string
  readonly told: Told | null
  /** Whether there is a record of that session. */
  readonly isThere: boolean
  /** Whether the session begins with the message. */
  readonly begins: boolean
}

/** `note`: a file that stays with the run. `configuration`: where the program keeps its sessions. */
export function createSessionRecord(note: string, configuration: string): SessionRecord {
  const write = (one: Note) => writeFileAtomically(note, JSON.stringify(one))
  return {
    async giving(message, session, told) {
      const before = await readNote(note)
      // It is given once; what follows is a continuation of it.
      if (before?.message !== message) {
        await write({ message, session, size: await sizeOf(configuration, session), told })
      } else if (told !== null && !isSame(told, before.told)) await write({ ...before, told })
    },
    async begun(told) {
      const before = await readNote(note)
      if (before !== null && !isSame(told, before.told)) await write({ ...before, told })
    },
    async holds(message, text, session) {
      const giving = await readNote(note)
      if (giving?.message !== message || session === null) return false
      const from = giving.session === session ? giving.size : 0
      const added = await readFrom(configuration, session, from)
      return added.split('\n').some((line) => isIn(line, text))
    },
    async recall() {
      const known = await readNote(note)
      if (known === null) return null
      const { message, session, told } = known
      const isThere = told !== null && (await recordOf(configuration, told.session)) !== null
      return { message, told, isThere, begins: session === null }
    },
    async sessionWith(text) {
      for (const file of await recordsIn(configuration)) {
        const session = NAME.exec(basename(file))?.[1]
        const lines = (await readIfThere(file))?.split('\n') ?? []
        if (session !== undefined && lines.some((line) => isIn(line, text))) return session
      }
      return null
    },
  }
}

/** Makes the record of a session known in another configuration home, where what is there has not come as far. */
export async function carryRecord(session: string, from: string, to: string): Promise<void> {
  const file = await recordOf(from, session)
  if (file === null) return
  const copy = join(to, relative(from, file))
  if ((await lengthOf(copy)) >= (await lengthOf(file))) return
  await mkdir(dirname(copy), { recursive: true, mode: 0o700 })
  await copyFile(file, copy)
}

async function lengthOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return 0
      throw error
    },
  )
}

function isSame(one: Told, other: Told | null): boolean {
  return one.session === other?.session && one.model === other.model
}

async function readNote(note: string): Promise<Note | null> {
  const text = await readIfThere(note)
  if (text === null) return null
  const { message, session, size, told } = JSON.parse(text) as Partial<Note>
  if (typeof message !== 'string' || typeof size !== 'number') return null
  return { message, session: session ?? null, size, told: told ?? null }
}
async function sizeOf(configuration: string, session: string | null): Promise<number> {
  const file = session === null ? null : await recordOf(configuration, session)
  return file === null ? 0 : (await stat(file)).size
}

async function readFrom(configuration: string, session: string, from: number): Promise<string> {
  const file = await recordOf(configuration, session)
  if (file === null) return ''
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - from)), 0, null, from)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function recordOf(configuration: string, session: string): Promise<string | null> {
  const files = await recordsIn(configuration)
  const isOf = (name: string) => name === `${session}.jsonl` || name.endsWith(`-${session}.jsonl`)
  return session === '' ? null : (files.find((file) => isOf(basename(file))) ?? null)
}

// Claude Code: projects/<directory>/<id>.jsonl. Codex: sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl.
async function recordsIn(configuration: string): Promise<string[]> {
  const places = [join(configuration, 'projects'), join(configuration, 'sessions')]
  const found = await Promise.all(
    places.map(async (place) => (await namesIn(place)).map((name) => join(place, name))),
  )
  return found.flat().filter((file) => file.endsWith('.jsonl'))
}

const NAME = /([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.jsonl$/

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory, { recursive: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
}

// Anywhere in the line as a whole text of somebody who is not the model: the shapes differ, and change.
function isIn(line: string, text: string): boolean {
  if (line === '' || !line.includes('"user"')) return false
  try {
    return holdsText(JSON.parse(line), text)
  } catch {
    // Cut through by a kill: the program has not taken it down.
    return false
  }
}

function holdsText(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.trim() === text.trim()
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((one) => holdsText(one, text))
}
