// The port by which a conversation is held with a program: how a process of it is started, what a message to it looks
// like, and what its lines mean. Pure: lines come in, events go out. It starts nothing and reads nothing (runner/ does).

import type { Access, ConversationEvent, Failure, Usage } from '../domain/runs/conversation.ts'

/** The most of a text that an event keeps, in UTF-16 units; how much was left out stands at its end. */
export const MAX_TEXT = 64 * 1024

/** A longer line is not looked into: whoever joins lines may cut them one unit above it. */
export const MAX_LINE = 32 * 1024 * 1024

/** Codes of a {@link Failure} that are ours, where the program has no word for it. */
export const FAILURE_CODE = {
  /** The program does not know the session it was to go on with: begin a new one. */
  sessionNotFound: 'session_not_found',
  /** The session is there already: go on with it. */
  sessionInUse: 'session_in_use',
  /** The program does not do this for root. The text says what to do. */
  refusedForRoot: 'refused_for_root',
  /** The command that the program asks for its credential gave none. */
  helperFailed: 'helper_failed',
  /** The process was gone before the turn was over. */
  died: 'died',
} as const

/** What a message continues. */
export type Session =
  /** `id`: a UUID, for programs that let others name their sessions. The event `session` tells the name it has. */
  { readonly kind: 'new'; readonly id: string } | { readonly kind: 'resume'; readonly id: string }

export interface ConversationStart {
  readonly session: Session
  /** Null: what the program takes by itself. */
  readonly model: string | null
  readonly access: Access
  /** What lies in the workspace is of strangers: nothing there may say what the program does. Missing: it is ours. */
  readonly isForStrangers?: boolean
}

/** What a program may look at before it refuses an access. */
export interface AccessMachine {
  readonly isRoot: boolean
  readonly environment: Readonly<Record<string, string>>
}

export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: string | null
}

export interface ReaderOptions {
  /** What the turns of this session have used so far, added up: programs that count by session are taken at it. */
  readonly used: Usage
  /** Milliseconds since 1970, for times that a program tells without their day. */
  now(): number
}

/**
 * Reads what one process says. Keeps what it needs between lines and never throws, whatever the lines are. Lines have
 * passed the redactor before: texts are clipped here, and a secret that was cut through is not recognised any more.
 */
export interface ConversationReader {
  /** One whole line of standard output, without its end. */
  read(line: string): readonly ConversationEvent[]
  /** One whole line of standard error. */
  readError(line: string): readonly ConversationEvent[]
  /** Why the process ended, for a turn of which no end was told. */
  ended(end: ProcessEnd): Failure
}

export interface Conversing {
  /**
   * What a process is for. `conversation`: its input stays open and takes one message after the other, the next when the
   * turn of the last is over; its end is the end of the input. `turn`: one message, and then the end of the input.
   */
  readonly processFor: 'conversation' | 'turn'
  /** Variables that every process of a conversation gets. */
  readonly environment: Readonly<Record<string, string>>
  /** The message that goes on with a turn that broke off. The message of that turn is in the session: it is not sent again. */
  readonly continuation: string
  /**
   * The arguments of a process. Messages are never among them. Sessions belong to the working directory and to the
   * program's configuration home: both are as they were. Throws `invalid` for an id that is none.
   */
  arguments(start: ConversationStart): readonly string[]
  /** What is written to standard input for one message. */
  input(text: string): string
  /** Why the program would refuse to start with this access, with what to do about it; null: it starts. */
  refusal(access: Access, machine: AccessMachine): string | null
  reader(options: ReaderOptions): ConversationReader
}
