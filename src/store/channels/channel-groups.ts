// The groups of channels: their configuration, what was delivered to them and is to become runs, and which runs are told of
// in which conversation. Part of the port, beside ../store.ts.

import type { Account, ChannelKind, Parsed, Phase, Repository, Thread } from '../../domain/channels/call.ts'
import type { Strangers } from '../../domain/channels/serving.ts'
import type { Access } from '../../domain/runs/conversation.ts'

/** The connection of an organization to a platform. */
export interface ChannelRow {
  readonly id: string
  readonly organizationId: string
  readonly kind: ChannelKind
  /** Unique in the organization. */
  readonly name: string
  /** Facts that are no secret, by name. */
  readonly settings: Readonly<Record<string, string>>
  readonly strangers: Strangers
  /** The agent that serves where no person may; null: none. */
  readonly agent: string | null
  /** What its runs may do. */
  readonly access: Access
  /** Who we are over there: what this account says is nothing to us. Null: not known yet. */
  readonly accountId: string | null
  /** What it is called there, when that was looked at last. */
  readonly accountName: string | null
  /** The data key, wrapped by the master key; re-keying finds it through DataKeyStore. */
  readonly wrappedKey: Uint8Array
  /** Name → sealed value. */
  readonly secrets: Readonly<Record<string, Uint8Array>>
  /** Counts every change of configuration, for compare-and-set. */
  readonly revision: number
  /** When something that was signed was delivered last; null: never. */
  readonly lastDeliveryAt: number | null
  /** What became of that, or of the last call over there; empty: nothing yet. */
  readonly lastStatus: string
  readonly createdAt: number
  readonly createdBy: string
}

/** What the data key of a channel is bound to. */
export function channelPlace({
  id,
  organizationId,
  kind,
}: Pick<ChannelRow, 'id' | 'organizationId' | 'kind'>) {
  return { id, organizationId, owner: 'org', type: 'channel', name: kind, version: 1 } as const
}

export type ChannelChange = Partial<
  Pick<
    ChannelRow,
    | 'name'
    | 'settings'
    | 'strangers'
    | 'agent'
    | 'access'
    | 'accountId'
    | 'accountName'
    | 'wrappedKey'
    | 'secrets'
  >
>

export interface ChannelStore {
  /** Throws `conflict` when the organization has one of that name. */
  insert(row: ChannelRow): Promise<void>
  get(organizationId: string, id: string): Promise<ChannelRow | undefined>
  /** Oldest first. */
  list(organizationId: string): Promise<ChannelRow[]>
  /** Over all organizations, oldest first. */
  ofKind(kind: ChannelKind): Promise<ChannelRow[]>
  /** Compare-and-set: false when it is gone or its revision is not `seen`. Throws `conflict` for a name that is taken. */
  update(id: string, seen: number, change: ChannelChange): Promise<boolean>
  /** Notes what became of it last; `at`: something was delivered then. No change that anybody waits for. */
  note(id: string, status: string, at?: number): Promise<void>
  /** With what was delivered to it and what is told by it; runs stay. False when there was none. */
  remove(organizationId: string, id: string): Promise<boolean>
}

/** Something that was delivered, and is to be done once. */
export interface CallRow {
  readonly channelId: string
  /** Unique in its channel: the same delivery again is nothing new. */
  readonly deliveryId: string
  readonly organizationId: string
  readonly parsed: Parsed
  readonly receivedAt: number
  /** Counts the tries, and is the fence: what a try came to counts only while no other has begun. */
  readonly attempts: number
  /** When it is tried next: while a try is under way, when another may begin; null: it is over. */
  readonly nextAt: number | null
  /** What became of it, in a word; empty: nothing yet. */
  readonly outcome: string
  /** Why, for people; empty: there is nothing to say. */
  readonly reason: string
  /** Somebody asks who is no member; false until that is known. */
  readonly isStranger: boolean
  /** The run that was begun by it, or went on; null: none. */
  readonly runId: string | null
}

export type CallEnd = Pick<CallRow, 'nextAt' | 'outcome' | 'reason' | 'isStranger' | 'runId'>

/** What the same account, and strangers, have asked a channel for before. */
export interface Before {
  /** Why this account was refused in this conversation. */
  readonly refusals: readonly string[]
  /** How often it asked as a stranger, anywhere, and how often any stranger did: since then, and with anything to show for it. */
  readonly asStranger: number
  readonly byStrangers: number
}

export interface CallStore {
  /** False, and nothing is stored, when it was delivered before, or the channel is gone. */
  insert(row: CallRow): Promise<boolean>
  /** Those to be tried by now, over all organizations but these channels, the longest due first. */
  due(now: number, limit: number, except: readonly string[]): Promise<CallRow[]>
  /** Begins a try: counts it, and moves the next to `until`. False when somebody else has, or it is over or gone. */
  claim(seen: Pick<CallRow, 'channelId' | 'deliveryId' | 'attempts'>, until: number): Promise<boolean>
  /** Ends the try of this number. False when another has begun since, or it is gone. */
  settle(claimed: Pick<CallRow, 'channelId' | 'deliveryId' | 'attempts'>, end: CallEnd): Promise<boolean>
  /** Newest first. */
  list(channelId: string, limit: number): Promise<CallRow[]>
  /** What came of others of its channel, and those that were received since then. */
  before(call: Pick<CallRow, 'channelId' | 'deliveryId' | 'parsed'>, since: number): Promise<Before>
  /** Forgets those from before this time that are over, at most so many. Returns how many. */
  prune(receivedBefore: number, limit: number): Promise<number>
}

/** That a run is told of in a conversation. Gone with the run, and with the channel. */
export interface ThreadRow {
  readonly runId: string
  readonly channelId: string
  readonly organizationId: string
  readonly thread: Pick<Thread, 'key' | 'title' | 'url' | 'place'>
  /** What its workspace is a clone of; null: nothing of the platform. */
  readonly repository: Repository | null
  /** For whom it runs, and what has to be said of that; empty: nothing. */
  readonly served: string
  /** The account that asked for it, as `authorMark` has it. */
  readonly author: string
  /** The comment over there; null: not written yet. */
  readonly commentId: string | null
  /** Digest of what it says. */
  readonly said: string
  /** When it was written or edited last; 0: never. */
  readonly saidAt: number
  /** What its place shows of the work since last; null: nothing yet. */
  readonly shown: Phase | null
  /** Counts the tries, and is the fence. */
  readonly attempts: number
  /** Tries in a row that failed. */
  readonly failures: number
  /** When it is looked at next; null: all is said, until something happens. */
  readonly nextAt: number | null
  /** A server looks at it until then; 0: none does. */
  readonly busyUntil: number
  readonly createdAt: number
}

export type ThreadEnd = Pick<ThreadRow, 'commentId' | 'said' | 'saidAt' | 'shown' | 'failures' | 'nextAt'>

export interface ThreadStore {
  /** Throws `conflict` when the run is told of already. */
  insert(row: ThreadRow): Promise<void>
  get(organizationId: string, runId: string): Promise<ThreadRow | undefined>
  /** Runs of this conversation, newest first. */
  ofThread(channelId: string, key: string): Promise<ThreadRow[]>
  /** Those to be looked at by now that nobody looks at, over all organizations but these channels, the longest due first. */
  due(now: number, limit: number, except: readonly string[]): Promise<ThreadRow[]>
  /** It is looked at by then, or as soon as whoever looks at it has ended. False when there is none. */
  wake(runId: string, at: number): Promise<boolean>
  /** Begins a try, that is whoever claims's until then: counts it. False when somebody else has, or all is said. */
  claim(seen: Pick<ThreadRow, 'runId' | 'attempts'>, until: number): Promise<boolean>
  /** Ends the try of this number; who woke it meanwhile is heard. False when another has begun since, or it is gone. */
  settle(claimed: Pick<ThreadRow, 'runId' | 'attempts'>, end: ThreadEnd): Promise<boolean>
}

export interface ChannelGroups {
  readonly channels: ChannelStore
  readonly calls: CallStore
  readonly threads: ThreadStore
}

/** What there is to show for a call. */
export const SHOWN_FOR = ['started', 'continued', 'refused'] as const

/** Conversation and account of a delivery, by which others are compared with it; empty for what is nothing. */
export function callMarks(parsed: Parsed): { readonly thread: string; readonly author: string } {
  if (parsed.is === 'nothing') return { thread: '', author: '' }
  const { author } = parsed.is === 'call' ? parsed.call : parsed
  const thread = parsed.is === 'call' ? parsed.call.thread.key : parsed.thread
  return { thread, author: authorMark(author) }
}

/** An account as it is compared. */
export function authorMark({ accounts, accountId }: Account): string {
  return JSON.stringify([accounts, accountId])
}
