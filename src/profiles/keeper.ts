// Keeps the tables of a store in files of profiles: before each unit they are read, after it they are replaced. An agent
// sees its own directory and, where a profile is not in that, the main agent's; what is renewed is written where it was.

import { isDeepStrictEqual } from 'node:util'
import { keyOf, type TableKeeper, type Tables } from '../store/memory/tables.ts'
import type { Signal } from '../store/signal-group.ts'
import type { CredentialRow } from '../store/store.ts'
import { afterUnit, type Inherited } from './after-unit.ts'
import { type Folder, unseenFolder } from './folder.ts'
import { type ProfileDocument, readStats } from './format.ts'
import { changePlace } from './import/changing.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { ledgerIn, type Pair, pairAt, readPairs, wholeIn, writePairs } from './pair.ts'
import { type AgentPlace, preparePlace, readOwnFile } from './place.ts'
import { takeTurn } from './processes/turn.ts'
import { withoutHidden, withoutTwins } from './reading-through/hiding.ts'
import { inOrder, orderFor, providerIn } from './reading-through/order.ts'
import { type ReconcileTools, reconcile, type Unusable } from './reconcile.ts'

export interface KeeperOptions extends ReconcileTools {
  /** The agent's own first. */
  readonly places: readonly AgentPlace[]
}

export interface ProfileKeeper extends TableKeeper {
  /** Profiles that serve no run, as last seen. */
  unusable(): readonly (Unusable & { readonly agent: string })[]
  /**
   * Puts a profile into the agent's own file; the next unit takes it up. `make` is given what is there under that name,
   * undefined for nothing, and throws where that is to stay.
   */
  put(profile: string, make: (before: unknown) => unknown): Promise<void>
  /** Id → when it was last used, in milliseconds since 1970, as last seen. Those that never were are missing. */
  lastUses(credentialIds: readonly string[]): Readonly<Record<string, number>>
  /** Which file a credential is in, and what it is called there, as last seen. */
  whereIs(credentialId: string): { readonly place: AgentPlace; readonly profile: string } | null
}

export function createProfileKeeper(options: KeeperOptions): ProfileKeeper {
  const folders = options.places.map(unseenFolder)
  let turns: (() => void)[] = []
  return {
    async enter(tables, outdated) {
      // In one order for all, whoever's own it is: nobody waits for one who waits.
      for (const { place } of folders.toReversed()) {
        await preparePlace(place)
        turns.push(await takeTurn(place))
      }
      const pairs = await readPairs(folders.map(({ place }) => place))
      return bringUp(options, folders, tables, pairs, outdated)
    },
    keeps: KEPT,
    catchUp: (tables) => catchUp(options, folders, tables),
    async keep(tables) {
      const all = nextOf(options, folders, tables)
      try {
        await writePairs(
          all.map(({ folder: { place, pair }, next }) => ({
            ...{ place, before: pair ?? { profiles: null, ledger: null }, now: next.pair },
          })),
        )
      } catch (error) {
        // What is in the files now is seen the next time, whatever it is.
        for (const folder of folders) folder.pair = null
        throw error
      }
      const isAsNamed = all.every(({ folder, next }) => haveSameProfiles(folder.document, next.document))
      for (const { folder, next } of all) Object.assign(folder, next, { isKept: true })
      // One of the first may hide one of the others now, or hide it no more.
      if (!isAsNamed && folders.length > 1) for (const folder of folders) folder.pair = null
    },
    leave() {
      for (const end of turns) end()
      turns = []
    },
    put: (profile, make) => putInto(folders, profile, make),
    unusable: () =>
      folders.flatMap(({ place, unusable }) => unusable.map((one) => ({ ...one, agent: place.agent }))),
    lastUses: (ids) => Object.fromEntries(folders.flatMap((folder) => usesIn(folder, ids))),
    whereIs: (id) => {
      for (const { place, entries } of folders) {
        const entry = entries.get(id)
        if (entry !== undefined) return { place, profile: entry.profile }
      }
      return null
    },
  }
}

async function putInto(
  [own]: readonly Folder[],
  profile: string,
  make: (before: unknown) => unknown,
): Promise<void> {
  if (own === undefined) throw new Error('there is no directory of profiles')
  await changePlace(own.place, ({ document, ledger }) => {
    const profiles = { ...document.profiles, [profile]: make(document.profiles[profile]) }
    return { result: null, next: { document: { ...document, profiles }, ledger } }
  })
}

// Every table with something of a profile in it, and the settings.
const KEPT: ReadonlySet<string> = new Set<keyof Tables>([
  ...(['credentials', 'versions', 'grants', 'attempts', 'lastUses', 'settings', 'installation'] as const),
])

function nextOf(options: KeeperOptions, folders: readonly Folder[], tables: Tables) {
  const owners = ownersOf(folders, tables)
  return folders.map((folder) => ({
    folder,
    next: afterUnit(
      options,
      folder,
      tables,
      owners.get(folder) ?? [],
      folder === folders[0] ? inherited(folders, owners) : null,
    ),
  }))
}

// Others have changed the files: what is in them is taken over, unless it has to be written down first.
async function catchUp(
  options: KeeperOptions,
  folders: readonly Folder[],
  tables: Tables,
): Promise<Signal[] | null> {
  if (folders.every(isAsKept)) return []
  const before = folders.map((folder) => ({ ...folder }))
  try {
    for (const { place, isKept } of folders) if (!isKept) await preparePlace(place)
    const pairs = steadyPairs(folders)
    if (pairs === null) return null
    const changed = bringUp(options, folders, tables, pairs)
    const all = nextOf(options, folders, tables)
    if (all.every(({ folder, next }) => isSame(folder.pair, next.pair))) {
      for (const { folder, next } of all) Object.assign(folder, next, { isKept: true })
      return changed
    }
  } catch {
    // Whoever has the turn says what is wrong.
  }
  for (const [i, folder] of folders.entries()) Object.assign(folder, before[i])
  return null
}

// Read twice with nothing being replaced: so the files were at one moment. Null: somebody is at them.
function steadyPairs(folders: readonly Folder[]): Pair[] | null {
  const read = () =>
    folders.map(({ place }) => ({ pending: readOwnFile(place.pending), pair: pairAt(place) }))
  const [first, second] = [read(), read()]
  const isSteady = first.every(({ pending }) => pending === null) && isDeepStrictEqual(first, second)
  return isSteady ? first.map(({ pair }) => pair) : null
}

// All of the directories when one of them has changed, before anything is taken over.
function bringUp(
  options: KeeperOptions,
  folders: readonly Folder[],
  tables: Tables,
  pairs: readonly Pair[],
  outdated: () => void = () => undefined,
): Signal[] {
  if (folders.every(({ pair }, i) => isSame(pair, pairs[i]))) return []
  outdated()
  const revisions = new Map(tables.grants.find(() => true).map((row) => [row.credentialId, row.revision]))
  const known = statesIn(folders)
  const seen = inOrder(withoutHidden(withoutTwins(look(options, folders, pairs))))
  for (const [i, folder] of folders.entries()) {
    const before = folder.entries
    Object.assign(folder, seen[i])
    for (const id of before.keys()) if (!folder.entries.has(id)) removeEntry(tables, id)
  }
  for (const { entries, document } of folders)
    for (const entry of entries.values()) putEntry(tables, entry, document)
  const [own] = folders
  if (own !== undefined) putSettings(tables, own.ledger)
  const renewed = tables.grants
    .find((row) => revisions.get(row.credentialId) !== row.revision)
    .map(({ credentialId }) => credentialId)
  return changesOf(known, statesIn(folders), renewed)
}

type States = ReadonlyMap<string, string>

// What whoever waits for a credential looks at, by its id.
function statesIn(folders: readonly Folder[]): States {
  const entries = folders.flatMap((folder) => [...folder.entries.values()])
  return new Map(entries.map(({ row }) => [row.id, `${row.version} ${row.state}`]))
}

// The same signals as on a server, where somebody stores a credential or deletes one.
function changesOf(before: States, now: States, renewed: readonly string[]): Signal[] {
  const changed = [...now].flatMap(([id, state]) => (before.get(id) === state ? [] : [id]))
  const gone = [...before.keys()].filter((id) => !now.has(id))
  return [
    ...[...new Set([...renewed, ...changed])].map((id) => ({ topic: 'grants', subject: id }) as const),
    ...gone.map((id) => ({ topic: 'holders', subject: id }) as const),
  ]
}

function look(options: KeeperOptions, folders: readonly Folder[], pairs: readonly Pair[]): Folder[] {
  const read = folders.map(({ place }, i) => {
    const pair = pairs[i] ?? { profiles: null, ledger: null }
    return { place, pair, document: wholeIn(place, pair), ledger: ledgerIn(place, pair.ledger) }
  })
  const spent = new Set(read.flatMap(({ ledger }) => ledger.spent))
  return read.map((one) => {
    const { entries, resting, unusable } = reconcile(options, one.document, one.ledger, spent)
    return {
      ...{ ...one, isKept: false, resting, unusable },
      entries: new Map(entries.map((entry) => [entry.row.id, entry])),
    }
  })
}

function haveSameProfiles(one: ProfileDocument, other: ProfileDocument): boolean {
  return isDeepStrictEqual(Object.keys(one.profiles), Object.keys(other.profiles))
}

function usesIn({ entries, document }: Folder, ids: readonly string[]): [id: string, at: number][] {
  return ids.flatMap((id) => {
    const { lastUsed } = readStats(document.usageStats?.[entries.get(id)?.profile ?? ''])
    return lastUsed === undefined ? [] : [[id, lastUsed]]
  })
}

function inherited(folders: readonly Folder[], owners: ReadonlyMap<Folder, CredentialRow[]>): Inherited {
  const [, ...others] = folders
  const placed = others.flatMap((folder) =>
    (owners.get(folder) ?? []).flatMap(({ id, position }) => {
      const entry = folder.entries.get(id)
      if (entry === undefined) return []
      return [{ provider: providerIn(folder.document, entry), profile: entry.profile, position }]
    }),
  )
  return { placed, order: (provider) => orderFor(folders, provider) }
}

// Nothing is being replaced, and both files say what they said: so it was at one moment, which is since the question.
function isAsKept({ place, pair, isKept }: Folder): boolean {
  if (!isKept || pair === null) return false
  try {
    return readOwnFile(place.pending) === null && isSame(pair, pairAt(place))
  } catch {
    // Whoever has the turn says what is wrong.
    return false
  }
}

function isSame(seen: Pair | null, now: Pair | undefined): boolean {
  if (seen === null) return false
  return seen.profiles === now?.profiles && seen.ledger === now.ledger && seen.state === now.state
}

function putEntry(tables: Tables, entry: LedgerEntry, document: ProfileDocument): void {
  const { row, grant, attempts, versions, profile } = entry
  const { id } = row
  tables.credentials.put(id, row)
  replaceParts(tables, id, versions, attempts)
  if (grant === null) tables.grants.remove(id)
  else tables.grants.put(id, grant)
  const { lastUsed } = readStats(document.usageStats?.[profile])
  if (lastUsed === undefined) tables.lastUses.remove(id)
  else tables.lastUses.put(id, Math.floor(lastUsed))
}

function replaceParts(
  tables: Tables,
  id: string,
  versions: LedgerEntry['versions'],
  attempts: LedgerEntry['attempts'],
): void {
  const isOfIt = ({ credentialId }: { readonly credentialId: string }) => credentialId === id
  replaceRows(tables.versions, isOfIt, versions, (one) => keyOf(id, one.version))
  replaceRows(tables.attempts, isOfIt, attempts, (one) => one.id)
}

function replaceRows<Row>(
  table: {
    find(fits: (row: Row) => boolean): Row[]
    put(key: string, row: Row): void
    remove(key: string): boolean
  },
  fits: (row: Row) => boolean,
  rows: readonly Row[],
  key: (row: Row) => string,
): void {
  for (const row of table.find(fits)) table.remove(key(row))
  for (const row of rows) table.put(key(row), row)
}

function removeEntry(tables: Tables, id: string): void {
  tables.credentials.remove(id)
  replaceParts(tables, id, [], [])
  tables.grants.remove(id)
  tables.lastUses.remove(id)
}

function putSettings(tables: Tables, { settings, facts }: Ledger): void {
  replaceRows(
    tables.settings,
    () => true,
    settings,
    (one) => keyOf(one.organizationId, one.subject, one.name),
  )
  for (const [name] of tables.installation.entries()) if (!(name in facts)) tables.installation.remove(name)
  for (const [name, value] of Object.entries(facts)) tables.installation.put(name, value)
}

// A credential that is new belongs to the agent itself.
function ownersOf(folders: readonly Folder[], tables: Tables): Map<Folder, CredentialRow[]> {
  const [own] = folders
  const all = new Map<Folder, CredentialRow[]>()
  for (const row of tables.credentials.find(() => true)) {
    const folder = folders.find(({ entries }) => entries.has(row.id)) ?? own
    if (folder !== undefined) all.set(folder, [...(all.get(folder) ?? []), row])
  }
  return all
}
