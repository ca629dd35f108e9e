// What somebody asks for over there, in words of no platform: who, in which conversation, and of what code.

export const CHANNEL_KINDS = ['github', 'linear'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** An account over there. `accounts` and `accountId` are those that linked accounts are compared by; `name` is only shown. */
export interface Account {
  readonly accounts: string
  readonly accountId: string
  readonly name: string
  readonly isBot: boolean
}

/** A repository over there. */
export interface Repository {
  /** Never given to another one. */
  readonly id: string
  /** What it is called now, for people and for the API. */
  readonly name: string
  /** What git clones; https, and nobody's name in it. */
  readonly url: string
  readonly isPrivate: boolean
}

/** How far the work on a place is, as its platform may show it: somebody works on it, or there is an answer to look at. */
export type Phase = 'begun' | 'answered'

/** Where a conversation is: an issue, a pull request. */
export interface Thread {
  /** The same for ever, whatever is renamed: `github:<repository id>#<number>`, `linear:<issue id>`. */
  readonly key: string
  readonly title: string
  /** The page of it. */
  readonly url: string
  /** What it begins with, by its author; empty: nothing. */
  readonly text: string
  /** What `report` and `complete` need to find it again, in the channel's own words; stored beside the run. */
  readonly place: Readonly<Record<string, string>>
}

/**
 * Whether everybody may read what is said there. Issues of Linear are seen in their workspace only, whatever is cloned for
 * them.
 */
export function isPublic({
  thread,
  repository,
}: {
  readonly thread: Pick<Thread, 'key'>
  readonly repository: Repository | null
}): boolean {
  return repository !== null && !repository.isPrivate && !thread.key.startsWith('linear:')
}

/** Somebody asks for something. */
export interface Call {
  readonly thread: Thread
  readonly author: Account
  /** What is asked for, without the handle. */
  readonly text: string
  /** What is cloned; null: nothing belongs to it. */
  readonly checkout: Checkout | null
  /** What of the code it is about; missing: all of it. */
  readonly passage?: Passage
  /** What names that over there, the same in each delivery of it; missing: the id of the delivery does. */
  readonly asked?: string
}

/** Lines of a change that a comment was written at. */
export interface Passage {
  readonly path: string
  readonly line: number | null
  /** The change around it, up to this line. */
  readonly diff: string
}

export interface Checkout {
  readonly repository: Repository
  /** A branch, tag, commit or whole ref (`refs/…`) that is in the repository itself; null: its standard branch. */
  readonly ref: string | null
  /** Null: it is the repository's own code. */
  readonly pull: {
    /** Its commits come from another repository. */
    readonly isFork: boolean
    readonly author: Account
  } | null
}

export type Parsed =
  | { readonly is: 'call'; readonly call: Call }
  /** Nobody is to work on it any more. */
  | { readonly is: 'over'; readonly thread: string; readonly author: Account }
  /** It is nothing for us; why is for the log. */
  | { readonly is: 'nothing'; readonly reason: string }
