// Whether a message reached the program that it was given to. Programs keep a record of each session, a line a message,
// before they ask their model. When a process, or the worker itself, was gone before the turn was over, that record says
// whether the message is in the conversation: it is given once, and never twice.

import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, readIfThere, writeFileAtomically } from '../../lib/atomic-file.ts'

/** How far the record of a session had come when the program was given a message. */
interface Giving {
  readonly message: string
  readonly session: string | null
  readonly size: number
}

export interface SessionRecord {
  /** To be called before the program is given a message. */
  giving(message: string, session: string | null): Promise<void>
  /** Whether the program has taken down this text since it was given this message. */
  holds(message: string, text: string, session: string | null): Promise<boolean>
}

/** `note`: a file that stays with the run. `configuration`: where the program keeps its sessions. */
export function createSessionRecord(note: string, configuration: string): SessionRecord {
  return {
    async giving(message, session) {
      const before = await readNote(note)
      // It is given once; what follows is a continuation of it.
      if (before?.message === message) return
      const giving: Giving = { message, session, size: await sizeOf(configuration, session) }
      await writeFileAtomically(note, JSON.stringify(giving))
    },
    async holds(message, text, session) {
      const giving = await readNote(note)
      if (giving?.message !== message || session === null) return false
      const from = giving.session === session ? giving.size : 0
      const added = await readFrom(configuration, session, from)
      return added.split('\n').some((line) => isIn(line, text))
    },
  }
}

async function readNote(note: string): Promise<Giving | null> {
  const text = await readIfThere(note)
  if (text === null) return null
  const { message, session, size } = JSON.parse(text) as Partial<Giving>
  if (typeof message !== 'string' || typeof size !== 'number') return null
  return { message, session: session ?? null, size }
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

// Claude Code: projects/<directory>/<id>.jsonl. Codex: sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl.
async function recordOf(configuration: string, session: string): Promise<string | null> {
  const places = [join(configuration, 'projects'), join(configuration, 'sessions')]
  for (const place of places) {
    const names = await readdir(place, { recursive: true }).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return []
      throw error
    })
    const found = names.find((name) => name.endsWith(`${session}.jsonl`))
    if (found !== undefined) return join(place, found)
  }
  return null
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
