// The port of the journal: what a provider has answered, in a file beside the server before anybody looks into it. With
// it a server that dies between an answer and its commit has lost nothing.

import type { LeftRenewal } from '../../../providers/provider.ts'

/** What an answer is the answer to. */
export interface AnswerPlace {
  readonly attempt: string
  readonly credentialId: string
  readonly organizationId: string
  readonly login: string
  /** The generation whose refresh token was sent. */
  readonly generation: number
  /** When it was asked for, in milliseconds since 1970: it was issued no earlier. */
  readonly at: number
}

/** A renewal that goes on without the process that has begun it. */
export interface LeftAttempt extends LeftRenewal {
  readonly place: AnswerPlace
}

/** An answer, sealed. */
export interface JournaledAnswer extends AnswerPlace {
  readonly sealed: Uint8Array
}

/** How far a grant had come when this server last saw it committed. */
export interface Reached {
  readonly credentialId: string
  readonly login: string
  readonly generation: number
}

export interface RenewalJournal {
  /** Resolves once it is on the disk. */
  append(answer: JournaledAnswer): Promise<void>
  has(attempt: string): boolean
  /** Those that are kept, oldest first. */
  answers(): readonly JournaledAnswer[]
  /** The answer is stored, or worth nothing any more. It is kept for a while all the same: a database may forget. */
  settled(attempt: string): void
  /** So far it has come, whatever was known before. */
  reached(place: Reached): Promise<void>
  /** How far each grant had come. */
  furthest(): readonly Reached[]
  /** The credential is gone, and so is what was known of it. */
  forget(credentialId: string): void
}

/** The name under which an answer is sealed: no value of a credential, and of this attempt only. */
export function answerField(attempt: string): string {
  return `answer ${attempt}`
}

/** The place in a note, which a provider keeps for whoever finds what a killed process has left. */
export function noteOf(place: AnswerPlace): string {
  return JSON.stringify(place)
}

/** The place in such a note; null when it is none. */
export function placeInNote(note: string): AnswerPlace | null {
  try {
    const { attempt, credentialId, organizationId, login, generation, at } = JSON.parse(note)
    const isPlace =
      [attempt, credentialId, organizationId, login].every((text) => typeof text === 'string') &&
      [generation, at].every(Number.isSafeInteger)
    return isPlace ? { attempt, credentialId, organizationId, login, generation, at } : null
  } catch {
    // Not JSON, or not of ours: whoever asks is told so.
    return null
  }
}
