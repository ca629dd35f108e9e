// What happens in a conversation with a coding agent, in words that both programs share. A harness reads them out of its
// program's output; the runner acts on them; the server keeps and shows them.

import type { RejectionKind } from '../resolution/verdicts.ts'

/** One thing that happened, as it is kept. Texts have passed the redactor before they leave the machine of the run. */
export type ConversationEvent =
  /** The program is there, and calls its memory of this conversation so. */
  | { readonly kind: 'session'; readonly session: string; readonly model: string | null }
  /** What the model says. */
  | { readonly kind: 'text'; readonly text: string }
  /** What the model thinks, where the program tells. */
  | { readonly kind: 'reasoning'; readonly text: string }
  /** The model uses a tool: `input` is shown to people, not parsed. */
  | { readonly kind: 'tool'; readonly call: string; readonly name: string; readonly input: string }
  | { readonly kind: 'tool-result'; readonly call: string; readonly failed: boolean; readonly output: string }
  /** The program tries again by itself. An `authentication` here is the earliest warning. */
  | {
      readonly kind: 'retry'
      readonly attempt: number
      /** Null: the program does not say. */
      readonly of: number | null
      readonly failure: Failure
    }
  | { readonly kind: 'turn-done'; readonly usage: Usage | null }
  | { readonly kind: 'turn-failed'; readonly failure: Failure; readonly usage: Usage | null }
  /** Something the program wants people to know. */
  | { readonly kind: 'notice'; readonly text: string }
  /** An event of a version that knows more than we do: kept by its name, never fatal. */
  | { readonly kind: 'unknown'; readonly name: string }

/** Why a turn, or a try of it, failed. */
export interface Failure {
  readonly kind: FailureKind
  /** The HTTP status behind it; null: it is not told. */
  readonly status: number | null
  /** The word that the program or the provider has for it; null: there is none. */
  readonly code: string | null
  /** What the program tells people. */
  readonly text: string
  /** When a quota is there again, in milliseconds since 1970; null: it is not told. */
  readonly resetsAt: number | null
}

/**
 * The kinds of a rejection are about the credential. `overload`: the provider has too much to do. `request`: it does not
 * do what it was asked. `program`: the program itself failed. `network`: nobody could be reached.
 */
export type FailureKind = Exclude<RejectionKind, 'other'> | 'overload' | 'request' | 'program' | 'network'

const ABOUT_THE_CREDENTIAL: readonly FailureKind[] = ['authentication', 'quota', 'billing', 'organization']

/** Whether another credential, or another generation of it, may help. */
export function isAboutTheCredential({ kind }: Pick<Failure, 'kind'>): boolean {
  return ABOUT_THE_CREDENTIAL.includes(kind)
}

/** Tokens of one turn, as the program reports them. `input` is all of it, `cachedInput` the part that was read from a cache. */
export interface Usage {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
}

export const NO_USAGE: Usage = { input: 0, cachedInput: 0, output: 0 }

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cachedInput: a.cachedInput + b.cachedInput,
    output: a.output + b.output,
  }
}

/** What the agent may do in its workspace; each harness has flags of its own for it. */
export const ACCESS = ['read', 'write', 'full'] as const
export type Access = (typeof ACCESS)[number]
