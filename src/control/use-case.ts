// What a use-case is, what all of them are made from, and what they answer. No behaviour.

import type {
  CookieOperationName,
  OperationName,
  PublicOperationName,
  StreamedOperationName,
} from '../api/operations.ts'
import type { Input, Output } from '../api/schemas.ts'
import type { Channel } from '../channels/channel.ts'
import type { ChainPlace } from '../domain/audit/chain.ts'
import type { Caller } from '../domain/caller.ts'
import type { ChannelKind } from '../domain/channels/call.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { GrantTimings } from '../domain/grants/decide.ts'
import type { PoolOrder } from '../domain/resolution/pool.ts'
import type { RunTimings } from '../domain/runs/taking.ts'
import type { Secret } from '../domain/secret.ts'
import type { Identity } from '../identity/identity.ts'
import type { IdentityProvider } from '../providers/identity/identity-provider.ts'
import type { Provider, SignIn } from '../providers/provider.ts'
import type { WebhookSender } from '../providers/webhook-sender.ts'
import type { Store } from '../store/store.ts'
import type { Snapshot } from '../store/transfer.ts'
import type { Vault } from '../vault/vault.ts'
import type { Grants } from './grants/grants.ts'
import type { LeaseEvent } from './leasing/lease-event.ts'
import type { LiveNews } from './live/live-news.ts'
import type { Rekeying } from './operating/rekeying.ts'
import type { RunNews } from './runs/run-news.ts'
import type { SessionLife } from './sessions/liveness.ts'

/** Answers that carry a plaintext carry it as a Secret; only the server's `reveal` turns it into text. */
type Hidden<T> = T extends readonly (infer E)[]
  ? Hidden<E>[]
  : T extends object
    ? {
        [K in keyof T]: K extends
          | 'handle'
          | 'token'
          | 'value'
          | 'code'
          | 'link'
          | 'deviceCode'
          | 'secret'
          | 'uri'
          ? Secret
          : K extends 'recoveryCodes'
            ? readonly Secret[]
            : K extends 'fields'
              ? Record<string, Secret>
              : Hidden<T[K]>
      }
    : T

type Revealing =
  | 'leases.create'
  | 'leases.read'
  | 'credentials.handOver'
  | 'leases.reject'
  | 'tokens.create'
  | 'invitations.create'
  | 'members.link'
  | 'loginLinks.create'
  | 'organizations.create'
  | 'invitations.accept'
  | 'device.start'
  | 'device.poll'
  | 'agents.token'
  | 'workers.enrol'
  | 'workers.join'
  | 'webhooks.create'
  | 'runs.repository'
  | 'secondFactor.begin'
  | 'secondFactor.enable'
  | 'secondFactor.recoveryCodes'

/** What a browser is to keep from now on. */
export interface NewCookie {
  /** `trip`: of a browser that is sent to an identity provider, until it comes back. Else: of one that is signed in. */
  readonly kind?: 'trip'
  readonly value: Secret
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** What goes with the body of an answer: `none` takes away what the browser has. */
interface WithCookie {
  readonly cookie?: NewCookie | 'none'
}

/** What a use-case returns: the operation's output, with every plaintext in it still hidden; or the bytes of a file; or events. */
export type Result<N extends OperationName> = N extends 'leases.events'
  ? AsyncIterableIterator<LeaseEvent | null>
  : N extends 'runs.events'
    ? AsyncIterableIterator<RunNews | null>
    : N extends 'live'
      ? AsyncIterableIterator<LiveNews | null>
      : N extends StreamedOperationName
        ? AsyncIterableIterator<Uint8Array>
        : Answer<N> & (N extends CookieOperationName ? WithCookie : unknown)

type Answer<N extends OperationName> = N extends Revealing ? Hidden<Output<N>> : Output<N>

export type UseCase<N extends OperationName> = (caller: Caller, input: Input<N>) => Promise<Result<N>>

/** Somebody who has not said who they are. */
export interface Visitor {
  /** Where the question came from: the address of the other end of the connection. */
  readonly address: string
  readonly requestId: string
  /** Set when a page of this server asks: only such a browser can be signed in. `had`: SHA-256 of the cookie it has. */
  readonly browser?: { readonly userAgent: string; readonly had?: string }
}

/** The use-case behind an operation that is public: a code or a password in the input proves who asks. */
export type PublicUseCase<N extends OperationName> = (visitor: Visitor, input: Input<N>) => Promise<Result<N>>

/** Operation name → the use-case behind it. */
export type Control = {
  readonly [N in OperationName]: N extends PublicOperationName ? PublicUseCase<N> : UseCase<N>
}

/** What a server knows of itself. */
export interface ServerFacts {
  readonly version: string
  /** Tells the servers of one database apart: `HOST:PID`. */
  readonly id: string
  /** Milliseconds by which the database's clock is ahead of this machine's. */
  readonly clockOffset: () => number
}

export interface Ports {
  readonly server: ServerFacts
  readonly store: Store
  readonly vault: Vault
  readonly rekeying: Rekeying
  readonly grants: Grants
  /** Where people may show who they are, beside their passwords. */
  readonly identityProviders: readonly IdentityProvider[]
  readonly identity: Identity
  /** The provider that can probe a type, if one can. */
  readonly providerOf: (type: CredentialType) => Provider | undefined
  /** Whoever signs people in for a type, if it can be signed in for. */
  readonly signInOf: (type: CredentialType) => SignIn | undefined
  /** When logins are renewed. */
  readonly grantTimings: GrantTimings
  readonly runTimings: RunTimings
  /** How credentials of one type and owner that nobody has put in an order take turns. */
  readonly poolOrder: PoolOrder
  /**
   * Id → when it was last used, where credentials that nobody has put in an order take turns also for whoever asks outside
   * of a run; missing: then they go by name.
   */
  readonly lastUses?: (credentialIds: readonly string[]) => Readonly<Record<string, number>>
  readonly webhooks: WebhookSender
  /** The platforms that people may ask for work from. */
  readonly channels: Partial<Readonly<Record<ChannelKind, Channel>>>
  /** What a new credential of this type is called that is to have this name; without it: just so. Throws `invalid`. */
  readonly naming?: (type: CredentialType, name: string) => string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Cryptographically strong random bytes. */
  readonly random: (bytes: number) => Uint8Array
  /** Id of the organization that operates the installation: the first one. */
  readonly operatorOrganization: string
  /** Where people and terminals reach this server, for example `https://claviger.example`. Links begin with it. */
  readonly publicUrl: () => string
  /** This moment of the whole database, for a backup. */
  readonly snapshot: () => Promise<Snapshot>
  /** How long a lease lives without being read, in milliseconds. */
  readonly leaseLife: number
  /** How long a browser stays signed in. */
  readonly sessionLife: SessionLife
  /** Ends what waits: the server goes down. */
  readonly ending?: AbortSignal
  /** The last place of the organization's audit log that this server has seen, as kept outside of the database. */
  readonly auditSeen?: (organizationId: string) => ChainPlace | undefined
}
