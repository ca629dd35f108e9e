// The port of the places where people ask for work: GitHub, Linear. A channel checks that a delivery is its platform's, says
// in words of no platform what it asks for, and writes back. Whose credential serves is no matter of a channel.

import type { Call, ChannelKind, Parsed, Phase, Repository, Thread } from '../domain/channels/call.ts'
import { ClavigerError, type ErrorOptions } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'

/** An HTTP request as it came. Names of headers are in lower case. */
export interface Delivered {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The bytes that were signed. */
  readonly body: Uint8Array
}

/** How a channel calls its platform in the name of one organization. */
export interface Means {
  /** Facts of its configuration that are no secret, by name. */
  readonly settings: Readonly<Record<string, string>>
  /** By name; opened for this one call. */
  readonly secrets: Readonly<Record<string, Secret>>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What was written longer ago asks for nothing any more, in milliseconds; deliveries are remembered for longer. */
export const ASKED_WITHIN = 3 * 24 * 3_600_000

export function isOld(): ClavigerError {
  return new ClavigerError('invalid', 'What was asked for was written days ago: it asks for nothing now.', {
    hint: 'Ask again in a new comment.',
  })
}

/**
 * The platform knows of no such place, or shows it not to us: any more, or, right after something was written, yet. The
 * `invalid` that may still change.
 */
export class NotThere extends ClavigerError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('invalid', message, options)
  }
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
  /** Required as well where this setting is there. */
  readonly requiredWith?: string
  /** Required as well where this setting is not there. */
  readonly requiredWithout?: string
  readonly example: string
  /** Several lines are kept. */
  readonly multiline?: boolean
  /** Must match, after trimming. */
  readonly pattern: RegExp
  /** Completes "it …". */
  readonly expectation: string
}

/** What an app is to be, before there is one. */
export interface AppWanted {
  /** What it is to be called; whoever makes it may choose another name there. */
  readonly name: string
  /** Whose it is to be over there; null: of the account that makes it. */
  readonly organization: string | null
  /** Where people reach this server. */
  readonly home: string
  /** Where it delivers to. */
  readonly deliverTo: string
  /** Where the browser comes back to. */
  readonly comeBackTo: string
  /** Comes back with the browser. */
  readonly state: string
}

/** A form that a browser takes to the platform, which makes an app of it. */
export interface AppForm {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** What the app will be able to do, a line each, for people. */
  readonly rights: readonly string[]
}

/** An app that was made: everything that a channel is configured with. */
export interface MadeApp {
  readonly name: string
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

/** Platforms that make an app of a description. */
export interface AppMaking {
  form(wanted: AppWanted): AppForm
  /** Trades in what the browser came back with, which works once. Throws as calls of the channel do. */
  made(code: string): Promise<MadeApp>
}

/**
 * One platform. Nothing here decides; nothing is stored. Calls throw `unavailable`, with a sentence, for what may work later, and
 * when if the platform says so; `rejected` when it does not take the secrets, which may be changed; `invalid` for what will not
 * work: the place is gone (`NotThere`), or we may not do that there.
 */
export interface Channel {
  readonly kind: ChannelKind
  readonly title: string
  readonly fields: readonly ChannelField[]
  /** Secret fields that `verify` needs; it is given no others. */
  readonly verifiedBy: readonly string[]
  /** The longest body of a delivery that is read, in bytes. */
  readonly maxBytes: number
  /** What it is signed with, where its form is right; null: nothing of it is worth reading. Nothing is said of whose it is. */
  signatureIn(headers: Delivered['headers']): string | null
  /** False where headers say that it is for another one than a channel with these settings. Missing: they say nothing. */
  mayBeFor?(headers: Delivered['headers'], settings: Means['settings']): boolean
  /**
   * The id of the delivery, which is the same when it is sent again. Throws `unauthenticated` unless it is signed with this
   * secret, and fresh where the platform says when it was sent. Compares in constant time.
   */
  verify(delivered: Delivered, means: Pick<Means, 'secrets' | 'now'>): { readonly id: string }
  /**
   * What it says. It is data of strangers, whatever its signature says: anything may be missing or of another shape.
   * `accountId` is who we are over there; null: it is not known yet, and `complete` has to look.
   */
  parse(delivered: Delivered, means: Pick<Means, 'settings'> & { readonly accountId: string | null }): Parsed
  /**
   * The same call as the platform itself tells it now, and with what the delivery did not say: author, text and repository
   * are read there again. Whoever has configured the channel knows what deliveries are signed with, and could make one up in
   * the name of somebody else. Throws `NotThere` when the platform knows of no such thing, `invalid` when others than its
   * author have written in it, and when it was written too long ago.
   */
  complete(call: Call, means: Means): Promise<Call>
  /**
   * Writes a comment into the place of a thread, or edits the one of this id. The text is Markdown, ready to be shown.
   * Returns its id. A comment that was deleted over there, or is of an account that we are no more, is written anew.
   */
  comment(place: Thread['place'], text: string, id: string | null, means: Means): Promise<string>
  /**
   * Id of the comment of ours in this place that has this text in it, written by a server that died right after; null: there
   * is none. Missing: nobody can find it again, and there may be two.
   */
  findComment?(place: Thread['place'], mark: string, means: Means): Promise<string | null>
  /**
   * Shows in the place itself how far the work on it is. What people have decided there meanwhile stays. Missing: places of the
   * platform have no states.
   */
  show?(place: Thread['place'], phase: Phase, means: Means): Promise<void>
  /** Whether it is private now. Missing: the platform has no repositories. */
  isPrivate?(repository: Repository, means: Means): Promise<boolean>
  /** A token that reads this one repository. Missing: the platform has no repositories. */
  cloneAccess?(repository: Repository, means: Means): Promise<CloneAccess>
  /** Ends such a token, by itself: whoever has it may. One that has ended is no error. Missing: it ends when its time is over. */
  endCloneAccess?(token: Secret): Promise<void>
  /** Missing: apps are made by hand there. */
  readonly apps?: AppMaking
  /** Where the app of these settings is installed, by people; null: nobody has said, or it is none. */
  installAt?(settings: Means['settings']): string | null
  /** Who we are over there. Throws `rejected` when the platform does not take the secrets. */
  whoAmI(means: Means): Promise<{ readonly name: string; readonly accountId: string }>
}
