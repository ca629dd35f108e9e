// What is looked for in an audit log, and where.

import type { AuditEntry } from './entry.ts'

/** What entries are looked for by; all of it must fit. Parts of names fit whatever the case of their letters. */
export interface AuditFilter {
  /** Id, or part of the name. */
  readonly actor?: string
  /** The whole of it; one that ends with a dot: how it begins. */
  readonly action?: string
  /** Id, or part of the name. */
  readonly object?: string
  readonly objectKind?: string
  readonly outcome?: AuditEntry['outcome']
  /** Not before, and not after; milliseconds since 1970. */
  readonly from?: number
  readonly to?: number
  /** Part of a name, of the action or of the details. */
  readonly text?: string
}

/** A stretch of a chain: the positions after one and up to another. */
export interface AuditStretch {
  readonly after: number
  readonly upTo: number
  /** From its end; else from its beginning. */
  readonly newest: boolean
  readonly limit: number
}
