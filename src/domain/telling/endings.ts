// Ends that refreshing cannot move: when people are told of them beforehand.

import type { CredentialType } from '../credential-types.ts'

const DAY = 24 * 3_600_000

const YEAR = 365 * DAY

/** Days before an end; at each its people are told once. */
const THRESHOLDS = [1, 3, 7, 14] as const

/** The threshold that holds now: the smallest that is not below what is left. Null: it is too early, or over. */
export function thresholdOf(endsAt: number, now: number): number | null {
  const left = endsAt - now
  if (left <= 0) return null
  return THRESHOLDS.find((days) => left <= days * DAY) ?? null
}

/**
 * When a credential that was stored now ends by itself, where its type says so and nobody else does. An estimate: a setup
 * token is good for a year from when it was made, which was before.
 */
export function estimatedEnd(type: CredentialType, storedAt: number): number | null {
  return type === 'claude/setup-token' ? storedAt + YEAR : null
}

/** Tells one end from another that is a day or more away, so that a clock's imprecision makes no new one of it. */
export function dayOf(endsAt: number): number {
  return Math.round(endsAt / DAY)
}

/** What is said of an end, as a sentence. */
export function endingSentence(endsAt: number, now: number, estimated: boolean): string {
  const days = Math.ceil((endsAt - now) / DAY)
  const when = days <= 1 ? 'within a day' : `in ${days} days`
  if (estimated) return `It ends ${when} by our estimate, a year after it was stored. Store a new one before.`
  return `It ends ${when}, and renewing does not move that. Sign in again before.`
}
