// What a worker says of one run it has: numbered, in order, in batches, as often as it takes. The server passes over what
// it was told before, so nothing is lost or repeated, however long it was away. Another claim ends it.

import { isPassing } from '../../client/problem.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { fitting, type Said } from './said.ts'
import { Interrupted, pause } from './waiting.ts'

export type Item = Said & { readonly seq: number; readonly at: string }

export interface ReporterOptions {
  /** Sends a batch; resolves when the server keeps it. */
  readonly send: (items: readonly Item[]) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Somebody else has the run, or nobody may say anything of it any more. Called once. */
  readonly lost: (why: ClavigerError) => void
}

export interface Reporter {
  /** Takes it down. */
  say(said: Said): void
  /** Takes it down and resolves when the server keeps it, and all before it. Rejects when the run is lost, or it is stopped. */
  tell(said: Said): Promise<void>
  /** Resolves when the server keeps everything said so far. Rejects as `tell`. */
  told(): Promise<void>
  /** How many characters are still to be sent: whoever makes more should wait for a while. */
  backlog(): number
  /** Nothing more is sent, and nobody waits for it any more. */
  stop(): void
}

const MOST_ITEMS = 200
const MOST_CHARACTERS = 500_000

// What comes at once goes together. Milliseconds.
const GATHER = 100
const SHORTEST_PAUSE = 250
const LONGEST_PAUSE = 10_000

interface Waiting {
  readonly item: Item
  readonly size: number
}

export function createReporter({ send, now, lost }: ReporterOptions): Reporter {
  const waiting: Waiting[] = []
  const listeners = createListeners()
  const stopping = new AbortController()
  let last = 0
  let backlog = 0
  let isSending = false
  let isUrgent = false

  const kept = (count: number) => {
    for (const { item, size } of waiting.splice(0, count)) {
      backlog -= size
      listeners.resolve(item.seq)
    }
  }
  const fail = (error: ClavigerError) => {
    listeners.giveUp(error)
    lost(error)
  }
  const work = async () => {
    if (!isUrgent) await pause(GATHER, stopping.signal)
    for (let wait = SHORTEST_PAUSE; waiting.length > 0 && !stopping.signal.aborted; ) {
      const batch = batchOf(waiting)
      try {
        await send(batch)
        kept(batch.length)
        wait = SHORTEST_PAUSE
      } catch (thrown) {
        const error = asError(thrown)
        if (stopping.signal.aborted) return
        if (!isPassing(error)) return fail(error)
        await pause(wait * (0.75 + Math.random() / 2), stopping.signal)
        wait = Math.min(2 * wait, LONGEST_PAUSE)
      }
    }
  }
  const begin = () => {
    if (isSending) return
    isSending = true
    void work().finally(() => {
      isSending = false
      if (waiting.length > 0 && listeners.failure === null && !stopping.signal.aborted) begin()
      else isUrgent = false
    })
  }
  const takeDown = (said: Said) => {
    last += 1
    const item: Item = { ...fitting(said), seq: last, at: new Date(now()).toISOString() }
    const size = JSON.stringify(item).length
    backlog += size
    waiting.push({ item, size })
    begin()
  }
  const until = (seq: number) => {
    if (listeners.failure !== null) return Promise.reject(listeners.failure)
    if (!waiting.some(({ item }) => item.seq === seq)) return Promise.resolve()
    isUrgent = true
    return listeners.listen(seq)
  }
  return {
    say: takeDown,
    tell(said) {
      isUrgent = true
      takeDown(said)
      return until(last)
    },
    told: () => until(last),
    backlog: () => backlog,
    stop() {
      stopping.abort()
      listeners.giveUp(new Interrupted())
    },
  }
}

// Who waits until an item is kept.
function createListeners() {
  const all = new Map<number, PromiseWithResolvers<void>[]>()
  let failure: Error | null = null
  return {
    get failure() {
      return failure
    },
    listen(seq: number): Promise<void> {
      const listener = Promise.withResolvers<void>()
      all.set(seq, [...(all.get(seq) ?? []), listener])
      return listener.promise
    },
    resolve(seq: number) {
      for (const { resolve } of all.get(seq) ?? []) resolve()
      all.delete(seq)
    },
    giveUp(why: Error) {
      failure ??= why
      for (const { reject } of [...all.values()].flat()) reject(why)
      all.clear()
    },
  }
}

function batchOf(waiting: readonly Waiting[]): Item[] {
  const batch: Item[] = []
  let characters = 0
  for (const { item, size } of waiting) {
    if (batch.length > 0 && (batch.length >= MOST_ITEMS || characters + size > MOST_CHARACTERS)) break
    batch.push(item)
    characters += size
  }
  return batch
}

function asError(thrown: unknown): ClavigerError {
  if (thrown instanceof ClavigerError) return thrown
  return new ClavigerError('internal', 'What the worker said could not be sent.', { cause: thrown })
}
