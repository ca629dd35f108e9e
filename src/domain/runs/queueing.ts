// How much may wait to be said to a run, how much of it its worker is told, and how much is shown at a time: a run is a
// conversation, and nobody reads sixty megabytes of it in one answer.

import { ClavigerError } from '../errors.ts'

/** Messages of a run that are queued. */
export const QUEUED_AT_MOST = 100

/** Their texts together, in UTF-16 units. */
export const QUEUED_TEXT_AT_MOST = 1_000_000

/** Queued messages that a worker is told of at a time: it hears of the next when one of them has left the queue. */
export const TOLD_AT_ONCE = 5

/** Messages that are shown at a time, the last ones first; and their texts together, in UTF-16 units. */
export const SHOWN_AT_ONCE = 50
export const SHOWN_TEXT_AT_ONCE = 1_000_000

/** Throws `conflict` when the queue cannot take this text as well. */
export function mustHaveRoom(queued: readonly { readonly text: string }[], text: string): void {
  const waiting = queued.reduce((sum, one) => sum + one.text.length, 0)
  if (queued.length < QUEUED_AT_MOST && waiting + text.length <= QUEUED_TEXT_AT_MOST) return
  throw new ClavigerError('conflict', 'Too much is waiting to be said to this run already.', {
    hint: 'Send it when some of that was answered. A long text belongs into a file of its workspace.',
  })
}

/** Whether a worker has to be told of the rest of the queue, when one of it has left and so many are there still. */
export function hasUntold(queued: number): boolean {
  return queued >= TOLD_AT_ONCE
}
