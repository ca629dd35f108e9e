// The port of a coding agent program: how a credential is handed to it and what it would read instead. Pure: files and
// environment come in as data, a Delivery goes out. It does not spawn, read or write anything (runner/ does).

import type { CredentialType } from '../domain/credential-types.ts'
import type { Delivery, DeliveryMode } from '../domain/delivery.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import type { Secret } from '../domain/secret.ts'

export interface DeliveryInput {
  readonly credential: {
    readonly name: string
    readonly type: CredentialType
    readonly fields: Readonly<Record<string, Secret>>
  }
  readonly mode: DeliveryMode
  /** `--keep-env`: what the shell has wins; then our credential is skipped whole if they contradict. */
  readonly keepEnvironment: boolean
  readonly environment: Readonly<Record<string, string>>
  /** The user's own files of {@link Harness.reads}: path relative to the configuration home → text. */
  readonly userFiles: Readonly<Record<string, string>>
  /** Settings files of the project the program is started in that it would read too: path → text. */
  readonly projectFiles: Readonly<Record<string, string>>
  /** A shell command line that prints the credential, for programs that ask for it. */
  readonly helperCommand: (kind: 'api-key' | 'aws') => string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface Harness {
  readonly name: HarnessName
  /** The program's name on PATH, and the setting that overrides it. */
  readonly program: string
  /** Oldest version that behaves as we need, e.g. `2.1.208`, and what to type to get a newer one. */
  readonly minimumVersion: string
  readonly installHint: string
  /** Types this harness can be given. */
  readonly types: readonly CredentialType[]
  /** The variable that names the configuration directory, and its default under the home directory. */
  readonly configurationHome: { readonly variable: string; readonly fallback: string }
  /** Files of the configuration home that {@link deliver} needs to see, and never links. */
  readonly reads: readonly string[]
  /** Files of the configuration home that hold the user's own login or are private to a process: never linked. */
  readonly leaves: readonly string[]
  /** Files of the project directory that {@link deliver} needs to see. */
  readonly projectReads: readonly string[]
  /** Variables that carry or steer a credential of this harness: a raw secret may not take these names. */
  readonly credentialVariables: readonly string[]
  /** The mode used when the user does not say, from the command line to be run. */
  defaultMode(type: CredentialType, command: readonly string[]): DeliveryMode
  deliver(input: DeliveryInput): Delivery
  /** What the machine itself has, before any delivery. */
  ambient(
    environment: Readonly<Record<string, string>>,
    userFiles: Readonly<Record<string, string>>,
  ): 'environment' | 'login' | 'none'
  /** The program's own status command; exit 0 means it sees a credential. */
  readonly statusArguments: readonly string[]
  /** Whether `output` of the status command agrees with what was delivered. */
  statusAgrees(type: CredentialType, output: string): boolean
}
