// Whoever is asked about code once more looks at it as it is by now. What the repository has is fetched before the message is
// given. Where the agent has changed nothing it is checked out; else it is put beside, and the message begins with where. A
// message is never lost over it.

import { rm } from 'node:fs/promises'
import { ClavigerError } from '../../domain/errors.ts'
import type { Workspace } from '../../domain/runs/workspace.ts'
import { type CloneAccess, handingOver } from './clone-access.ts'
import { isUnderWay, notAsMade, readHead } from './clone-files.ts'
import { type CodeRecord, readCodeRecord, writeCodeRecord } from './code-record.ts'
import { commitOf, fetchAll, wordsToMake } from './fetching.ts'
import { type GitOptions, git } from './git.ts'
import { createMeeting, type Meeting } from './meeting.ts'
import { allowedRepository, type RunPlace, type WorkspaceOptions } from './workspace.ts'

type Source = Extract<Workspace, { kind: 'git' }>

export interface CodeWanted {
  /** Id of the message that asks for it. */
  readonly message: string
  /** A commit, a branch, a whole ref or `HEAD`. */
  readonly ref: string
}

/** Where it is kept that was fetched and not checked out. */
const KEPT = 'refs/claviger/newest'

/**
 * Brings a clone to what its repository has by now, and returns what is to be said before the message; null: nothing. The
 * same message again is answered as before, whatever has happened since. Throws only when it is aborted.
 */
export async function bringCode(
  place: RunPlace,
  source: Source,
  { message, ref }: CodeWanted,
  options: WorkspaceOptions,
): Promise<string | null> {
  const known = await readCodeRecord(place.codeFile)
  if (known.message === message) return known.line
  const now = await broughtTo(place.workspace, { ...source, ref }, known, options).catch(
    (thrown: unknown) => {
      if (options.signal?.aborted) throw thrown
      return { ...known, line: couldNot(thrown) }
    },
  )
  await writeCodeRecord(place.codeFile, { ...now, message })
  return now.line
}

type Brought = Omit<CodeRecord, 'message'>

async function broughtTo(
  workspace: string,
  source: Source & { readonly ref: string },
  known: CodeRecord,
  { access, directories, ...options }: WorkspaceOptions,
): Promise<Brought> {
  // What names a commit says by itself that it is nothing new.
  if (source.ref === known.seen) return { ...known, line: null }
  const repository = { ...(await allowedRepository(source, { directories })), ref: source.ref }
  const look = async (given: CloneAccess | null): Promise<Brought> => {
    const lent = lending(`${workspace}.access`, source.url, given, options)
    const there = await lent((lentTo) => commitOf(repository, lentTo))
    if (there === null) throw new ClavigerError('invalid', `There is no ${source.ref} in it.`)
    if (there === known.seen) return { ...known, line: null }
    return fetched(workspace, known, options, async (directory) => {
      await git(wordsToMake(directory, there), '/', repository, options)
      return lent((lentTo) => fetchAll(repository, directory, lentTo))
    })
  }
  return access === undefined ? look(null) : access(look)
}

// Each call of git asks for the token once.
function lending(directory: string, url: string, given: CloneAccess | null, options: GitOptions) {
  if (given !== null && given.url !== url)
    throw new ClavigerError('forbidden', 'What it is to be fetched with is for another repository.')
  return <T>(work: (options: GitOptions) => Promise<T>): Promise<T> =>
    given === null
      ? work(options)
      : handingOver(directory, given, (handover) => work({ ...options, handover }))
}

async function fetched(
  workspace: string,
  known: CodeRecord,
  options: GitOptions,
  fetch: (directory: string) => Promise<string>,
): Promise<Brought> {
  const places = { fetched: `${workspace}.fetched`, directory: `${workspace}.meeting` }
  const clean = () =>
    Promise.all(Object.values(places).map((path) => rm(path, { recursive: true, force: true })))
  await clean()
  try {
    const to = await fetch(places.fetched)
    const head = await readHead(workspace)
    if (head === null) throw notAsMade()
    const meeting = await createMeeting({ ...places, workspace, head }, options)
    const because = await hindrance(meeting, workspace, { from: head.commit, to, known })
    if (because === 'it is there') return { ...known, seen: to, line: null }
    if (because !== null) {
      await meeting.keep(KEPT, to)
      return { ...known, seen: to, line: kept(to, because) }
    }
    await meeting.checkOut(head, to)
    return { checkedOut: to, seen: to, line: checkedOut(known.checkedOut ?? head.commit, to) }
  } finally {
    await clean()
  }
}

interface Step {
  readonly from: string
  readonly to: string
  readonly known: CodeRecord
}

// Why it is not checked out; null: nothing is in the way.
async function hindrance(
  meeting: Meeting,
  workspace: string,
  { from, to, known: { checkedOut: ours } }: Step,
): Promise<string | null> {
  const isOurs = from === ours
  if (from !== to && !isOurs && (await meeting.isIn(to, from))) return 'it is there'
  if (!isOurs && !(await meeting.isIn(from, to))) return 'there are commits in the clone that are not in it'
  if (await isUnderWay(workspace)) return 'something is under way in the clone'
  return (await meeting.isUnchanged(from, to)) ? null : 'files of the clone were changed'
}

function checkedOut(from: string, to: string): string {
  return said(`The code was fetched anew for this message: the clone was at ${from}, and is at ${to} now.`)
}

function kept(to: string, because: string): string {
  return said(
    `There is newer code, up to ${to}. It is not checked out, because ${because}; it is in the clone as ${KEPT}.`,
  )
}

function couldNot(thrown: unknown): string {
  const why = thrown instanceof ClavigerError ? ` ${thrown.message}` : ''
  return said(`Whether there is newer code could not be found out.${why} The clone is as it was.`)
}

// Whoever reads it sees that nobody has asked for it.
function said(line: string): string {
  return `[From Claviger, not from whoever asks: ${line.replaceAll(/\s+/g, ' ')}]`
}
