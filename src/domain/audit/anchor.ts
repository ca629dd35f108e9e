// A note of where the audit log of an organization ended, signed by its server. Kept elsewhere, it shows later that what
// was there then is still there.

import type { ChainPlace } from './chain.ts'

export interface Anchor extends ChainPlace {
  readonly organizationId: string
  /** When it was made, RFC 3339. */
  readonly at: string
}

/** What is signed of it. */
export function anchorText({ organizationId, position, hash, at }: Anchor): string {
  return JSON.stringify(['claviger audit anchor v1', organizationId, position, hash, at])
}
