// What coderClaw and OpenClaw kept accounts in before there were files of profiles, in the same state directory: taken
// over the first time that the profiles of an agent are used, and never again. That it was done is remembered beside the
// profiles in the same step. The old file is renamed then: a program that still read it would renew with a token that is
// in two places, and the last copy of somebody's accounts is not for us to delete.

import { renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { counted } from '../../domain/counted.ts'
import { type AgentPlace, MAIN_AGENT, readOwnFile } from '../place.ts'
import { changePlace } from './changing.ts'
import { type ForeignReading, readForeign } from './foreign.ts'
import { type Found, mergeIn, type Outcome } from './merging.ts'
import { shelvesOfOthers, WRONG_WITH } from './taking.ts'

/** Takes over what there is for this agent. Returns what people are told, one line for each file. */
export async function importLegacy(
  stateDirectory: string,
  place: AgentPlace,
  now: number,
): Promise<string[]> {
  const said: string[] = []
  for (const path of formerFiles(stateDirectory, place)) {
    const text = readOwnFile(path)
    if (text === null) continue
    const line = await importFile(stateDirectory, place, { path, text, now })
    if (line !== null) said.push(line.startsWith('warning:') ? line : `${line} ${setAside(path)}`)
  }
  return said
}

function formerFiles(stateDirectory: string, { agent, directory }: AgentPlace): string[] {
  const own = join(directory, 'auth.json')
  return agent === MAIN_AGENT ? [join(stateDirectory, 'credentials', 'oauth.json'), own] : [own]
}

interface Former {
  readonly path: string
  readonly text: string
  readonly now: number
}

function importFile(
  stateDirectory: string,
  place: AgentPlace,
  { path, text, now }: Former,
): Promise<string | null> {
  const done = `legacy:${basename(path)}`
  const others = shelvesOfOthers(stateDirectory, place.agent)
  return changePlace(place, ({ document: before, ledger }) => {
    if (done in ledger.facts) return { result: null, next: null }
    const reading = readForeign(text)
    if (reading.kind !== 'profiles') return { result: unreadable(path, reading.kind), next: null }
    const found: Found = { ...reading, path, agent: null }
    const { document, facts, outcomes } = mergeIn(
      { document: before, facts: ledger.facts, spent: ledger.spent },
      others,
      [found],
      {
        ...{ rename: false, clones: true },
      },
    )
    const next = { document, ledger: { ...ledger, facts: { ...facts, [done]: String(now) } } }
    return { result: summary(path, outcomes), next }
  })
}

function unreadable(path: string, kind: Exclude<ForeignReading['kind'], 'profiles'>): string {
  const what = WRONG_WITH[kind === 'program' ? 'foreign' : kind]
  return `warning: ${path} ${what} Nothing was taken over from it. Mend it, or move it away.`
}

function summary(path: string, outcomes: readonly Outcome[]): string {
  const fresh = outcomes.filter(({ outcome }) => outcome === 'new').map(({ profile }) => profile)
  const others = outcomes.length - fresh.length
  const stay =
    others === 1 ? 'was there already, and stays as it is' : 'were there already, and stay as they are'
  const kept = others === 0 ? '' : ` ${counted(others, 'profile')} of it ${stay}.`
  const verb = fresh.length > 1 ? 'were' : 'was'
  const taken =
    fresh.length === 0 ? 'Nothing new' : `${counted(fresh.length, 'profile')} (${fresh.join(', ')})`
  return `${taken} ${verb} taken over from ${path}, once.${kept}`
}

// Whether that can be done or not: it is not looked into again.
function setAside(path: string): string {
  const aside = join(dirname(path), `${basename(path)}.imported`)
  try {
    renameSync(path, aside)
    return `That file is ${basename(aside)} now.`
  } catch {
    return 'It could not be renamed; it is not used any more.'
  }
}
