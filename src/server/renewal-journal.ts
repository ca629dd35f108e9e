// The journal of renewals as a file in the state directory: lines that are only ever added, each on the disk before its
// promise resolves. It also keeps the name of this server: who has another journal is another server, and so is a copy.

import { type FileHandle, open, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { JournaledAnswer, Reached, RenewalJournal } from '../control/grants/renewing/journal.ts'
import { ClavigerError } from '../domain/errors.ts'
import { createSynced, errorCode, readIfThere, writeFileAtomically } from '../lib/atomic-file.ts'
import { newId } from '../lib/id.ts'

// How long a settled answer is kept: a database that loses its last commits is noticed sooner.
const KEPT_MS = 60 * 60_000
// When so many lines were added the file is written anew, without what nobody needs any more.
const LINES_AT_MOST = 5_000
// So many of its earlier names are remembered: an attempt that nobody knows the end of is not old.
const NAMES_AT_MOST = 8

export interface JournalFile {
  readonly journal: RenewalJournal
  /** The name this server keeps for as long as it is certain that nobody else has it. */
  readonly replica: string
  /** Names that servers with this journal had before, the last one first. Each may be that of a server that still runs. */
  readonly formerly: readonly string[]
  /** Where the last line was put that could not be read; null: it could. */
  readonly aside: string | null
  close(): Promise<void>
}

const text = z.string().min(1)
const reachedShape = z.object({ credentialId: text, login: text, generation: z.int() })
const answerShape = reachedShape.extend({
  ...{ attempt: text, organizationId: text, at: z.int(), sealed: z.base64() },
})

const lineShape = z.union([
  z.object({
    replica: text,
    lock: text.nullable().default(null),
    formerly: z.array(text).readonly().default([]),
  }),
  z.object({ answer: answerShape }),
  z.object({ settled: text, at: z.int() }),
  z.object({ reached: reachedShape }),
  z.object({ forgotten: text }),
])

type Line = z.infer<typeof lineShape>

interface Name {
  /** Empty: there was none. */
  readonly replica: string
  /** Of the one who had this name. */
  readonly lock: string | null
  readonly formerly: readonly string[]
}

interface Contents extends Name {
  readonly answers: Map<string, JournaledAnswer>
  readonly settledAt: Map<string, number>
  readonly reached: Map<string, Reached>
}

/**
 * Opens the journal at `path`, or begins one. A last line that was cut short is left out, and one that is whole and no
 * line of ours is put aside. `lock` names the lock on its directory; null: nothing is known of it. Throws `unavailable` when it cannot be
 * read or written, or is not ours.
 */
export async function openJournal(
  path: string,
  now: () => number,
  lock: string | null,
): Promise<JournalFile> {
  const { contents: found, unreadable } = read(path, (await readIfThere(path)) ?? '')
  const aside = unreadable === null ? null : await putAside(path, unreadable, now())
  const contents = { ...found, ...nameFor(found, lock) }
  let file = await begin(path, contents, now())
  let lines = 0
  let isTorn = false // what was written last may be there in part, and nothing may follow that
  let last: Promise<void> = Promise.resolve()

  const anew = async () => {
    const before = file
    file = await begin(path, contents, now())
    lines = 0
    await before.close()
  }
  const write = (line: Line): Promise<void> => {
    const written = last.then(async () => {
      if (isTorn) await anew()
      isTorn = true
      await file.appendFile(`${JSON.stringify(line)}\n`)
      await file.datasync()
      isTorn = false
      lines += 1
      // The line is written; that the others cannot be written anew is no matter of it. Half-way that may have put
      // another file in the place of this one, and what is added to this one then is lost.
      if (lines >= LINES_AT_MOST)
        await anew().catch(async () => {
          isTorn = !(await isAt(path, file))
        })
    })
    last = written.catch(() => undefined)
    return written
  }
  // What is only a note may be lost: it is found out again.
  const note = (line: Line) => void write(line).catch(() => undefined)
  return {
    ...{ replica: contents.replica, formerly: contents.formerly, aside },
    journal: journalOver(contents, now, write, note),
    close: async () => {
      await last
      await file.close()
    },
  }
}

/** The name that the journal at `path` keeps, whoever has it open; null when there is none to be read. */
export async function nameInJournal(path: string): Promise<string | null> {
  const [first = ''] = ((await readIfThere(path)) ?? '').split('\n', 1)
  const line = parse(first)
  return line !== null && 'replica' in line ? line.replica : null
}

// A journal that was copied has been somewhere else before, and whoever had its name there may be alive.
function nameFor({ replica, lock: before, formerly }: Name, lock: string | null): Name {
  if (replica !== '' && lock !== null && lock === before) return { replica, lock, formerly }
  const others = replica === '' ? [] : [replica, ...formerly].slice(0, NAMES_AT_MOST)
  return { replica: newId('replica'), lock, formerly: others }
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [there, here] = [await stat(path), await file.stat()]
    return there.dev === here.dev && there.ino === here.ino
  } catch {
    // Who cannot tell does not rely on it.
    return false
  }
}

type Write = (line: Line) => Promise<void>

function journalOver(
  contents: Contents,
  now: () => number,
  write: Write,
  note: (line: Line) => void,
): RenewalJournal {
  const { answers, settledAt, reached } = contents
  return {
    append: async (answer) => {
      answers.set(answer.attempt, answer)
      await write({ answer: { ...answer, sealed: Buffer.from(answer.sealed).toString('base64') } })
    },
    has: (attempt) => answers.has(attempt),
    answers: () => [...answers.values()],
    settled: (attempt) => {
      if (settledAt.has(attempt) || !answers.has(attempt)) return
      settledAt.set(attempt, now())
      note({ settled: attempt, at: now() })
      dropOld(contents, now())
    },
    reached: async (place) => {
      if (!take(reached, place)) return
      await write({ reached: place })
    },
    furthest: () => [...reached.values()],
    forget: (credentialId) => {
      reached.delete(credentialId)
      for (const { attempt, credentialId: of } of answers.values())
        if (of === credentialId) answers.delete(attempt)
      note({ forgotten: credentialId })
    },
  }
}

// False when that was known.
function take(all: Map<string, Reached>, place: Reached): boolean {
  const before = all.get(place.credentialId)
  all.set(place.credentialId, place)
  return before?.login !== place.login || before.generation !== place.generation
}

function dropOld({ answers, settledAt }: Contents, now: number): void {
  for (const [attempt, at] of settledAt) {
    if (now - at < KEPT_MS) continue
    settledAt.delete(attempt)
    answers.delete(attempt)
  }
}

interface Reading {
  readonly contents: Contents
  /** The last line, where that is none. */
  readonly unreadable: string | null
}

// Each line was on the disk before the next was begun, so a crash damages none but the last one: nobody was told that it
// is there. Any other was damaged later, and an answer may be lost with it.
function read(path: string, text: string): Reading {
  const contents = {
    ...{ replica: '', lock: null, formerly: [] },
    ...{ answers: new Map(), settledAt: new Map(), reached: new Map() },
  }
  // After the last line feed is what a crash has cut short, or nothing.
  const lines = text.split('\n').slice(0, -1)
  for (const [i, line] of lines.entries()) {
    const parsed = parse(line)
    if (parsed !== null) apply(contents, parsed)
    else if (i === lines.length - 1) return { contents, unreadable: line }
    else throw damaged(path, i + 1)
  }
  return { contents, unreadable: null }
}

// Null for what is none of ours.
function parse(line: string): Line | null {
  try {
    return lineShape.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

function damaged(path: string, line: number): ClavigerError {
  return new ClavigerError('unavailable', `Line ${line} of ${path} is damaged.`, {
    hint: 'It may hold the answer of a provider that is not stored yet. Keep a copy of the file, remove that line, and start again.',
  })
}

// For whoever wants to know what it was. Nothing else of the journal is in it.
async function putAside(path: string, line: string, now: number): Promise<string> {
  const aside = `${path}.unreadable-${new Date(now).toISOString().replaceAll(/[-:.]/g, '')}`
  try {
    await createSynced(aside, `${line}\n`)
  } catch (cause) {
    throw notWritable(aside, cause)
  }
  return aside
}

function apply(contents: { -readonly [K in keyof Contents]: Contents[K] }, line: Line): void {
  if ('replica' in line) Object.assign(contents, line)
  else if ('answer' in line) {
    const { sealed } = line.answer
    contents.answers.set(line.answer.attempt, { ...line.answer, sealed: Buffer.from(sealed, 'base64') })
  } else if ('settled' in line) contents.settledAt.set(line.settled, line.at)
  else if ('reached' in line) take(contents.reached, line.reached)
  else if ('forgotten' in line) {
    contents.reached.delete(line.forgotten)
    for (const { attempt, credentialId } of contents.answers.values())
      if (credentialId === line.forgotten) contents.answers.delete(attempt)
  }
}

// The whole of it, written anew; the result adds to it.
async function begin(path: string, contents: Contents, now: number): Promise<FileHandle> {
  dropOld(contents, now)
  const { replica, lock, formerly, answers, settledAt, reached } = contents
  const lines: Line[] = [
    { replica, lock, formerly },
    ...[...answers.values()].map((answer) => ({
      answer: { ...answer, sealed: Buffer.from(answer.sealed).toString('base64') },
    })),
    ...[...settledAt].map(([settled, at]) => ({ settled, at })),
    ...[...reached.values()].map((place) => ({ reached: place })),
  ]
  try {
    await writeFileAtomically(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return await open(path, 'a')
  } catch (cause) {
    throw notWritable(path, cause)
  }
}

function notWritable(path: string, cause: unknown): ClavigerError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errorCode(cause))
  const what = isFull ? 'cannot be written: the disk is full.' : 'cannot be written.'
  return new ClavigerError(isFull ? 'storage_full' : 'unavailable', `${path} ${what}`, {
    hint: isFull ? 'Make room there, and try again.' : 'See what lies there, and who owns it.',
    detail: cause instanceof Error ? cause.message : '',
    cause,
  })
}
