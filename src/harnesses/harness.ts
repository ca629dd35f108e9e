// The port of a coding agent program: how a credential is handed to it and what it would read instead. Pure: files and
// environment come in as data, a Delivery goes out. It does not spawn, read or write anything (runner/ does).

import type { CredentialType } from '../domain/credential-types.ts'
import type { DeliveredFile, Delivery, DeliveryMode } from '../domain/delivery.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import type { Secret } from '../domain/secret.ts'
import type { Conversing } from './conversing.ts'

/** A credential as its type and fields; `name` is for messages. */
export interface DeliverableCredential {
  readonly name: string
  readonly type: CredentialType
  readonly fields: Readonly<Record<string, Secret>>
}

/** What the machine already has, as data. */
export interface MachineState {
  readonly environment: Readonly<Record<string, string>>
  /** The user's own files of {@link Harness.reads} and {@link Harness.login}: that path → text. Missing ones are absent. */
  readonly userFiles: Readonly<Record<string, string>>
  /** Settings files of the project that the program would read too: path as shown to people → text. */
  readonly projectFiles: Readonly<Record<string, string>>
}

/** The lease behind a credential: a program that renews its login by itself renews it with us, by this. */
export interface DeliverableLease {
  readonly serverUrl: string
  readonly handle: Secret
  readonly generation: number
  /** When it was taken: milliseconds since 1970. */
  readonly takenAt: number
  /** Whether a program may be told to reach the server over plain http, wherever it is. */
  readonly allowHttp: boolean
}

export interface DeliveryInput extends MachineState {
  readonly credential: DeliverableCredential
  readonly lease: DeliverableLease
  readonly mode: DeliveryMode
  /** A shell command line that prints the credential, for programs that ask for it. */
  readonly helperCommand: (kind: 'api-key' | 'aws') => string
}

/** The files of the user's own configuration home that hold the credential from now on, and what changed in them. */
export interface Restoration {
  readonly files: readonly DeliveredFile[]
  readonly report: readonly string[]
}

/** One file of {@link Harness.reads} in its four states; absent files are null. */
export interface FileHistory {
  /** The user's, when the run began. */
  readonly before: string | null
  /** The private copy as we wrote it; empty when there was none. */
  readonly delivered: string
  /** The private copy when the program had ended. */
  readonly after: string
  /** The user's, now. */
  readonly now: string | null
}

/** The user's file after a run. */
export interface Merged {
  /** Its new text; null when nothing changes. */
  readonly text: string | null
  /** What the program changed and could not be carried over, by name. */
  readonly lost: readonly string[]
}

export interface Harness {
  readonly name: HarnessName
  /** How a conversation is held with it. */
  readonly conversing: Conversing
  /** The program's name on PATH, and the setting that overrides it. */
  readonly program: string
  readonly programSetting: string
  /** Oldest version that behaves as we need, e.g. `2.1.208`, and what to type to get a newer one. */
  readonly minimumVersion: string
  readonly installHint: string
  /** Types this harness can be given. */
  readonly types: readonly CredentialType[]
  readonly configurationHome: {
    /** The variable that names the configuration directory. */
    readonly variable: string
    /** The directory under the home directory when the variable is not set. */
    readonly fallback: string
    /** Files of {@link reads} that lie in the home directory itself when the variable is not set. */
    readonly besideFallback: readonly string[]
  }
  /** Files that {@link deliver} needs to see and returns adjusted copies of. Never linked. A `*` stands for anything. */
  readonly reads: readonly string[]
  /** The file of the program's own login. Seen by {@link ambient}, never linked; its other parts may be delivered. */
  readonly login: string
  /**
   * The secrets in the text of {@link login}, where the program renews it by itself while it runs; null: it is written just
   * now. Missing: what the program has is what it was handed.
   */
  secretsInLogin?(text: string): readonly string[] | null
  /** Further files that are never linked: locks, and what belongs to one process. A `*` stands for anything. */
  readonly leaves: readonly string[]
  /** Databases among {@link leaves} that a run gets a copy of, which ends with it. */
  readonly copies: readonly string[]
  /** What is made in the user's configuration home if missing, so that it outlives the run. `x/` is a directory. */
  readonly keeps: readonly string[]
  /** What the program makes by itself: kept when the user has none of that name, else it gives way without a word. */
  readonly rebuilds: readonly string[]
  /** Settings files read from the working directory, and from the root of its repository. */
  readonly projectReads: { readonly here: readonly string[]; readonly root: readonly string[] }
  /** Variables that carry or steer a credential of this harness: a raw secret may not take these names. */
  readonly credentialVariables: readonly string[]
  /** Variables that hold no credential and that a run for strangers has of the worker's environment: where and how it asks. */
  readonly plainVariables: readonly string[]
  /** The mode used when the user does not say, from the command line to be run. */
  defaultMode(type: CredentialType, command: readonly string[]): DeliveryMode
  /**
   * The delivery of one credential. Throws `invalid` for a type it does not know, a malformed file of the user, or a
   * server that the program may not be sent to, and `conflict` when a settings file of the project would outrank the
   * credential and cannot be set aside.
   */
  deliver(input: DeliveryInput): Delivery
  /** The files of a live delivery with another generation in them; `texts`: those of {@link reads} as they are now. */
  rewrite?(
    credential: DeliverableCredential,
    texts: Readonly<Record<string, string>>,
  ): readonly DeliveredFile[]
  /** Names of what already carries a credential that would be set aside for one of `type`: for `--keep-env`. */
  carries(type: CredentialType, machine: MachineState): readonly string[]
  /** What the machine itself has, before any delivery. */
  ambient(machine: MachineState): 'environment' | 'login' | 'none'
  /** The user's file of {@link reads} or {@link login} with what the program changed in its copy. Never throws. */
  mergeBack(path: string, history: FileHistory): Merged
  /** For a boot-time restore: writes the credential into the user's own configuration home. Throws as `deliver`. */
  restore(credential: DeliverableCredential, machine: MachineState, lease: DeliverableLease): Restoration
  /** The program's own status command; exit 0 means it sees a credential. */
  readonly statusArguments: readonly string[]
  /** Whether that command is cheap and thorough enough to be asked before every run. */
  readonly isStatusCheap: boolean
  /** Whether what the status command said agrees with what was delivered: its output, and what it said beside it. */
  statusAgrees(type: CredentialType, output: string, errors: string): boolean
}
