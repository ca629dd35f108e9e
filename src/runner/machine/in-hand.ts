// The runs that a worker has in hand, and waiting for one more or one less of them.

import type { Carried } from '../worker/carrying-out.ts'
import type { ClaimedRun } from '../worker/run-server.ts'

export interface OneInHand {
  readonly run: ClaimedRun
  readonly carried: Carried
}

export interface InHand {
  readonly size: number
  /** Until the worker is through with it. One of the same id takes the place of the one before. */
  add(one: OneInHand): void
  get(runId: string): OneInHand | undefined
  all(): readonly OneInHand[]
  /** Those that are this worker's as far as it knows. */
  own(): readonly OneInHand[]
  /** The server has said that it is not this worker's any more: what ran of it may still be coming to its end. */
  disown(one: OneInHand): void
  /** Resolves at the next one that is added. */
  more(): Promise<void>
  /** Resolves when the worker is through with one. */
  less(): Promise<void>
}

export function createInHand(): InHand {
  const runs = new Map<string, OneInHand>()
  const disowned = new WeakSet<OneInHand>()
  let more = Promise.withResolvers<void>()
  let less = Promise.withResolvers<void>()
  return {
    get size() {
      return runs.size
    },
    add(one) {
      const { run, carried } = one
      runs.set(run.id, one)
      more.resolve()
      more = Promise.withResolvers()
      void carried.over.then(() => {
        if (runs.get(run.id)?.carried === carried) runs.delete(run.id)
        less.resolve()
        less = Promise.withResolvers()
      })
    },
    get: (runId) => runs.get(runId),
    all: () => [...runs.values()],
    own: () => [...runs.values()].filter((one) => !disowned.has(one)),
    disown: (one) => void disowned.add(one),
    more: () => more.promise,
    less: () => less.promise,
  }
}
