// The tables of channels as Kysely sees them.

import type { ChannelKind, Phase } from '../../../../domain/channels/call.ts'
import type { Strangers } from '../../../../domain/channels/serving.ts'
import type { Access } from '../../../../domain/runs/conversation.ts'

export interface ChannelTable {
  id: string
  organization_id: string
  kind: ChannelKind
  name: string
  /** JSON object: name → value. */
  settings: string
  strangers: Strangers
  agent: string | null
  access: Access
  account_id: string | null
  account_name: string | null
  wrapped_key: Uint8Array
  /** JSON object: name → sealed value in base64. */
  secrets: string
  revision: number
  last_delivery_at: number | null
  last_status: string
  created_at: number
  created_by: string
}

export interface ChannelCallTable {
  channel_id: string
  delivery_id: string
  organization_id: string
  /** JSON: the Parsed of domain/channels/call.ts. */
  parsed: string
  /** These two are in `parsed` too. */
  thread: string
  author: string
  received_at: number
  attempts: number
  next_at: number | null
  outcome: string
  reason: string
  /** 1: asked for by somebody who is no member. */
  stranger: number
  run_id: string | null
}

export interface ChannelThreadTable {
  run_id: string
  channel_id: string
  organization_id: string
  /** It is in `thread` too. */
  thread_key: string
  /** JSON. */
  thread: string
  /** JSON: the Repository of domain/channels/call.ts. */
  repository: string | null
  served: string
  author: string
  comment_id: string | null
  said: string
  said_at: number
  shown: Phase | null
  attempts: number
  failures: number
  next_at: number | null
  busy_until: number
  created_at: number
}

export interface ChannelTables {
  channel: ChannelTable
  channel_call: ChannelCallTable
  channel_thread: ChannelThreadTable
}
