// Taking profiles over from elsewhere: into the file of an agent and its ledger, in one step, so that it is done once or
// not at all.

import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import type { ForeignLogin } from '../../providers/provider.ts'
import { profileWith, providerOf, type ReadTokens, understand } from '../content.ts'
import { readState, type Unreadable } from '../format.ts'
import { documentIn, ledgerIn } from '../pair.ts'
import { type AgentPlace, agentsIn, placeOf, readOwnFile } from '../place.ts'
import { changePlace } from './changing.ts'
import { type ForeignProfiles, profileIdFor, readForeign } from './foreign.ts'
import { type Found, type MergeOptions, mergeIn, type Outcome, type Shelf } from './merging.ts'
import type { Source } from './sources.ts'

export interface TakingTools {
  readonly stateDirectory: string
  readonly read: ReadTokens
  /** The login in a file of a program (SignIn.read). Throws `invalid`. */
  readonly readProgram: (program: 'codex' | 'claude', file: Secret) => ForeignLogin
}

/** A profile that is not taken over: it serves no harness here. */
export interface LeftOut {
  readonly from: string
  readonly theirs: string
  /** One sentence for people. */
  readonly why: string
}

export interface Taken {
  readonly outcomes: readonly Outcome[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Takes over what is in these files, into the profiles of this agent; with `dry` it is only said what would be. Throws
 * `invalid` for a file that is damaged or no file of accounts.
 */
export async function takeOver(
  tools: TakingTools,
  place: AgentPlace,
  sources: readonly Source[],
  { profileId, dry }: { readonly profileId?: string; readonly dry: boolean },
): Promise<Taken> {
  const read = sources.map((source) => readSource(tools, source))
  const found = read.map((one) => one.found)
  const leftOut = read.flatMap((one) => one.leftOut)
  const options = { rename: profileId === undefined, ...(profileId !== undefined && { profileId }) }
  mustFitName(found, profileId)
  const outcomes = await merge(tools, place, found, options, dry)
  return { outcomes, leftOut }
}

function merge(
  { stateDirectory }: TakingTools,
  place: AgentPlace,
  found: readonly Found[],
  options: MergeOptions,
  dry: boolean,
): Promise<readonly Outcome[]> {
  const others = shelvesOfOthers(stateDirectory, place.agent)
  return changePlace(place, ({ document, ledger }) => {
    const merged = mergeIn({ document, facts: ledger.facts, spent: ledger.spent }, others, found, options)
    const taken = merged.outcomes.find(({ outcome }) => outcome === 'taken-name')
    if (taken !== undefined) throw nameTaken(taken.profile)
    const isChanged = !dry && merged.outcomes.some(({ outcome }) => outcome === 'new')
    const next = { document: merged.document, ledger: { ...ledger, facts: merged.facts } }
    return { result: merged.outcomes, next: isChanged ? next : null }
  })
}

/** The files of all agents but this one. */
export function shelvesOfOthers(stateDirectory: string, agent: string): Shelf[] {
  const others = agentsIn(stateDirectory).filter((name) => name !== agent)
  return others.map((name) => {
    const place = placeOf(stateDirectory, name)
    const { facts, spent } = ledgerIn(place, readOwnFile(place.ledger))
    return { document: documentIn(place, readOwnFile(place.profiles)), facts, spent }
  })
}

/** What is wrong with a file of another program, for people. */
export const WRONG_WITH: Readonly<Record<Unreadable, string>> = {
  empty: 'is empty.',
  torn: 'is cut short, or damaged.',
  foreign: 'is no file of accounts that is known here.',
  newer: 'is of a later version than is known here.',
}

function readSource(tools: TakingTools, source: Source): { found: Found; leftOut: LeftOut[] } {
  const { path, agent, text } = source
  const reading = readForeign(text)
  if (reading.kind === 'program') {
    const profiles = ofProgram(tools.readProgram(reading.program, new Secret(text)))
    return { found: { path, agent, profiles, order: {}, usageStats: {} }, leftOut: [] }
  }
  if (reading.kind !== 'profiles') throw unreadable(path, reading.kind)
  const { order, usageStats } = stateOf(reading, source)
  const profiles: Record<string, unknown> = {}
  const leftOut: LeftOut[] = []
  for (const [theirs, json] of Object.entries(reading.profiles)) {
    const found = isProfileId(theirs)
      ? understand(theirs, json, tools.read)
      : { kind: 'unusable' as const, why: 'Its name is none that a profile can have.' }
    if (found.kind === 'unusable') leftOut.push({ from: path, theirs, why: found.why })
    else profiles[theirs] = json
  }
  return { found: { path, agent, profiles, order, usageStats }, leftOut }
}

// What lies beside comes before what the file of profiles says of the same.
function stateOf({ order, usageStats }: ForeignProfiles, { state }: Source) {
  if (state === undefined) return { order, usageStats }
  const reading = readState(state.text)
  if (reading.kind !== 'read') throw unreadable(state.path, reading.kind)
  const { document } = reading
  return {
    order: { ...order, ...document.order },
    usageStats: { ...usageStats, ...document.usageStats },
  }
}

function unreadable(path: string, kind: Unreadable): ClavigerError {
  return new ClavigerError('invalid', `${path} ${WRONG_WITH[kind]}`, {
    hint: 'Nothing was taken over, and nothing was changed.',
  })
}

function ofProgram(login: ForeignLogin): Record<string, unknown> {
  const { type } = login
  const provider = providerOf(type)
  if (login.kind === 'fields')
    return { [`${provider}:default`]: profileWith(type, login.content.values, null, undefined) }
  const { content, expiresAt, account } = login.tokens
  const profile = profileWith(type, content.values, expiresAt, undefined)
  return { [profileIdFor(provider, account.email)]: profile }
}

function mustFitName(found: readonly Found[], profileId: string | undefined): void {
  if (profileId === undefined) return
  const ids = found.flatMap(({ profiles }) => Object.keys(profiles))
  const [only, ...others] = ids
  if (others.length > 0)
    throw new ClavigerError('invalid', `There are ${ids.length} profiles, and --profile-id names one.`, {
      hint: `Leave it out: they keep the names they have (${ids.join(', ')}).`,
    })
  const provider = only?.split(':')[0]
  if (provider === undefined || (isProfileId(profileId) && profileId.startsWith(`${provider}:`))) return
  throw new ClavigerError('invalid', `"${profileId}" cannot be the name of a profile of ${provider}.`, {
    hint: `For example: --profile-id ${provider}:work`,
  })
}

function nameTaken(profile: string): ClavigerError {
  return new ClavigerError('conflict', `There is a profile ${profile} already.`, {
    hint: 'Nothing was taken over. Choose another name: --profile-id PROVIDER:NAME',
  })
}
