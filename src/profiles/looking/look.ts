// Looks at the folders of profiles as they are and says all that is wrong with them, one by one: who uses them hears of the
// first only. Nothing is changed.

import { accessSync, constants, lstatSync, readdirSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { asClavigerError, type ClavigerError } from '../../domain/errors.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { sha256 } from '../../lib/digest.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { type ProfileDocument, readProfile } from '../format.ts'
import type { Ledger } from '../ledger.ts'
import { documentIn, ledgerIn } from '../pair.ts'
import {
  type AgentPlace,
  agentsIn,
  MAIN_AGENT,
  mustBeLocal,
  mustBeWritable,
  placeOf,
  readOwnFile,
  unusable,
} from '../place.ts'
import { isInUse } from '../processes/slots.ts'
import { takeTurn } from '../processes/turn.ts'

// Milliseconds. A turn takes as long as writing two small files.
const PATIENCE = 1_000

/** One sentence for people, and what to type. `fail`: the profiles cannot be used as long as it is so, or should not be. */
export interface Seen {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly said: string
  readonly hint?: string
}

export interface SeenFolder {
  readonly agent: string
  readonly seen: readonly Seen[]
  /** Whether its profiles can be used as it is. */
  readonly isUsable: boolean
}

interface Looked extends SeenFolder {
  readonly place: AgentPlace
  readonly document: ProfileDocument | null
  readonly ledger: Ledger | null
}

/** All agents of this state directory, the main one also where it has nothing. */
export async function lookAtFolders(stateDirectory: string): Promise<readonly SeenFolder[]> {
  const looked: Looked[] = []
  for (const agent of agentNames(stateDirectory)) looked.push(await lookAt(placeOf(stateDirectory, agent)))
  const key = keyOf(stateDirectory, looked)
  const twice = sameLogins(looked)
  return looked.map(({ agent, seen, isUsable }) => ({
    agent,
    seen: [...(agent === MAIN_AGENT ? key : []), ...(twice.get(agent) ?? []), ...seen],
    isUsable: isUsable && key.length === 0,
  }))
}

function agentNames(stateDirectory: string): string[] {
  try {
    return [...new Set([MAIN_AGENT, ...agentsIn(stateDirectory)])]
  } catch {
    // What is wrong with the directory is wrong with that of the main agent.
    return [MAIN_AGENT]
  }
}

async function lookAt(place: AgentPlace): Promise<Looked> {
  const { agent, directory, profiles } = place
  const nothing = { place, agent, document: null, ledger: null }
  const wrong = directoriesOf(place).flatMap(lookAtDirectory)
  if (isBad(wrong)) return { ...nothing, seen: wrong, isUsable: false }
  if (statOf(directory) === null) {
    const none: Seen = { level: 'ok', said: 'it has no profiles of its own.' }
    return { ...nothing, seen: [...wrong, none], isUsable: true }
  }
  const kept = whatIsWrong(() => {
    mustBeLocal(directory)
    mustBeOpenToUs(directory)
  })
  if (kept !== null) return { ...nothing, seen: [...wrong, kept], isUsable: false }
  const document = read(place.profiles, (text) => documentIn(place, text))
  const ledger = read(place.ledger, (text) => ledgerIn(place, text))
  const files = [place.profiles, place.ledger, place.pending]
  const broken = [...document.wrong, ...ledger.wrong, ...files.flatMap(lookIfWritable)]
  const others = [...files.flatMap(lookAtMode), ...leftIn(place), ...(await lockOf(place))]
  const seen = [...wrong, ...broken, ...others]
  const count = Object.keys(document.value?.profiles ?? {}).length
  const use = isInUse(place.renewals) ? '; a program is using it' : ''
  const fine: Seen = { level: 'ok', said: `${profiles}, ${count} of its own, yours only${use}` }
  return {
    ...{ place, agent, document: document.value, ledger: ledger.value },
    seen: seen.length === 0 ? [fine] : seen,
    isUsable: !isBad(broken),
  }
}

function isBad(seen: readonly Seen[]): boolean {
  return seen.some(({ level }) => level === 'fail')
}

function directoriesOf({ directory }: AgentPlace): string[] {
  return [dirname(dirname(directory)), dirname(directory), directory]
}

function lookAtDirectory(path: string): Seen[] {
  const found = statOf(path)
  if (found === null) return []
  if (found.isSymbolicLink())
    return [
      fail(
        `${path} is a symbolic link.`,
        'Agents need no links: each reads the profiles of the main agent as well. Remove it, and put the directory itself there.',
      ),
    ]
  if (!found.isDirectory()) return [fail(`${path} is not a directory.`, 'Move it away.')]
  if (isOfAnother(found))
    return [fail(`${path} belongs to another user.`, 'Choose another place: CLAVIGER_STATE_DIR')]
  const hint = `Type: ${shellCommand(['chmod', '700', path])}`
  if ((found.mode & 0o022) !== 0) return [fail(`${path} can be written by others.`, hint)]
  return (found.mode & 0o077) === 0 ? [] : [{ level: 'warn', said: `${path} is open to others.`, hint }]
}

function lookAtMode(path: string): Seen[] {
  const found = statOf(path)
  if (found === null || !found.isFile() || (found.mode & 0o077) === 0) return []
  return [fail(`${path} can be read by others.`, `Type: ${shellCommand(['chmod', '600', path])}`)]
}

function lookIfWritable(path: string): Seen[] {
  const wrong = statOf(path)?.isFile() === true ? whatIsWrong(() => mustBeWritable(path)) : null
  return wrong === null ? [] : [wrong]
}

function read<T>(path: string, parse: (text: string | null) => T): { value: T | null; wrong: Seen[] } {
  let value: T | null = null
  const wrong = whatIsWrong(() => {
    value = parse(readOwnFile(path))
  })
  return { value, wrong: wrong === null ? [] : [wrong] }
}

// What a process has left that was killed: the next command goes on with it, or removes it.
function leftIn({ directory, pending, renewals }: AgentPlace): Seen[] {
  const parts = namesIn(directory).filter((name) => /^\.auth-profiles\..*\.tmp$/.test(name))
  const hint = 'The next command does that: claviger models status'
  return [
    ...(statOf(pending) === null
      ? []
      : [{ level: 'warn', said: 'a change was begun and not ended; it is gone on with.', hint } as const]),
    ...(parts.length === 0
      ? []
      : [{ level: 'warn', said: `a part of a file was left (${parts.join(', ')}).`, hint } as const]),
    ...namesIn(renewals)
      .filter((name) => name.includes('.unreadable-'))
      .map(
        (name): Seen => ({
          level: 'warn',
          said: `the end of a journal could not be read, and was put aside: ${join(renewals, name)}`,
          hint: 'A login that was renewed just then may need its owner: claviger models status. Then remove that file.',
        }),
      ),
  ]
}

async function lockOf(place: AgentPlace): Promise<Seen[]> {
  try {
    const leave = await takeTurn(place, PATIENCE)
    leave()
    return []
  } catch (thrown) {
    return [{ ...inSentence(asClavigerError(thrown)), level: 'warn' }]
  }
}

// Without its key nothing that is sealed can be opened: a new one is made, and opens none of it.
function keyOf(stateDirectory: string, looked: readonly Looked[]): Seen[] {
  const path = join(stateDirectory, 'profiles.key')
  if (statOf(path) !== null) return []
  const isSealed = looked.some(({ ledger }) => (ledger?.entries ?? []).length > 0)
  if (!isSealed) return []
  return [
    fail(
      `${path} is not there, and what is beside the profiles was sealed with it.`,
      'Put it back from a copy. Current values are in the files of profiles; older ones cannot be opened without it.',
    ),
  ]
}

// Agent → what is said of logins of it that another agent has too. Of those that the main agent has, and of several in one
// file, one serves and the others say so: neither agent of these reads the other, and each renews its own.
function sameLogins(looked: readonly Looked[]): Map<string, Seen[]> {
  const places = new Map<string, { readonly place: AgentPlace; readonly profile: string }[]>()
  for (const { place, document } of looked)
    for (const [profile, json] of Object.entries(document?.profiles ?? {})) {
      const found = readProfile(json)
      if (found?.type !== 'oauth' || found.refresh === '') continue
      const digest = sha256(found.refresh)
      places.set(digest, [...(places.get(digest) ?? []), { place, profile }])
    }
  const said = new Map<string, Seen[]>()
  for (const found of places.values()) {
    if (found.some(({ place }) => place.agent === MAIN_AGENT)) continue
    const [first, ...others] = found.filter(
      ({ place }, i) => found.findIndex((one) => one.place.agent === place.agent) === i,
    )
    for (const { place, profile } of others) {
      const seen = fail(
        `the login of ${profile} is in the agent ${first?.place.agent ?? ''} too, as ${first?.profile ?? ''}, and neither reads the other: whichever is renewed first ends the other.`,
        `Take one of them out of its file by hand: ${place.profiles}. A logout would end both.`,
      )
      said.set(place.agent, [...(said.get(place.agent) ?? []), seen])
    }
  }
  return said
}

function mustBeOpenToUs(directory: string): void {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unusable(directory, cause)
  }
}

function isOfAnother({ uid }: Stats): boolean {
  const own = process.geteuid?.()
  return own !== undefined && uid !== own
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error))) return null
    throw error
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    // It is not there; what else may be wrong with it was said.
    return []
  }
}

function whatIsWrong(look: () => void): Seen | null {
  try {
    look()
    return null
  } catch (thrown) {
    return inSentence(asClavigerError(thrown))
  }
}

function inSentence({ message, hint }: ClavigerError): Seen {
  return { level: 'fail', said: message, ...(hint !== undefined && { hint }) }
}

function fail(said: string, hint: string): Seen {
  return { level: 'fail', said, hint }
}
