// Profiles from elsewhere, put among those that are there: never over one of them, and none that is there already.

import { takenFact } from '../../domain/moving/taken.ts'
import { isProfileId } from '../../domain/names.ts'
import { sha256 } from '../../lib/digest.ts'
import { digestOf } from '../content.ts'
import { type Profile, type ProfileDocument, readProfile } from '../format.ts'
import type { Ledger } from '../ledger.ts'
import { movedFact } from '../moving/moves.ts'
import type { ForeignProfiles } from './foreign.ts'

/** What is in one file of another program. */
export interface Found extends ForeignProfiles {
  readonly path: string
  readonly agent: string | null
}

/** What becomes of one profile. */
export interface Outcome {
  readonly from: string
  /** What it is called there. */
  readonly theirs: string
  /** What it is called here: the new one, or the one that has its values already. */
  readonly profile: string
  /**
   * `same`: it is there already, or was taken over before. `used-up`: an older copy of a login that was renewed here since.
   * `taken-name`: another profile has its name.
   */
  readonly outcome: 'new' | 'same' | 'used-up' | 'taken-name'
  readonly kind: Profile['type']
  readonly provider: string
  /** Other profiles of the same account. */
  readonly twins: readonly string[]
}

/** A file of profiles of this machine with its ledger. */
export interface Shelf {
  readonly document: ProfileDocument
  readonly facts: Ledger['facts']
  readonly spent: Ledger['spent']
}

export interface MergeOptions {
  /** The only one is to be called so. */
  readonly profileId?: string
  /** One whose name is taken gets another. */
  readonly rename: boolean
  /** A login of an account that another agent has is an old copy of that agent's. */
  readonly clones?: true
}

/** Nothing is written: `document` and `facts` are what is to be. `others`: the files of other agents. */
export function mergeIn(
  own: Shelf,
  others: readonly Shelf[],
  found: readonly Found[],
  options: MergeOptions,
): Omit<Shelf, 'spent'> & { readonly outcomes: readonly Outcome[] } {
  const profiles: Record<string, unknown> = { ...own.document.profiles }
  const facts: Record<string, string> = { ...own.facts }
  const outcomes: Outcome[] = []
  const names = new Map<string, string>()
  for (const file of found)
    for (const [theirs, json] of Object.entries(file.profiles)) {
      const profile = readProfile(json)
      if (profile === null) continue
      const shelves = [{ ...own, document: { ...own.document, profiles }, facts }, ...others]
      const [original] = options.clones ? twinsIn(others, profile) : []
      const same = sameIn(shelves, profile) ?? original ?? null
      const named = options.profileId ?? theirs
      const id = same ?? (options.rename ? freeId(profiles, named, file.agent) : named)
      const outcome = outcomeOf({ same, isUsedUp: isSpent(shelves, profile), isTaken: id in profiles })
      const twins = outcome === 'new' ? twinsIn(shelves, profile) : []
      const { type: kind, provider } = profile
      outcomes.push({ from: file.path, theirs, profile: id, outcome, kind, provider, twins })
      if (outcome !== 'new') continue
      profiles[id] = json
      names.set(`${file.path} ${theirs}`, id)
      if (profile.type === 'oauth') facts[takenFact(sha256(profile.refresh))] = id
    }
  const document = { ...own.document, profiles, ...beside(own.document, found, names) }
  return { document, facts, outcomes }
}

function outcomeOf(one: {
  readonly same: string | null
  readonly isUsedUp: boolean
  readonly isTaken: boolean
}): Outcome['outcome'] {
  if (one.same !== null) return 'same'
  if (one.isUsedUp) return 'used-up'
  return one.isTaken ? 'taken-name' : 'new'
}

function isSpent(shelves: readonly Shelf[], profile: Profile): boolean {
  if (profile.type !== 'oauth') return false
  const digest = sha256(profile.refresh)
  return shelves.some(({ spent }) => spent.includes(digest))
}

// One login is one refresh token, whatever else is said of it; and what was renewed with it since is the same login.
function sameIn(shelves: readonly Shelf[], profile: Profile): string | null {
  for (const { document, facts } of shelves) {
    for (const [id, json] of Object.entries(document.profiles))
      if (isSame(profile, readProfile(json))) return id
    const taken = profile.type === 'oauth' ? facts[takenFact(sha256(profile.refresh))] : undefined
    if (taken === undefined) continue
    // It may be on a server now, or be called otherwise.
    if (Object.hasOwn(document.profiles, taken) || movedFact(taken) in facts) return taken
    const [twin] = twinsIn(shelves, profile)
    if (twin !== undefined) return twin
  }
  return null
}

function isSame(one: Profile, other: Profile | null): boolean {
  if (one.type === 'oauth') return other?.type === 'oauth' && other.refresh === one.refresh
  return other !== null && digestOf(other) === digestOf(one)
}

function twinsIn(shelves: readonly Shelf[], profile: Profile): string[] {
  if (profile.type !== 'oauth' || profile.accountId === undefined) return []
  const { accountId, provider } = profile
  return shelves.flatMap(({ document }) =>
    Object.entries(document.profiles).flatMap(([id, json]) => {
      const other = readProfile(json)
      return other?.type === 'oauth' && other.provider === provider && other.accountId === accountId
        ? [id]
        : []
    }),
  )
}

function freeId(taken: Readonly<Record<string, unknown>>, wanted: string, agent: string | null): string {
  const base =
    wanted in taken && agent !== null && isProfileId(`${wanted}-${agent}`) ? `${wanted}-${agent}` : wanted
  for (let i = 1; ; i += 1) {
    const id = i === 1 ? base : `${base}-${i}`
    if (!(id in taken)) return id
  }
}

// Their order comes after ours; how they were used goes with them.
function beside(
  { order, usageStats }: ProfileDocument,
  found: readonly Found[],
  names: ReadonlyMap<string, string>,
): Pick<ProfileDocument, 'order' | 'usageStats'> {
  const orders: Record<string, string[]> = { ...order }
  const stats: NonNullable<ProfileDocument['usageStats']> = { ...usageStats }
  for (const file of found) {
    const here = (id: string) => names.get(`${file.path} ${id}`) ?? null
    for (const [provider, ids] of Object.entries(file.order)) {
      const added = ids.flatMap((id) => here(id) ?? [])
      if (added.length > 0) orders[provider] = [...(orders[provider] ?? []), ...added]
    }
    for (const [id, used] of Object.entries(file.usageStats)) {
      const name = here(id)
      if (name !== null) stats[name] = used
    }
  }
  return {
    ...(Object.keys(orders).length > 0 && { order: orders }),
    ...(Object.keys(stats).length > 0 && { usageStats: stats }),
  }
}
