// What the files of this folder share: the ports they are made from, and what a server says of itself.

import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import type { GrantTimings, Situation, Watched } from '../../domain/grants/decide.ts'
import type { Grant } from '../../domain/grants/grant.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { EventName } from '../../domain/telling/events.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { Log } from '../../lib/log.ts'
import type { Renewer } from '../../providers/provider.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Guard, Upkeep } from '../guard.ts'
import type { Ports } from '../use-case.ts'
import type { Breakers } from './breakers.ts'
import type { LeftAttempt, RenewalJournal } from './renewing/journal.ts'

/** Milliseconds; from the configuration. */
export interface EngineTimings extends GrantTimings {
  /** From the claim on: by then the answer has come, or is given up. Nothing is sent when less than a call is left. */
  readonly lease: number
  /** How long somebody waits for an answer. The answer itself is read for as long as the lease. */
  readonly callTimeout: number
  /** How often the owner of an attempt says that it lives. */
  readonly heartbeat: number
}

/** Those that nobody needs to change. */
export const GRANT_TIMINGS = {
  cap: 180_000,
  heartbeat: 1_000,
  warm: 8 * 24 * 3_600_000,
} as const satisfies Partial<EngineTimings>

/** Something its owner or the operator should hear of. */
export interface Notice {
  readonly event: EventName
  readonly organizationId: string
  readonly credentialId: string
  readonly reason: string
  /** Of what has this name in the organization only the first is told. */
  readonly once?: string
}

/** What a try to renew a login came to. `failed`: no answer to rely on. `unsent`: nothing left this house. */
export const RENEWAL_ENDS = ['renewed', 'refused', 'failed', 'unsent'] as const

export type RenewalEnd = (typeof RENEWAL_ENDS)[number]

export interface GrantPorts extends Pick<Ports, 'store' | 'vault' | 'now' | 'server'> {
  readonly guard: Guard
  readonly journal: RenewalJournal
  /** The name this server keeps over restarts, with its journal. Nobody else has it. */
  readonly replica: string
  /** Names that went with its journal before. Whoever has one of them may be alive, and have a copy of it. */
  readonly formerly: readonly string[]
  /**
   * Whether whoever has this name, and is silent, has ended for certain; what its journal holds is in this one then. Missing
   * where nobody can tell.
   */
  readonly hasEnded?: (replica: string) => Promise<boolean>
  /** What others that have ended have left under way, beside what this server has left itself. */
  readonly leftByOthers?: readonly LeftAttempt[]
  readonly timings: EngineTimings
  readonly breakers: Breakers
  readonly renewerOf: (type: CredentialType) => Renewer | undefined
  /** Milliseconds from any start; never set back. */
  readonly elapsed: () => number
  /** From 0 to 1. */
  readonly chance: () => number
  readonly log: Log
  /** Hears what each try came to. */
  readonly counted?: (harness: HarnessName, outcome: RenewalEnd) => void
  /** Does it again for as long as the database is away; throws what is no matter of that, or when the server ends. */
  readonly persistently: <T>(work: () => Promise<T>) => Promise<T>
  /** Writes it down in the unit of what it is about. */
  readonly tell: (unit: StoreGroups, notice: Notice) => Promise<void>
}

export function count(
  { counted }: Pick<GrantPorts, 'counted'>,
  { type }: { readonly type: CredentialType },
  end: RenewalEnd,
): void {
  const { harness } = CREDENTIAL_TYPES[type]
  if (harness !== null) counted?.(harness, end)
}

/** The server as the one who acts. */
export function upkeep({ server }: Pick<GrantPorts, 'server'>, organizationId: string): Upkeep {
  return { kind: 'server', id: server.id, organizationId, requestId: newId('req') }
}

/** What the rules decide by. */
export function situationOf(
  { now, timings }: Pick<GrantPorts, 'now'> & { readonly timings: GrantTimings },
  { credentialId, grant }: Pick<GrantRow, 'credentialId' | 'grant'>,
  watched: Watched | null,
): Situation {
  return { now: now(), spread: spreadOf(credentialId, grant), watched, timings }
}

/** The same on every server. */
function spreadOf(credentialId: string, { generation }: Pick<Grant, 'generation'>): number {
  return Number.parseInt(sha256(`${credentialId} ${generation}`).slice(0, 8), 16) / 0xffffffff
}
