// Where the runner gets credentials from: a lease on one credential for one run. The client implements it; the runner
// does not know servers.

import type { LeaseNews } from '../client/lease-news.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import type { Secret } from '../domain/secret.ts'
import type { DeliverableLease } from '../harnesses/harness.ts'

export interface LeaseRequest {
  readonly harness: HarnessName
  /** The name of the one credential asked for; without it the server chooses. */
  readonly credential?: string
  /** What this machine has of its own. */
  readonly ambient: 'environment' | 'login' | 'none' | 'refused'
  readonly team?: string
  readonly agent?: string
  /** What this machine calls itself, for the audit log. */
  readonly worker?: string
}

export interface LeasedCredential {
  readonly id: string
  readonly name: string
  /** As text, for example `team:platform`. */
  readonly owner: string
  readonly type: CredentialType
  /** Its last characters, for people. */
  readonly suffix: string
  readonly generation: number
  /** When it ends by itself, in RFC 3339; null or missing: nobody knows. */
  readonly expiresAt?: string | null
  readonly fields: Readonly<Record<string, Secret>>
}

export interface RawSecret {
  /** The environment variable it becomes. */
  readonly name: string
  readonly owner: string
  readonly value: Secret
}

export interface AcquiredLease {
  readonly leaseId: string
  /** Good for this lease only: the helper's key to it. */
  readonly handle: Secret
  readonly serverUrl: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Null: the machine's own environment or login was chosen. */
  readonly credential: LeasedCredential | null
  readonly raw: readonly RawSecret[]
  /** Why this one, as `explain` would say it. */
  readonly reason: string
}

/** What a running program's credential can be kept current by. */
export interface LiveLeases {
  /** Ends when the lease is over, after saying so, or with `signal`. Never throws. */
  follow(lease: AcquiredLease, generation: number, signal: AbortSignal): AsyncIterable<LeaseNews>
  /** What is behind the lease now. Throws as the client does. */
  read(leaseId: string): Promise<LeasedCredential | null>
}

export interface LeaseSource {
  /** Throws ClavigerError, `no_credential` when nothing fits. `signal` says that nobody waits for the answer any more. */
  acquire(request: LeaseRequest, signal: AbortSignal): Promise<AcquiredLease>
  /** Ends a lease. A lease that is already over is no error. */
  release(leaseId: string): Promise<void>
  /**
   * What came of the last try to renew this login, and when, in RFC 3339; null: nobody has tried, or it is not for us to
   * know. Missing where that cannot be asked. Throws as the client does.
   */
  lastRenewal?(
    credentialId: string,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: string; readonly at: string } | null>
  /** Missing where nothing can be followed. */
  readonly live?: LiveLeases
}

/** The lease as a harness needs it, of one that was taken just now. */
export function deliverable(
  { serverUrl, handle }: AcquiredLease,
  { generation }: LeasedCredential,
  allowHttp = false,
): DeliverableLease {
  return { serverUrl, handle, generation, takenAt: Date.now(), allowHttp }
}
