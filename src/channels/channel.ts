// The port of the places where people ask for work: GitHub, Linear. A channel checks that a delivery is its platform's, says
// in words of no platform what it asks for, and writes back. Whose credential serves is no matter of a channel.

import type { Secret } from '../domain/secret.ts'

export const CHANNEL_KINDS = ['github', 'linear'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** An HTTP request as it came. Names of headers are in lower case. */
export interface Delivered {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The bytes that were signed. */
  readonly body: Uint8Array
}

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

/** Somebody asks for something. */
export interface Call {
  readonly thread: Thread
  readonly author: Account
  /** What is asked for, without the handle. */
  readonly text: string
  /** What is cloned; null: nothing belongs to it. */
  readonly checkout: Checkout | null
}

export interface Checkout {
  readonly repository: Repository
  /** A branch, tag or commit that is in the repository itself; null: its standard branch. */
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

/** How a channel calls its platform in the name of one organization. */
export interface Means {
  /** Facts of its configuration that are no secret, by name. */
  readonly settings: Readonly<Record<string, string>>
  /** By name; opened for this one call. */
  readonly secrets: Readonly<Record<string, Secret>>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A short-lived right to read one repository. */
export interface CloneAccess {
  readonly username: string
  readonly token: Secret
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** What a form of its configuration asks for. */
export interface ChannelField {
  readonly name: string
  readonly label: string
  readonly secret: boolean
  readonly required: boolean
  readonly example: string
  /** Several lines are kept. */
  readonly multiline?: boolean
  /** Must match, after trimming. */
  readonly pattern: RegExp
  /** Completes "it …". */
  readonly expectation: string
}

/** One platform. Nothing here decides; nothing is stored. Errors of calls are `unavailable`, with a sentence. */
export interface Channel {
  readonly kind: ChannelKind
  readonly title: string
  readonly fields: readonly ChannelField[]
  /**
   * The id of the delivery, which is the same when it is sent again. Throws `unauthenticated` unless it is signed with this
   * secret, and fresh where the platform says when it was sent. Compares in constant time.
   */
  verify(delivered: Delivered, means: Pick<Means, 'secrets' | 'now'>): { readonly id: string }
  /** What it says. It is data of strangers, whatever its signature says: anything may be missing or of another shape. */
  parse(delivered: Delivered, means: Pick<Means, 'settings'>): Parsed
  /** The same call with what the delivery did not say, asked of the platform. */
  complete(call: Call, means: Means): Promise<Call>
  /**
   * Writes a comment into the place of a thread, or edits the one of this id. The text is Markdown, ready to be shown.
   * Returns its id. A comment that was deleted over there is written anew.
   */
  comment(place: Thread['place'], text: string, id: string | null, means: Means): Promise<string>
  /** A token that reads this one repository. Missing: the platform has no repositories. */
  cloneAccess?(repository: Repository, means: Means): Promise<CloneAccess>
  /** Who we are over there. Throws `invalid` when the platform does not take the secrets. */
  whoAmI(means: Means): Promise<{ readonly name: string; readonly accountId: string }>
}
