// What an agent sees of its own directory and of those it reads through: of one login once, and of one name once.

import type { Folder } from '../folder.ts'
import type { LedgerEntry } from '../ledger.ts'
import type { Unusable } from '../reconcile.ts'
import { providerIn } from './order.ts'

/**
 * Of one login in several profiles one serves: it would be renewed by each, and its provider would end it. It is that of the
 * directory that others read through to, and of several in one file the first.
 */
export function withoutTwins(folders: readonly Folder[]): Folder[] {
  const holders = new Map<string, Copy['of']>() // by refresh token
  const seen = folders.toReversed().map((folder) => {
    const { agent } = folder.place
    const entries = new Map<string, LedgerEntry>()
    const copies: Copy[] = []
    for (const [id, entry] of folder.entries) {
      const login = entry.grant?.digest ?? ''
      const holder = holders.get(login)
      if (holder !== undefined) {
        copies.push({ entry, of: holder })
        continue
      }
      entries.set(id, entry)
      if (login !== '') holders.set(login, { profile: entry.profile, agent })
    }
    return withCopies({ ...folder, entries }, copies)
  })
  return seen.toReversed()
}

interface Copy {
  readonly entry: LedgerEntry
  readonly of: NonNullable<Unusable['copyOf']>
}

function withCopies(folder: Folder, copies: readonly Copy[]): Folder {
  const { document, ledger, place } = folder
  const inWords = ({ profile, agent }: Copy['of']) =>
    agent === place.agent ? profile : `${profile} of the agent ${agent}`
  const known = (profile: string) => ledger.entries.filter((one) => one.profile === profile)
  return {
    ...folder,
    resting: [...folder.resting, ...copies.flatMap(({ entry }) => known(entry.profile))],
    unusable: [
      ...folder.unusable,
      ...copies.map(({ entry, of }) => ({
        ...{ profile: entry.profile, provider: providerIn(document, entry) },
        ...{ isCopy: true as const, copyOf: of },
        why: `${entry.profile} is the same login as ${inWords(of)}, which is the one that is renewed: take this copy out of ${place.profiles}`,
      })),
    ],
  }
}

/** A profile of the first hides one of that name in the others. */
export function withoutHidden(folders: readonly Folder[]): Folder[] {
  const profiles = new Set<string>()
  const names = new Set<string>()
  return folders.map((folder) => {
    const all = [...folder.entries.values()]
    const isHidden = ({ profile, row }: LedgerEntry) => profiles.has(profile) || names.has(row.name)
    const hidden = all.filter(isHidden)
    const entries = new Map(all.filter((one) => !isHidden(one)).map((one) => [one.row.id, one]))
    const copies = folder.unusable.filter(({ isCopy }) => isCopy).map(({ profile }) => profile)
    for (const profile of Object.keys(folder.document.profiles))
      if (!copies.includes(profile)) profiles.add(profile)
    for (const { row } of entries.values()) names.add(row.name)
    return { ...folder, entries, resting: [...folder.resting, ...hidden] }
  })
}
