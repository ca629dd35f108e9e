// The shape of one fake provider: which routes it has, whose credential a request carries, and how it
// says no. The server in sandbox.ts does the rest the same way for all of them.

import type { CredentialState, CredentialTable, ProviderName, SandboxCredential } from './credentials.ts'
import type { Answer, Call } from './http.ts'
import type { ReplyBlock } from './reply.ts'

/** What is wrong with the credential of a request, or the state that an accepted one was taught. */
export type Refusal =
  | Exclude<CredentialState, 'ok'>
  | 'missing'
  | 'unknown'
  | 'not-for-this-api'
  | 'wrong-account'
  | 'bad-signature'
  | 'signed-too-long-ago'
  | 'wrong-region'

export type Verdict =
  | { readonly credential: SandboxCredential }
  | { readonly refusal: Refusal; readonly credential?: undefined }

export type Route = {
  /** `open` needs no credential, `read` needs one, `model` is billed and may run out of credit. */
  readonly access: 'open' | 'read' | 'model'
  readonly model?: string
  /** The texts of the user in the request, oldest first; empty when it has none. */
  readonly userTexts?: readonly string[]
  /** What tools have answered in the request, oldest first; empty when there was none. */
  readonly toolResults?: readonly string[]
  /** `blocks` is what the model says, empty unless `access` is `model`; `asker` is absent for `open`. */
  answer(blocks: readonly ReplyBlock[], asker?: SandboxCredential): Answer
}

/** How a provider words each refusal; those it does not list look like `unknown`. */
export type RefusalTable<Shape> = { readonly unknown: Shape } & { readonly [Key in Refusal]?: Shape }

/** Settings of a running sandbox that change how refusals look. */
export type RefusalSettings = {
  /** The `x-should-retry` header of Anthropic's 401; `absent` leaves it out. */
  readonly shouldRetry: boolean | 'absent'
}

export type Provider = {
  readonly name: ProviderName
  /** First segment of its paths, with the slash. */
  readonly mount: string
  /** The route of a call (`path` without the mount), or undefined when it has none. */
  route(call: Call, path: string): Route | undefined
  /** Whose credential it is. `now` decides how old a signature may be. */
  authenticate(call: Call, path: string, accepted: CredentialTable, now: Date): Verdict
  refuse(refusal: Refusal, call: Call, settings: RefusalSettings, now: Date): Answer
  notFound(call: Call): Answer
}
