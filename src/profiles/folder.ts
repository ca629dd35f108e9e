// One directory of profiles, as it was last seen.

import { emptyDocument, type ProfileDocument } from './format.ts'
import { EMPTY_LEDGER, type Ledger, type LedgerEntry } from './ledger.ts'
import type { Pair } from './pair.ts'
import type { AgentPlace } from './place.ts'
import type { Unusable } from './reconcile.ts'

export interface Folder {
  readonly place: AgentPlace
  pair: Pair | null
  /** Everything that is known of it here is in its files. */
  isKept: boolean
  document: ProfileDocument
  ledger: Ledger
  /** By id of the credential: those that are in the tables. */
  entries: Map<string, LedgerEntry>
  /** Those that are in its files only: they cannot be used, or another directory has a profile of that name. */
  resting: readonly LedgerEntry[]
  unusable: readonly Unusable[]
}

/** One that nobody has looked at. */
export function unseenFolder(place: AgentPlace): Folder {
  return {
    ...{ place, pair: null, isKept: false, document: emptyDocument(), ledger: EMPTY_LEDGER },
    ...{ entries: new Map(), resting: [], unusable: [] },
  }
}
