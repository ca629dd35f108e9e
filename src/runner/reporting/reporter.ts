// What a worker says of one run it has: numbered, in order, in batches, as often as it takes. The server passes over what
// it was told before, so nothing is lost or repeated, however long it was away. Another claim ends it.

import { isPassing } from '../../client/problem.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Interrupted, pause } from '../worker/waiting.ts'
import { fitting, halved } from './fitting.ts'
import type { Item, Said } from './said.ts'

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
  /** How many bytes are still to be sent: whoever makes more should wait for a while. */
  backlog(): number
  /** Nothing more is sent, and nobody waits for it any more. */
  stop(): void
}

const MOST_ITEMS = 200
// The server takes a mebibyte.
const MOST_BYTES = 500_000

// What comes at once goes together. Milliseconds.
const GATHER = 100
const SHORTEST_PAUSE = 250
const LONGEST_PAUSE = 10_000

interface Waiting {
  readonly item: Item
  readonly size: number
}

export function createReporter({ send, now, lost }: ReporterOptions): Reporter {
  const queue = createQueue()
  const listeners = createListeners()
  const stopping = new AbortController()
  let last = 0
  let isSending = false
  let isUrgent = false

  const fail = (error: ClavigerError) => {
    listeners.giveUp(error)
    lost(error)
  }
  const work = async () => {
    if (!isUrgent) await pause(GATHER, stopping.signal)
    for (let wait = SHORTEST_PAUSE; queue.length > 0 && !stopping.signal.aborted; ) {
      const batch = queue.batch()
      try {
        await send(batch)
        for (const { seq } of queue.kept(batch.length)) listeners.resolve(seq)
        wait = SHORTEST_PAUSE
      } catch (thrown) {
        const error = asError(thrown)
        if (stopping.signal.aborted) return
        if (error.code === 'too_large' && queue.makeSmaller(batch.length)) continue
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
      if (queue.length > 0 && listeners.failure === null && !stopping.signal.aborted) begin()
      else isUrgent = false
    })
  }
  const takeDown = (said: Said) => {
    last += 1
    queue.add({ ...fitting(said), seq: last, at: new Date(now()).toISOString() })
    begin()
  }
  const until = (seq: number) => {
    if (listeners.failure !== null) return Promise.reject(listeners.failure)
    if (!queue.has(seq)) return Promise.resolve()
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
    backlog: () => queue.bytes,
    stop() {
      stopping.abort()
      listeners.giveUp(new Interrupted())
    },
  }
}

// What is still to be sent.
function createQueue() {
  const waiting: Waiting[] = []
  let bytes = 0
  let mostItems = MOST_ITEMS
  return {
    get bytes() {
      return bytes
    },
    get length() {
      return waiting.length
    },
    has: (seq: number) => waiting.some(({ item }) => item.seq === seq),
    add(item: Item) {
      const size = sizeOf(item)
      bytes += size
      waiting.push({ item, size })
    },
    /** The first ones that fit into a request. */
    batch: () => batchOf(waiting, mostItems),
    /** The first ones are there: takes them out. */
    kept(count: number): Item[] {
      mostItems = Math.min(2 * mostItems, MOST_ITEMS)
      const gone = waiting.splice(0, count)
      for (const { size } of gone) bytes -= size
      return gone.map(({ item }) => item)
    },
    /** Something before the server takes less than the server does. False when there is nothing to leave out. */
    makeSmaller(count: number): boolean {
      const [first] = waiting
      if (count > 1 || first === undefined) {
        mostItems = Math.ceil(count / 2)
        return first !== undefined
      }
      const item = halved(first.item)
      if (item === null) return false
      const size = sizeOf(item)
      bytes += size - first.size
      waiting[0] = { item, size }
      return true
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

function sizeOf(item: Item): number {
  return Buffer.byteLength(JSON.stringify(item))
}

function batchOf(waiting: readonly Waiting[], mostItems: number): Item[] {
  const batch: Item[] = []
  let bytes = 0
  for (const { item, size } of waiting) {
    if (batch.length > 0 && (batch.length >= mostItems || bytes + size > MOST_BYTES)) break
    batch.push(item)
    bytes += size
  }
  return batch
}

function asError(thrown: unknown): ClavigerError {
  if (thrown instanceof ClavigerError) return thrown
  return new ClavigerError('internal', 'What the worker said could not be sent.', { cause: thrown })
}
