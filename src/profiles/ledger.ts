// What is known of the profiles beside their values: which credentials they are, how their logins stand, what was tried.
// Values that are not current are in it sealed. It is a file of ours beside the profiles, written with them in one step.

import { z } from 'zod'
import { leavingFact, leavingOf } from '../domain/moving/leaving.ts'
import type { AttemptRow, GrantRow } from '../store/grant-groups.ts'
import type { CredentialRow, VersionRow } from '../store/store.ts'

const LEDGER_VERSION = 1

/** A credential, and the profile that has its values. */
export interface LedgerEntry {
  readonly row: CredentialRow
  /** What the profile is called in the file. */
  readonly profile: string
  /** What its values were when they were last seen, see `digestOf`. */
  readonly digest: string
  readonly grant: GrantRow | null
  readonly attempts: readonly AttemptRow[]
  /** Of the current one the values are in the file; those of a login are here as well, sealed. */
  readonly versions: readonly VersionRow[]
}

/** A setting as the store has it: JSON. */
export interface LedgerSetting {
  readonly organizationId: string
  readonly subject: string
  readonly name: string
  readonly value: string
}

export interface Ledger {
  readonly entries: readonly LedgerEntry[]
  readonly settings: readonly LedgerSetting[]
  /** Name → value. */
  readonly facts: Readonly<Record<string, string>>
  /** Refresh tokens that were in the file and are used up or gone elsewhere, as grants digest them; the latest last. */
  readonly spent: readonly string[]
}

/** Whether this credential is on its way to another holder: what is handed out is in the ledger then, and not in the file. */
export function isLeaving({ row }: Pick<LedgerEntry, 'row'>, facts: Ledger['facts']): boolean {
  return leavingOf(facts[leavingFact(row.id)], row) !== null
}

export const EMPTY_LEDGER: Ledger = { entries: [], settings: [], facts: {}, spent: [] }

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
const rowShape = z.looseObject({ id: z.string(), wrappedKey: bytes })
const attemptShape = z.looseObject({ id: z.string(), answer: bytes.nullable() })
const versionShape = z.looseObject({ version: z.int(), values: z.record(z.string(), bytes) })
const grantShape = z.looseObject({ credentialId: z.string(), revision: z.int(), grant: z.looseObject({}) })

const ledgerShape = z.object({
  version: z.literal(LEDGER_VERSION),
  entries: z.array(
    z.object({
      ...{ row: rowShape, profile: z.string(), digest: z.string() },
      ...{ grant: grantShape.nullable(), attempts: z.array(attemptShape), versions: z.array(versionShape) },
    }),
  ),
  settings: z.array(
    z.object({ organizationId: z.string(), subject: z.string(), name: z.string(), value: z.string() }),
  ),
  facts: z.record(z.string(), z.string()),
  spent: z.array(z.string()).default([]),
})

/** The ledger in this text, or null where it is none of ours. What is in a row is what this program has put there. */
export function readLedger(text: string): Ledger | null {
  try {
    const found = ledgerShape.safeParse(JSON.parse(text))
    return found.success ? (found.data as unknown as Ledger) : null
  } catch {
    // Not JSON.
    return null
  }
}

/** The text of the file: the same for what says the same. */
export function printLedger(ledger: Ledger): string {
  const entries = ledger.entries.toSorted((a, b) => (a.row.id < b.row.id ? -1 : 1))
  return `${JSON.stringify(plain({ version: LEDGER_VERSION, ...ledger, entries }), null, 1)}\n`
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, plain(one)]),
  )
}
