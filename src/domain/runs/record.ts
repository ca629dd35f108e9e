// What a run leaves behind: everything that happened in it, in one order, as it is kept and shown.

import type { ConversationEvent } from './conversation.ts'
import type { MessageState, RunState } from './run.ts'
import type { ServingCredential } from './serving-credential.ts'

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
