// What the command line may not reach by itself: implementations, the environment, the streams. main.ts gives it.

import type { ServerSettings } from '../config.ts'
import type { MoveReport, RestoreReport } from '../domain/backup.ts'
import type { CredentialType } from '../domain/credential-types.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import type { Secret } from '../domain/secret.ts'
import type { Harness } from '../harnesses/harness.ts'
import type { Streams } from './ui.ts'

/** A server started by `serve`. */
interface StartedServer {
  readonly url: string
  /** This start made the first organization and its owner. */
  readonly firstStart: boolean
  /** With it the first person gives their e-mail and password, once; null at every other start. */
  readonly signInLink: Secret | null
  close(): Promise<void>
}

/** A credential the sandbox is told to accept. */
type AcceptedCredential =
  | { readonly provider: 'anthropic'; readonly kind: 'api-key' | 'oauth' | 'bearer'; readonly value: string }
  | { readonly provider: 'openai'; readonly kind: 'api-key' | 'access-token'; readonly value: string }
  | { readonly provider: 'bedrock'; readonly kind: 'bearer'; readonly value: string }
  | {
      readonly provider: 'bedrock'
      readonly kind: 'access-key'
      readonly accessKeyId: string
      readonly secretAccessKey: string
    }

/** The fake providers, started by `sandbox`. */
export interface StartedSandbox {
  readonly url: string
  readonly anthropicUrl: string
  readonly openaiUrl: string
  readonly issuerUrl: string
  readonly bedrockUrl: string
  /** Null unless asked for. */
  readonly tls: { readonly proxyUrl: string; readonly caFile: string; readonly tlsUrl: string | null } | null
  close(): Promise<void>
}

/** What is done to an installation while no server runs on it. */
interface Offline {
  /** The bytes of a backup of this installation. */
  backUp(settings: ServerSettings): Promise<AsyncIterable<Uint8Array>>
  /** Restores the backup in this file into the empty place that the settings name. */
  restore(settings: ServerSettings, file: string): Promise<RestoreReport>
  /** Moves an installation to another database; `progress` hears how many rows are in. */
  migrate(
    settings: ServerSettings,
    urls: { readonly from: string; readonly to: string },
    progress: (rows: number) => void,
  ): Promise<MoveReport>
  /** Lets a database be used again that was moved away; false when it was not. */
  takeBack(url: string): Promise<boolean>
}

/** A credential on a server: its address and the name there, for people, and the ids by which both are known. */
export interface PlaceOnServer {
  readonly server: string
  readonly name: string
  /** Not known of a profile that was pushed by an older version. */
  readonly organization?: string
  readonly credential?: string
}

/** A profile that was pushed to a server. `at`: milliseconds since 1970. */
export interface MovedProfile extends PlaceOnServer {
  readonly profile: string
  readonly at: number
}

/** What became of a profile of another program. `same`: it is here already, under the name `profile`. */
export interface TakenProfile {
  readonly from: string
  readonly theirs: string
  readonly profile: string
  readonly outcome: 'new' | 'same' | 'used-up' | 'taken-name'
  readonly kind: 'api_key' | 'token' | 'oauth'
  readonly provider: string
  /** Other profiles of the same account. */
  readonly twins: readonly string[]
}

/** Providers that are programs of their own. */
export interface PluginHouse {
  /** All on PATH; `description` is null where a program is no plugin, and `fault` says why. */
  list(): Promise<
    readonly {
      readonly name: string
      readonly program: string
      readonly description: {
        readonly version: string
        readonly title?: string | undefined
        readonly types: readonly CredentialType[]
        readonly environment?: readonly string[] | undefined
        readonly hosts?: readonly string[] | undefined
      } | null
      readonly fault: string
    }[]
  >
  /**
   * Signs in, and stores what comes of it; without a name by the e-mail of the account. What is asked and said is the text
   * of others. Throws `not_found`, `upstream`, `rejected`, or `conflict` for a name that is another's.
   */
  signIn(
    name: string,
    desk: {
      ask(question: string, secret: boolean): Promise<Secret>
      open(url: string, text: string): void
      note(text: string): void
    },
    wanted: { readonly profile: string | null; readonly replaceAccount: boolean },
  ): Promise<{
    readonly profile: string
    readonly isNew: boolean
    /** Other profiles of the same account; `sameToken`: with the very same value. */
    readonly twins: readonly { readonly profile: string; readonly sameToken: boolean }[]
  }>
  /**
   * How the login that is in this profile now is ended at its provider, also when the profile is gone by then: false when
   * that could not be done. Null: no plugin has brought it.
   */
  endOf(profile: string): (() => Promise<boolean>) | null
}

/** The profiles of an agent on this machine, as a server of this process. */
export interface OpenedProfiles {
  /** Where programs ask, on loopback. */
  readonly url: string
  readonly token: Secret
  readonly fetch: (request: Request) => Promise<Response>
  /** Profiles that serve no run, with why, as last seen. */
  unusable(): readonly {
    readonly agent: string
    readonly profile: string
    readonly provider: string
    readonly why: string
    /** The profile that serves with this login, where it is a copy of one. */
    readonly copyOf?: { readonly profile: string; readonly agent: string }
  }[]
  /** The agent whose file a credential is in; null: none. */
  agentOf(credentialId: string): string | null
  /** The file of the agent itself. */
  readonly file: string
  /** What was done when they were opened, in words. */
  readonly news: readonly string[]
  readonly moves: {
    /** Tells these profiles apart from every other place that keeps credentials. */
    holder(): Promise<string>
    /** Profiles that are on a server now, and not here again. */
    moved(): Promise<readonly MovedProfile[]>
    note(moved: MovedProfile): Promise<void>
    /** What was there is here again, whatever it is called, or is gone for good. */
    cameBack(from: PlaceOnServer): Promise<void>
    /** Keeps the place that a profile which is about to go has in this order; null: it has none. */
    keepPlace(profile: string, order: readonly string[] | null): Promise<void>
    /** The place that is kept for what is there; null: none. */
    placeOf(from: PlaceOnServer): Promise<{ readonly was: string; readonly before: readonly string[] } | null>
    /** Keeps no place among profiles of this provider any more. */
    forgetPlaces(provider: string): Promise<void>
  }
  /**
   * Takes over the profiles in a file, or in the directory of another program; with `dry` only says what would be. Throws
   * `not_found` with this hint, `invalid`, or `conflict` for a name that is taken.
   */
  takeOver(from: {
    readonly path: string
    readonly hint: string
    readonly profileId?: string
    readonly dry: boolean
    readonly acceptNotice: boolean
  }): Promise<{
    readonly outcomes: readonly TakenProfile[]
    readonly leftOut: readonly { readonly from: string; readonly theirs: string; readonly why: string }[]
  }>
  /** The notice about Claude subscriptions was shown and accepted. */
  acceptNotice(): Promise<void>
  /** Carries out runs that are begun here and work in this directory, with this harness, until it is closed. */
  carryOut(harness: HarnessName, workspace: string): Promise<void>
  readonly plugins: PluginHouse
  close(): Promise<void>
}

/** The agents of this machine: folders of profiles. */
export interface AgentFolders {
  list(): Promise<
    readonly { readonly agent: string; readonly directory: string; readonly profiles: number }[]
  >
  /** Makes one. Throws `conflict` when there is one of that name. */
  add(agent: string): Promise<{ readonly directory: string }>
  /** Throws as `remove` would for what is no agent that can be removed; a process may use it. */
  mustBeRemovable(agent: string): Promise<void>
  /** What it has signed in to itself, by name; none where its file cannot be read. */
  loginsOf(agent: string): Promise<readonly string[]>
  /** Removes one with its profiles. Throws `not_found`; `conflict` while a process uses it. */
  remove(agent: string): Promise<void>
}

/** What can be seen of this machine without a server. */
export interface MachineLook {
  /** All that is wrong with the folders of profiles, which are not changed. */
  folders(): Promise<
    readonly {
      readonly agent: string
      readonly seen: readonly {
        readonly level: 'ok' | 'warn' | 'fail'
        readonly said: string
        readonly hint?: string
      }[]
      /** Whether its profiles can be used as it is. */
      readonly isUsable: boolean
    }[]
  >
  /** By how many milliseconds the clock of the provider of this harness is ahead of ours; null: it did not answer. */
  clock(harness: HarnessName): Promise<{ readonly host: string; readonly offset: number | null }>
}

/** What the command line may not reach by itself; main.ts gives it. */
export interface CliDependencies extends Streams {
  readonly version: string
  /** The environment of this process. */
  readonly env: Readonly<Record<string, string>>
  /** The words that start this program again, as absolute paths. */
  readonly selfCommand: readonly string[]
  readonly startServer: (settings: ServerSettings) => Promise<StartedServer>
  readonly startSandbox: (options: {
    port: number
    credentials: readonly AcceptedCredential[]
    tls?: { directory: string }
  }) => Promise<StartedSandbox>
  readonly offline: () => Promise<Offline>
  readonly openProfiles: (agent: string) => Promise<OpenedProfiles>
  readonly agentFolders: () => Promise<AgentFolders>
  readonly machineLook: () => Promise<MachineLook>
  readonly harnessOf: (name: HarnessName) => Promise<Harness>
}
