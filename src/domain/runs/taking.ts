// Who takes a run up, and when: runs stay with the machine that has their workspace, as long as it is there.

/** When things are given up for lost. Milliseconds. */
export interface RunTimings {
  /** A worker that was not heard of for so long has lost its runs to whoever can have them. */
  readonly silentAfter: number
  /** So long a run is kept for the worker that has its workspace, though another could have it too. */
  readonly stickFor: number
  /** A run that nobody has said anything to for so long hibernates; null: never. */
  readonly idleAfter: number | null
  /** A run that has been over for so long is removed; null: never. */
  readonly keptFor: number | null
}

export const RUN_TIMINGS: RunTimings = {
  ...{ silentAfter: 120_000, stickFor: 30_000, idleAfter: 30 * 60_000, keptFor: null },
}
