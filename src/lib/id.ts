// Identifiers: a prefix that says what it names, and a UUID version 7 (RFC 9562), so ids sort by time.

import { v7 } from 'uuid'

/** For example `cred_01934b0c4e7b7c3e9d1f0a2b3c4d5e6f`. */
export function newId(prefix: string): string {
  return `${prefix}_${v7().replaceAll('-', '')}`
}
