// What a worker says of a run: what happened, the run's state, what became of a message.

import type { ConversationEvent } from '../../domain/runs/conversation.ts'
import type { MessageState, ReportedState } from '../../domain/runs/run.ts'

/** One thing to say. Times and numbers are added when it is taken down. */
export type Said =
  | { readonly is: 'event'; readonly event: ConversationEvent; readonly lease?: string }
  | { readonly is: 'state'; readonly state: ReportedState; readonly reason?: string; readonly until?: string }
  | {
      readonly is: 'message'
      readonly message: string
      readonly state: MessageState
      readonly reason?: string
    }

export type Item = Said & { readonly seq: number; readonly at: string }
