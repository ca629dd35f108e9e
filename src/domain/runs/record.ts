// What a run leaves behind: everything that happened in it, in one order, as it is kept and shown.

import type { ConversationEvent } from './conversation.ts'
import type { MessageState, RunState } from './run.ts'

/** A credential as the record of a run names it: it stays readable when the credential is gone. */
export interface ServingCredential {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly owner: string
  readonly suffix: string
  readonly generation: number
}

/** What the server adds to what happens in the conversation. */
export type RecordedEvent =
  | ConversationEvent
  | { readonly kind: 'state'; readonly state: RunState; readonly reason: string }
  | { readonly kind: 'message'; readonly id: string; readonly state: MessageState; readonly reason: string }
  /** Which credential serves from here on, and why; null: the login of the machine itself. */
  | {
      readonly kind: 'credential'
      readonly lease: string
      readonly credential: ServingCredential | null
      readonly reason: string
    }
