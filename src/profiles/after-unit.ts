// A directory of profiles as it is to be after a unit: the tables as a file of profiles and its ledger. Values are opened
// only where they have changed.

import { isAboutPaying } from '../domain/resolution/verdicts.ts'
import { keyOf, type Tables } from '../store/memory/tables.ts'
import type { CredentialRow, VersionRow } from '../store/store.ts'
import { digestOf, profileUntil, profileWith, providerOf } from './content.ts'
import type { Folder } from './folder.ts'
import { type ProfileDocument, readStats, type UsageStats } from './format.ts'
import { isLeaving, type Ledger, type LedgerEntry, printLedger } from './ledger.ts'
import { type Pair, textsOf } from './pair.ts'
import { orderAfter, type Placed, placeIn } from './reading-through/order.ts'
import type { Sealer } from './sealer.ts'

interface Next extends Pick<Folder, 'document' | 'ledger' | 'entries'> {
  readonly pair: { readonly profiles: string; readonly ledger: string } & Pair
}

/** What the agent's own directory says of the others: nothing but the order. */
export interface Inherited {
  readonly placed: readonly Placed[]
  /** The order that counts where its own says nothing. */
  order(provider: string): readonly string[] | undefined
}

/**
 * `rows`: the credentials of this directory. `inherited`: it is the agent's own, where settings and the order are kept;
 * null: it is that of another.
 */
export function afterUnit(
  { sealer }: { readonly sealer: Sealer },
  folder: Folder,
  tables: Tables,
  rows: readonly CredentialRow[],
  inherited: Inherited | null,
): Next {
  const isOwn = inherited !== null
  const { settings, facts } = isOwn ? settingsOf(tables) : folder.ledger
  const profiles = profilesOf(folder, rows)
  const all = rows
    .map((row) => keptOf(sealer, folder, tables, row, profiles.get(row.id) ?? ''))
    .map((one) => (isOwn ? one : asPlacedIn(folder, one)))
  // What is on its way to another holder is in the ledger only, sealed: no other program is to use it meanwhile.
  const kept = all.filter(({ entry }) => !isLeaving(entry, facts))
  const document = documentOf(folder, tables, kept, inherited)
  const entries = all.map(({ entry }) => entry)
  const inLedger = (entry: LedgerEntry) => (isLeaving(entry, facts) ? entry : withoutCurrent(entry))
  const ledger: Ledger = {
    ...{ entries: [...entries, ...folder.resting].map(inLedger), settings, facts },
    spent: spentAfter(
      folder,
      kept.map(({ entry }) => entry),
    ),
  }
  return {
    ...{ document, ledger, entries: new Map(entries.map((entry) => [entry.row.id, entry])) },
    pair: {
      ...textsOf(folder.place, document, folder.pair ?? { profiles: null, ledger: null }),
      ledger: printLedger(ledger),
    },
  }
}

interface Kept {
  readonly entry: LedgerEntry
  /** What is in the file for it. */
  readonly json: unknown
  /** It as it was until now; null: it is new. */
  readonly before: LedgerEntry | null
}

function keptOf(sealer: Sealer, folder: Folder, tables: Tables, row: CredentialRow, profile: string): Kept {
  const known = folder.entries.get(row.id)
  const versions = tables.versions.find((one) => one.credentialId === row.id).toSorted(byVersion)
  const before = known === undefined ? undefined : folder.document.profiles[known.profile]
  const current = versions.find(({ version }) => version === row.version)
  const json =
    known !== undefined && known.digest === digestOf(before) && isCurrent(known, current)
      ? row.expiresAt === known.row.expiresAt
        ? before
        : profileUntil(before, row.expiresAt)
      : profileWith(row.type, valuesOf(sealer, row, current), row.expiresAt, before)
  const entry = {
    ...{ row, profile, digest: digestOf(json), versions },
    grant: tables.grants.get(row.id) ?? null,
    attempts: tables.attempts
      .find((one) => one.credentialId === row.id)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }
  return { entry, json, before: known ?? null }
}

// Whether its values are those that are in the file.
function isCurrent({ row, versions }: LedgerEntry, current: VersionRow | undefined): boolean {
  const known = versions.find(({ version }) => version === row.version)
  if (known === undefined || current === undefined || known.version !== current.version) return false
  // By what is in them: a copy of a Buffer is none.
  const names = Object.keys(known.values)
  const isSame = (name: string) => {
    const [before, now] = [known.values[name], current.values[name]]
    return before !== undefined && now !== undefined && Buffer.compare(before, now) === 0
  }
  return names.length === Object.keys(current.values).length && names.every(isSame)
}

// Id of a credential → what its profile is called: `provider:name`, or what the credential is called itself.
function profilesOf({ entries, document }: Folder, rows: readonly CredentialRow[]): Map<string, string> {
  const ours = new Set([...entries.values()].map(({ profile }) => profile))
  const taken = new Set(Object.keys(document.profiles).filter((id) => !ours.has(id)))
  const profiles = new Map<string, string>()
  const call = (row: CredentialRow, profile: string) => {
    taken.add(profile)
    profiles.set(row.id, profile)
  }
  for (const row of rows) {
    const known = entries.get(row.id)
    if (known?.row.name === row.name) call(row, known.profile)
  }
  for (const row of rows) {
    if (profiles.has(row.id)) continue
    const wanted = row.name.includes(':') ? row.name : `${providerOf(row.type)}:${row.name}`
    let id = wanted
    for (let i = 2; taken.has(id); i += 1) id = `${wanted}-${i}`
    call(row, id)
  }
  return profiles
}

function valuesOf(sealer: Sealer, row: CredentialRow, version: VersionRow | undefined) {
  if (version === undefined) throw new Error(`version ${row.version} of ${row.id} is missing`)
  return sealer.open(row, version)
}

// The place that it has for this agent is no matter of the directory of another.
function asPlacedIn({ document }: Folder, one: Kept): Kept {
  const { json, entry, before } = one
  const { provider } = json as { provider: string }
  const position = placeIn(document.order?.[provider], before?.profile ?? entry.profile)
  return { ...one, entry: { ...entry, row: { ...entry.row, position } } }
}

// In the order of the file, and what is not of ours as it is.
function documentOf(
  { document, entries }: Folder,
  tables: Tables,
  kept: readonly Kept[],
  inherited: Inherited | null,
): ProfileDocument {
  const renamed = new Map(
    kept.flatMap(({ before, entry }) => (before === null ? [] : [[before.profile, entry.profile] as const])),
  )
  const gone = new Set([...entries.values()].map(({ profile }) => profile).filter((id) => !renamed.has(id)))
  const call = (id: string) => renamed.get(id) ?? id
  const stays = (id: string) => !gone.has(id)
  const byId = new Map(kept.map(({ entry, json }) => [entry.profile, json]))
  const profiles = Object.fromEntries([
    ...Object.entries(document.profiles)
      .filter(([id]) => stays(id))
      .map(([id, json]) => [call(id), json] as const),
    ...byId,
  ])
  const { order, lastGood, usageStats } = document
  return {
    ...document,
    profiles,
    ...orderOf(order, inherited === null ? null : { kept, inherited }, call, stays),
    ...(lastGood !== undefined && {
      lastGood: mapValues(lastGood, call, (id) => stays(id)),
    }),
    ...statsOf(renameKeys(usageStats ?? {}, call, stays), usageStats !== undefined, tables, kept),
  }
}

function orderOf(
  order: ProfileDocument['order'],
  own: { readonly kept: readonly Kept[]; readonly inherited: Inherited } | null,
  call: (id: string) => string,
  stays: (id: string) => boolean,
): Pick<ProfileDocument, 'order'> {
  const next: Record<string, string[]> = {}
  for (const [provider, ids] of Object.entries(order ?? {})) {
    const left = ids.filter(stays)
    if (left.length > 0 || ids.length === 0) next[provider] = left.map(call)
  }
  for (const [provider, placed] of own === null ? [] : placedOf(own)) {
    const before = next[provider] ?? own?.inherited.order(provider) ?? []
    const now = orderAfter(before, placed)
    if (now === before) continue
    if (now.length > 0) next[provider] = [...now]
    else delete next[provider]
  }
  return order === undefined && Object.keys(next).length === 0 ? {} : { order: next }
}

function placedOf({
  kept,
  inherited,
}: {
  readonly kept: readonly Kept[]
  readonly inherited: Inherited
}): Map<string, Placed[]> {
  const own = kept.map(({ json, entry: { profile, row } }) => ({
    ...{ provider: (json as { provider: string }).provider, profile, position: row.position },
  }))
  return Map.groupBy([...own, ...inherited.placed], ({ provider }) => provider)
}

function statsOf(
  stats: Record<string, unknown>,
  were: boolean,
  tables: Tables,
  kept: readonly Kept[],
): Pick<ProfileDocument, 'usageStats'> {
  for (const { entry, before } of kept) {
    const { row, profile } = entry
    const said = readStats(stats[profile])
    const lastUsed = tables.lastUses.get(row.id) ?? 0
    const changed: UsageStats = {
      ...(lastUsed > (said.lastUsed ?? 0) && { lastUsed }),
      ...(before === null || !isSameHold(before.row, row) ? holdOf(row, said) : {}),
    }
    // JSON has no `undefined`: what is that is left out.
    if (Object.keys(changed).length > 0) stats[profile] = Object.assign({}, stats[profile], changed)
  }
  return were || Object.keys(stats).length > 0 ? { usageStats: stats } : {}
}

function isSameHold(before: CredentialRow, { state, stateUntil }: CredentialRow): boolean {
  return before.state === state && before.stateUntil === stateUntil
}

const NO_HOLD = ['cooldownUntil', 'disabledUntil', 'disabledReason'] as const

// How long others leave a profile alone that is of no use before somebody has done something about it.
const DISABLED_FOR = 24 * 3_600_000

function holdOf(row: CredentialRow, said: UsageStats): object {
  const { state, stateUntil, stateReason, updatedAt } = row
  const isHeld = state === 'cooling_down' && stateUntil !== null
  if (isHeld && said.disabledUntil === stateUntil) return {}
  const none = Object.fromEntries(NO_HOLD.filter((name) => name in said).map((name) => [name, undefined]))
  if (isHeld) return { ...none, cooldownUntil: stateUntil }
  if (state !== 'blocked' && state !== 'rejected') return none
  const disabledReason = isAboutPaying(stateReason) ? 'billing' : 'auth'
  return { ...none, disabledUntil: updatedAt + DISABLED_FOR, disabledReason }
}

function settingsOf(tables: Tables): Pick<Ledger, 'settings' | 'facts'> {
  const key = ({ organizationId, subject, name }: Ledger['settings'][number]) =>
    keyOf(organizationId, subject, name)
  return {
    settings: tables.settings.find(() => true).toSorted((a, b) => (key(a) < key(b) ? -1 : 1)),
    facts: Object.fromEntries(tables.installation.entries().toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

// So many are remembered. A login that is renewed every hour has them for three weeks.
const SPENT_AT_MOST = 500

function spentAfter({ ledger, entries }: Folder, now: readonly LedgerEntry[]): string[] {
  const current = new Set(digestsOf(now))
  const before = new Set([...ledger.spent, ...digestsOf([...entries.values()])])
  return [...before].filter((one) => !current.has(one)).slice(-SPENT_AT_MOST)
}

function digestsOf(entries: readonly LedgerEntry[]): string[] {
  return entries.map(({ grant }) => grant?.digest ?? '').filter((digest) => digest !== '')
}

// The current values are in the file of profiles, and nowhere else: but for a login, whose latest tokens are lost for ever when
// somebody puts an older file back.
function withoutCurrent(entry: LedgerEntry): LedgerEntry {
  const { row, versions, grant } = entry
  if (grant !== null) return entry
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
