// What the file of profiles and its ledger say together. A profile that the ledger does not know is a new credential; one
// whose values somebody else has changed has a new version, and a login a new sign-in.

import { CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import { newId } from '../lib/id.ts'
import type { CredentialRow } from '../store/store.ts'
import { digestOf, isDated, type ReadTokens, type Understood, understand } from './content.ts'
import { type ProfileDocument, readStats, type UsageStats } from './format.ts'
import { isLeaving, type Ledger, type LedgerEntry } from './ledger.ts'
import type { Sealer, VersionFacts } from './sealer.ts'

export interface ReconcileTools {
  readonly sealer: Sealer
  readonly read: ReadTokens
  readonly now: () => number
  readonly organizationId: string
  /** Whose profiles are. */
  readonly owner: string
}

/** A profile that serves no run. */
export interface Unusable {
  readonly profile: string
  readonly provider: string
  /** One sentence for people. */
  readonly why: string
  /** It is a copy of a login that is kept elsewhere, and hides nothing. */
  readonly isCopy?: true
  /** The profile that serves with this login, where that is known. */
  readonly copyOf?: { readonly profile: string; readonly agent: string }
}

export interface Reconciled {
  /** With the sealed values of the current versions. */
  readonly entries: readonly LedgerEntry[]
  /** What the ledger knows of profiles that cannot be used now. */
  readonly resting: readonly LedgerEntry[]
  readonly unusable: readonly Unusable[]
}

type Usable = Exclude<Understood, { kind: 'unusable' }>

/**
 * See above. Entries of profiles that are gone from the file are gone. `spent`: refresh tokens that must not be sent again: what
 * has one is an older copy, and what is known of it counts.
 */
export function reconcile(
  tools: ReconcileTools,
  document: ProfileDocument,
  ledger: Ledger,
  spent: ReadonlySet<string>,
): Reconciled {
  const entries: LedgerEntry[] = []
  const resting: LedgerEntry[] = []
  const unusable: Unusable[] = []
  const stay = ledger.entries.filter(({ profile }) => Object.hasOwn(document.profiles, profile))
  const names = new Set(stay.map(({ row }) => row.name))
  for (const [profile, json] of Object.entries(document.profiles)) {
    const known = stay.find((one) => one.profile === profile)
    const found = understand(profile, json, tools.read)
    if (found.kind === 'unusable') {
      unusable.push({ profile, provider: found.provider, why: found.why })
      if (known !== undefined) resting.push(known)
      continue
    }
    const same = known?.row.type === found.type ? known : undefined
    const isOld = found.kind === 'login' && spent.has(found.tokens.digest)
    if (isOld && (same === undefined || !isKeptIn(tools, same))) {
      unusable.push({ profile, provider: found.provider, why: `${profile} ${USED_UP}`, isCopy: true })
      if (known !== undefined) resting.push(known)
      continue
    }
    const name = known?.row.name ?? freeName(profile, names)
    names.add(name)
    const entry = isOld && same ? same : entryOf(tools, { profile, name, json, found, known: same })
    entries.push(shown(entry, document, found.provider, tools.now()))
  }
  entries.push(...leavingIn(document, ledger))
  return { entries, resting, unusable }
}

const USED_UP =
  'is an older copy of a login that was renewed since, or moved away: it is not sent again. Take it out of the file, or sign in.'

// Whether the ledger has its current values, and they open.
function isKeptIn({ sealer }: ReconcileTools, { row, versions }: LedgerEntry): boolean {
  const current = versions.find(({ version }) => version === row.version)
  if (current === undefined || Object.keys(current.values).length === 0) return false
  try {
    sealer.open(row, current)
    return true
  } catch {
    // The key of this machine is another one.
    return false
  }
}

// What is on its way to another holder is in the ledger only.
function leavingIn({ profiles }: ProfileDocument, { entries, facts }: Ledger): LedgerEntry[] {
  return entries.filter((entry) => !Object.hasOwn(profiles, entry.profile) && isLeaving(entry, facts))
}

interface FoundProfile {
  readonly profile: string
  /** What its credential is called. */
  readonly name: string
  readonly json: unknown
  readonly found: Usable
  readonly known: LedgerEntry | undefined
}

// A credential that was given another name may be called as this profile is.
function freeName(profile: string, taken: ReadonlySet<string>): string {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? profile : `${profile}-${i}`
    if (!taken.has(name)) return name
  }
}

function entryOf(tools: ReconcileTools, one: FoundProfile): LedgerEntry {
  const { json, found, known } = one
  const digest = digestOf(json)
  if (known === undefined) return newEntry(tools, one, digest)
  if (known.digest !== digest) return changedEntry(tools, known, digest, found)
  const row = isDated(json) ? { ...known.row, expiresAt: endOf(found) } : known.row
  return {
    ...known,
    row,
    versions: isKeptIn(tools, known) ? known.versions : withValues(tools, known, found),
  }
}

function newEntry(
  tools: ReconcileTools,
  { profile, name, found }: FoundProfile,
  digest: string,
): LedgerEntry {
  const { sealer, organizationId, owner, now } = tools
  const at = now()
  const bare = {
    ...{ id: newId('cred'), organizationId, owner, name, type: found.type },
    ...{ harness: harnessOf(found.type), description: '', version: 1, revision: 1 },
    ...({ state: 'ok', stateReason: '', stateUntil: null, position: null } as const),
    ...{ ...shownOf(found), expiresAt: endOf(found) },
    ...{ createdAt: at, createdBy: 'auth-profiles.json', updatedAt: at },
  }
  const row: CredentialRow = { ...bare, wrappedKey: sealer.createKey(bare) }
  const facts = { version: 1, createdAt: at, createdBy: row.createdBy, note: 'found', ...shownOf(found) }
  return {
    ...{ row, profile, digest, attempts: [] },
    grant: found.kind === 'login' ? sealer.grantOf(row, found.tokens, null) : null,
    versions: [sealer.seal(row, valuesOf(found), facts)],
  }
}

// Somebody else has put other values there: they count as if they had been entered here.
function changedEntry(tools: ReconcileTools, known: LedgerEntry, digest: string, found: Usable): LedgerEntry {
  const { sealer, now } = tools
  const at = now()
  const version = known.row.version + 1
  const changed: CredentialRow = {
    ...known.row,
    ...{
      version,
      revision: known.row.revision + 1,
      updatedAt: at,
      expiresAt: endOf(found),
      ...shownOf(found),
    },
    ...({ state: 'ok', stateReason: '', stateUntil: null } as const),
  }
  const row = { ...changed, wrappedKey: sealer.rewrapKey(known.row, changed) }
  const facts = {
    version,
    createdAt: at,
    createdBy: 'auth-profiles.json',
    note: 'found changed',
    ...shownOf(found),
  }
  return {
    ...{ row, profile: known.profile, digest, attempts: known.attempts },
    grant: found.kind === 'login' ? sealer.grantOf(row, found.tokens, known.grant) : null,
    // The values that it had before were in the file only.
    versions: [
      ...known.versions.filter((one) => one.version !== known.row.version),
      sealer.seal(row, valuesOf(found), facts),
    ],
  }
}

function withValues({ sealer, now }: ReconcileTools, { row, versions }: LedgerEntry, found: Usable) {
  const facts: VersionFacts = versions.find((one) => one.version === row.version) ?? {
    ...{ version: row.version, createdAt: now(), createdBy: row.createdBy, note: 'found', ...shownOf(found) },
  }
  return [...versions.filter((one) => one.version !== row.version), sealer.seal(row, valuesOf(found), facts)]
}

// What the file says beside the values: the order, and whether it is held off.
function shown(entry: LedgerEntry, document: ProfileDocument, provider: string, now: number): LedgerEntry {
  const { row, profile } = entry
  const place = document.order?.[provider]?.indexOf(profile) ?? -1
  const position = place === -1 ? null : place
  return {
    ...entry,
    row: { ...row, position, ...heldBy(row, readStats(document.usageStats?.[profile]), now) },
  }
}

type Held = Pick<CredentialRow, 'state' | 'stateReason' | 'stateUntil'>

// A hold is kept in the file only, where another program may have ended it.
function heldBy(row: CredentialRow, stats: UsageStats, now: number): Held | object {
  const { cooldownUntil = 0, disabledUntil = 0, disabledReason } = stats
  const until = Math.round(Math.max(cooldownUntil, disabledUntil))
  const isHeld = row.state === 'cooling_down' && row.stateUntil !== null
  if (isHeld ? row.stateUntil === until : row.state !== 'ok') return {}
  if (until <= now) return isHeld ? { state: 'ok', stateReason: '', stateUntil: null } : {}
  const stateReason =
    until === Math.round(disabledUntil) ? `held off: ${disabledReason ?? 'disabled'}` : 'held off for a while'
  return { state: 'cooling_down', stateReason, stateUntil: until }
}

function harnessOf(type: CredentialType): string {
  return CREDENTIAL_TYPES[type].harness ?? 'raw'
}

function contentOf(found: Usable) {
  return found.kind === 'login' ? found.tokens.content : found.content
}

function valuesOf(found: Usable) {
  return contentOf(found).values
}

function shownOf(found: Usable): Pick<CredentialRow, 'suffix' | 'shown'> {
  const { suffix, shown } = contentOf(found)
  return { suffix: suffix ?? '', shown }
}

function endOf(found: Usable): number | null {
  return found.kind === 'login' ? found.tokens.expiresAt : found.expiresAt
}
