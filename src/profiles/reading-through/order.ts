// Which profiles of a provider an agent tries first. Its own order may name profiles that it reads through to: by that
// nothing of another agent is changed. Without one it has the order of the agent it reads through to, unless it has a profile
// of that provider itself.

import type { Folder } from '../folder.ts'
import type { ProfileDocument } from '../format.ts'
import type { LedgerEntry } from '../ledger.ts'

type Seen = Pick<Folder, 'document' | 'entries'>

/** A profile and its place in the order; null: it has none. */
export interface Placed {
  readonly provider: string
  readonly profile: string
  readonly position: number | null
}

/** The order that counts for the agent whose folder is the first; undefined: there is none. */
export function orderFor([own, ...others]: readonly Seen[], provider: string): readonly string[] | undefined {
  const set = own?.document.order?.[provider]
  if (own === undefined || set !== undefined) return set
  const isSelfSupplied = [...own.entries.values()].some((one) => providerIn(own.document, one) === provider)
  return isSelfSupplied ? undefined : others.map(({ document }) => document.order?.[provider]).find(Boolean)
}

/** The folders with every profile in the place that it has for the agent whose folder is the first. */
export function inOrder<F extends Seen>(folders: readonly F[]): F[] {
  const placed = (document: ProfileDocument, entry: LedgerEntry): LedgerEntry => {
    const order = orderFor(folders, providerIn(document, entry))
    return { ...entry, row: { ...entry.row, position: placeIn(order, entry.profile) } }
  }
  return folders.map((folder) => ({
    ...folder,
    entries: new Map([...folder.entries].map(([id, entry]) => [id, placed(folder.document, entry)])),
  }))
}

/** Where a profile is in this order, or null. */
export function placeIn(order: readonly string[] | undefined, profile: string): number | null {
  const place = order?.indexOf(profile) ?? -1
  return place === -1 ? null : place
}

/** The provider of the profile of an entry, as its file says. */
export function providerIn({ profiles }: ProfileDocument, { profile }: Pick<LedgerEntry, 'profile'>): string {
  const { provider } = (profiles[profile] ?? {}) as { provider?: string }
  return provider ?? ''
}

/** The order as it is to be when these are its profiles: `before` where it says the same of them. */
export function orderAfter(before: readonly string[], placed: readonly Placed[]): readonly string[] {
  const ids = placed
    .flatMap(({ profile, position }) => (position === null ? [] : [{ profile, position }]))
    .toSorted((a, b) => a.position - b.position)
    .map(({ profile }) => profile)
  const ours = new Set(placed.map(({ profile }) => profile))
  // Others may stand between them.
  const there = [...new Set(before)].filter((id) => ours.has(id))
  const isSame = there.length === ids.length && there.every((id, i) => id === ids[i])
  return isSame ? before : [...ids, ...before.filter((id) => !ours.has(id))]
}
