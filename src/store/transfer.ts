// The port of copying everything there is: for backups, for restoring them and for moving to another database. Tables
// are found by looking, never listed: a table that a later migration adds is copied without anybody remembering.

import type { AuditEntry } from '../domain/audit/entry.ts'
import type { ChannelRow } from './channels/channel-groups.ts'
import type { WebhookRow } from './outbox-group.ts'
import type { SecondFactorRow } from './people-groups.ts'
import type { CredentialRow } from './store.ts'

/** Tables that no backup takes along: what they hold is good for a while, and would sign people in again. */
export const PASSING: readonly string[] = ['browser_session', 'outside_trip']

/** A value of a row as it is on every engine. Times are texts in ISO 8601, UTC. */
export type Cell = null | string | number | bigint | boolean | Uint8Array

/** Cells in the order of the table's columns. */
export type Row = readonly Cell[]

export interface TableShape {
  readonly name: string
  readonly columns: readonly string[]
}

/** One moment of a database, held still while others go on. */
export interface Snapshot {
  readonly engine: 'sqlite' | 'postgres'
  /** Names of the migrations that made its tables. */
  readonly migrations: readonly string[]
  /** Every table with what belongs into a copy; one that refers to another comes after it. */
  readonly tables: readonly TableShape[]
  /** The rows of a table in the order of their keys, a page at a time. */
  pages(table: TableShape): AsyncIterable<readonly Row[]>
  /** Gives the moment up. */
  close(): Promise<void>
}

/** A version of a credential as it is stored. */
export interface SealedVersion {
  readonly row: Pick<
    CredentialRow,
    'organizationId' | 'id' | 'owner' | 'type' | 'name' | 'version' | 'wrappedKey'
  >
  readonly version: number
  readonly values: Readonly<Record<string, Uint8Array>>
}

/** What an attempt to renew has brought and what is kept of it, under the data key of its credential. */
export interface SealedAnswer {
  readonly row: SealedVersion['row']
  readonly attempt: string
  /** Of the credential when it was sent. */
  readonly generation: number
  readonly answer: Uint8Array
}

export type SealedWebhook = Pick<WebhookRow, 'id' | 'organizationId' | 'url' | 'wrappedKey' | 'secret'>

export type SealedFactor = Pick<SecondFactorRow, 'id' | 'personId' | 'wrappedKey' | 'secret'>

export type SealedChannel = Pick<
  ChannelRow,
  'id' | 'organizationId' | 'kind' | 'name' | 'wrappedKey' | 'secrets'
>

/** Anything that is stored sealed and stays. */
export type SealedThing =
  | { readonly kind: 'version'; readonly sealed: SealedVersion }
  | { readonly kind: 'answer'; readonly sealed: SealedAnswer }
  | { readonly kind: 'webhook'; readonly sealed: SealedWebhook }
  | { readonly kind: 'second-factor'; readonly sealed: SealedFactor }
  | { readonly kind: 'channel'; readonly sealed: SealedChannel }

/** An empty place that a copy is put into. */
export interface EmptyPlace {
  /** For people, without a password. */
  readonly name: string
  /** Those of these migrations that this program does not know. */
  unknown(migrations: readonly string[]): string[]
  /**
   * Makes the tables as these migrations make them and lets `fill` put rows in. All of it is kept when `fill` resolves,
   * and nothing when it throws or the process ends before. Throws `conflict` when the place is not empty or in use.
   */
  fill<T>(migrations: readonly string[], fill: (filling: Filling) => Promise<T>): Promise<T>
}

/** A place while it is filled. */
export interface Filling {
  /** Throws `invalid` for a table or a column that the migrations have not made. */
  insert(table: TableShape, rows: readonly Row[]): Promise<void>
  /** Every row is in: applies the migrations that came later. What follows may be asked only now. */
  complete(): Promise<void>
  /** Sets every credential of these types aside; returns how many. */
  quarantine(types: readonly string[], reason: string, at: number): Promise<number>
  /** Ends every lease that runs; returns how many. */
  endLeases(reason: string, at: number): Promise<number>
  /** Every organization that did anything so far. */
  organizations(): Promise<string[]>
  audit(entry: AuditEntry): Promise<void>
  sealed(): AsyncIterable<SealedThing>
}

/** How far a move was when it was taken up: `done` needs nothing, `again` begins anew because the source has changed. */
export type MoveState = 'new' | 'resumed' | 'again' | 'done'

/** One installation on its way to another database. Only one process at a time can have it. */
export interface Move {
  readonly state: MoveState
  /** For people, without passwords. */
  readonly from: string
  readonly to: string
  /** Id of the master key that the source was sealed with. */
  readonly keyId: string | undefined
  sealedInSource(): AsyncIterable<SealedThing>
  sealedInTarget(): AsyncIterable<SealedThing>
  /** Copies what is missing and compares every row; returns the rows of each table. `progress` hears how many are in. */
  copy(progress: (rows: number) => void): Promise<Readonly<Record<string, number>>>
  /** The target may be used from now on, the source not any more. */
  finish(): Promise<void>
  close(): Promise<void>
}

/** A cell as JSON; bytes and integers beyond 2^53 become objects, which no cell is. */
export function cellToJson(cell: Cell): unknown {
  if (typeof cell === 'bigint') return { i: cell.toString() }
  if (cell instanceof Uint8Array) return { b: Buffer.from(cell).toString('base64') }
  return cell
}

/** The cell that `cellToJson` made this of; undefined when it made no such thing. */
export function cellFromJson(json: unknown): Cell | undefined {
  if (json === null || typeof json === 'string' || typeof json === 'boolean') return json
  if (typeof json === 'number') return json
  if (typeof json !== 'object') return undefined
  if ('i' in json && typeof json.i === 'string' && /^-?\d+$/.test(json.i)) return BigInt(json.i)
  if ('b' in json && typeof json.b === 'string') return new Uint8Array(Buffer.from(json.b, 'base64'))
  return undefined
}
