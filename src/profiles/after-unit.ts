// A directory of profiles as it is to be after a unit: the tables as a file of profiles and its ledger. Values are opened
// only where they have changed.

import { keyOf, type Tables } from '../store/memory/tables.ts'
import type { CredentialRow, VersionRow } from '../store/store.ts'
import { digestOf, profileWith, providerOf } from './content.ts'
import type { Folder } from './folder.ts'
import { type ProfileDocument, printDocument, type UsageStats } from './format.ts'
import { type Ledger, type LedgerEntry, printLedger } from './ledger.ts'
import type { Pair } from './pair.ts'
import type { Sealer } from './sealer.ts'

interface Next extends Pick<Folder, 'document' | 'ledger' | 'entries'> {
  readonly pair: { readonly profiles: string; readonly ledger: string } & Pair
}

/** `rows`: the credentials of this directory. `isOwn`: it is the agent's own, where settings are kept. */
export function afterUnit(
  { sealer }: { readonly sealer: Sealer },
  folder: Folder,
  tables: Tables,
  rows: readonly CredentialRow[],
  isOwn: boolean,
): Next {
  const kept = rows.map((row) => keptOf(sealer, folder, tables, row))
  const document = documentOf(folder, tables, kept)
  const entries = kept.map(({ entry }) => entry)
  const ledger: Ledger = {
    entries: [...entries.map(withoutCurrent), ...folder.resting],
    ...(isOwn ? settingsOf(tables) : { settings: folder.ledger.settings, facts: folder.ledger.facts }),
  }
  return {
    ...{ document, ledger, entries: new Map(entries.map((entry) => [entry.row.id, entry])) },
    pair: { profiles: printDocument(document), ledger: printLedger(ledger) },
  }
}

interface Kept {
  readonly entry: LedgerEntry
  /** What is in the file for it. */
  readonly json: unknown
  /** What it was called there until now; null: it is new. */
  readonly before: string | null
}

function keptOf(sealer: Sealer, folder: Folder, tables: Tables, row: CredentialRow): Kept {
  const known = folder.entries.get(row.id)
  const profile = profileOf(folder, row, known)
  const versions = tables.versions.find((one) => one.credentialId === row.id).toSorted(byVersion)
  const before = known === undefined ? undefined : folder.document.profiles[known.profile]
  const isSame = known !== undefined && known.row.version === row.version
  const json = isSame ? before : profileWith(row.type, valuesOf(sealer, row, tables), row.expiresAt, before)
  const entry = {
    ...{ row, profile, digest: digestOf(json), versions },
    grant: tables.grants.get(row.id) ?? null,
    attempts: tables.attempts
      .find((one) => one.credentialId === row.id)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }
  return { entry, json, before: known?.profile ?? null }
}

// A profile is called `provider:name`; a credential that is called so already keeps that.
function profileOf(folder: Folder, { name, type }: CredentialRow, known: LedgerEntry | undefined): string {
  if (known?.row.name === name) return known.profile
  const wanted = name.includes(':') ? name : `${providerOf(type)}:${name}`
  const taken = (id: string) => id !== known?.profile && id in folder.document.profiles
  for (let i = 1; ; i += 1) {
    const id = i === 1 ? wanted : `${wanted}-${i}`
    if (!taken(id)) return id
  }
}

function valuesOf(sealer: Sealer, row: CredentialRow, tables: Tables) {
  const version = tables.versions.get(keyOf(row.id, row.version))
  if (version === undefined) throw new Error(`version ${row.version} of ${row.id} is missing`)
  return sealer.open(row, version)
}

// In the order of the file, and what is not of ours as it is.
function documentOf({ document, entries }: Folder, tables: Tables, kept: readonly Kept[]): ProfileDocument {
  const renamed = new Map(kept.map(({ before, entry }) => [before ?? '', entry.profile]))
  const gone = new Set([...entries.values()].map(({ profile }) => profile).filter((id) => !renamed.has(id)))
  const call = (id: string) => renamed.get(id) ?? id
  const stays = (id: string) => !gone.has(id)
  const byId = new Map(kept.map(({ entry, json }) => [entry.profile, json]))
  const profiles: Record<string, unknown> = {}
  for (const [id, json] of Object.entries(document.profiles))
    if (stays(id)) profiles[call(id)] = byId.get(call(id)) ?? json
  for (const [id, json] of byId) profiles[id] = json
  const { order, lastGood, usageStats } = document
  return {
    ...document,
    profiles,
    ...(kept.length === 0 && order === undefined ? {} : orderOf(order, kept, call, stays)),
    ...(lastGood !== undefined && {
      lastGood: mapValues(lastGood, call, (id) => stays(id)),
    }),
    ...statsOf(renameKeys(usageStats ?? {}, call, stays), usageStats !== undefined, tables, kept),
  }
}

function orderOf(
  order: ProfileDocument['order'],
  kept: readonly Kept[],
  call: (id: string) => string,
  stays: (id: string) => boolean,
): Pick<ProfileDocument, 'order'> {
  const next: Record<string, string[]> = {}
  for (const [provider, ids] of Object.entries(order ?? {})) next[provider] = ids.filter(stays).map(call)
  const byProvider = Map.groupBy(kept, ({ json }) => (json as { provider: string }).provider)
  for (const [provider, all] of byProvider) {
    const placed = all.filter(({ entry }) => entry.row.position !== null)
    const ids = placed
      .toSorted((a, b) => (a.entry.row.position ?? 0) - (b.entry.row.position ?? 0))
      .map(({ entry }) => entry.profile)
    const others = (next[provider] ?? []).filter((id) => !all.some(({ entry }) => entry.profile === id))
    if (ids.length + others.length === 0) delete next[provider]
    else if (!isSameOrder(next[provider] ?? [], ids)) next[provider] = [...ids, ...others]
  }
  return order === undefined && Object.keys(next).length === 0 ? {} : { order: next }
}

// Those of ours in the order they have; others may stand between them.
function isSameOrder(all: readonly string[], ids: readonly string[]): boolean {
  const ours = all.filter((id) => ids.includes(id))
  return ours.length === ids.length && ours.every((id, i) => id === ids[i])
}

function statsOf(
  stats: Record<string, UsageStats>,
  were: boolean,
  tables: Tables,
  kept: readonly Kept[],
): Pick<ProfileDocument, 'usageStats'> {
  for (const { entry } of kept) {
    const { row, profile } = entry
    const lastUsed = tables.lastUses.get(row.id)
    const isHeld = row.state === 'cooling_down' && row.stateUntil !== null
    const { cooldownUntil: _, ...before } = stats[profile] ?? {}
    const next: UsageStats = {
      ...before,
      ...(lastUsed !== undefined && { lastUsed: Math.max(lastUsed, before.lastUsed ?? 0) }),
      ...(isHeld && before.disabledUntil !== row.stateUntil && { cooldownUntil: row.stateUntil ?? 0 }),
    }
    if (Object.keys(next).length > 0) stats[profile] = next
    else delete stats[profile]
  }
  return were || Object.keys(stats).length > 0 ? { usageStats: stats } : {}
}

function settingsOf(tables: Tables): Pick<Ledger, 'settings' | 'facts'> {
  const key = ({ organizationId, subject, name }: Ledger['settings'][number]) =>
    keyOf(organizationId, subject, name)
  return {
    settings: tables.settings.find(() => true).toSorted((a, b) => (key(a) < key(b) ? -1 : 1)),
    facts: Object.fromEntries(tables.installation.entries().toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

// The current values are in the file of profiles, and nowhere else.
function withoutCurrent(entry: LedgerEntry): LedgerEntry {
  const { row, versions } = entry
  return {
    ...entry,
    versions: versions.map((one) => (one.version === row.version ? { ...one, values: {} } : one)),
  }
}

function byVersion(a: VersionRow, b: VersionRow): number {
  return a.version - b.version
}

function renameKeys<T>(
  record: Readonly<Record<string, T>>,
  call: (id: string) => string,
  stays: (id: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([id, value]) => (stays(id) ? [[call(id), value] as const] : [])),
  )
}

function mapValues(
  record: Readonly<Record<string, string>>,
  call: (id: string) => string,
  stays: (id: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, id]) => (stays(id) ? [[key, call(id)] as const] : [])),
  )
}
