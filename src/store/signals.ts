// What every engine does alike with signals: checks one before it is sent, and hands those of a commit to who listens.

import { ClavigerError } from '../domain/errors.ts'
import type { Signal, SignalListener, SignalTopic } from './signal-group.ts'

// Postgres carries at most 7,999 bytes; every engine takes as much, so that no test passes where a server fails.
const MAX_BYTES = 7_999

export interface SignalHub {
  /** The result ends it. */
  listen(listener: SignalListener): () => void
  /** Tells everybody who listens, before anything that waits for a promise goes on. */
  deliver(signal: Signal | 'missed'): void
}

/** One for one store. */
export function createSignalHub(): SignalHub {
  const listeners = new Set<{ readonly hear: SignalListener }>()
  return {
    listen: (hear) => {
      const entry = { hear }
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    deliver: (signal) => {
      for (const entry of listeners) {
        // Apart from whoever delivers: a listener that throws must not make a commit look failed.
        queueMicrotask(() => {
          if (listeners.has(entry)) entry.hear(signal)
        })
      }
    },
  }
}

/** A signal as the text that is carried. Throws `too_large` for one that no engine carries. */
export function signalText(topic: SignalTopic, subject: string): string {
  const text = JSON.stringify([topic, subject])
  if (Buffer.byteLength(text) <= MAX_BYTES) return text
  throw new ClavigerError('too_large', 'The subject of a signal is too long.', {
    hint: 'Send an id, and let who hears it look the rest up.',
  })
}

/** What `signalText` made; null for anything else, for example from another program on the same channel. */
export function signalOf(text: string): Signal | null {
  try {
    const [topic, subject] = JSON.parse(text) as unknown[]
    return typeof topic === 'string' && typeof subject === 'string'
      ? { topic: topic as SignalTopic, subject }
      : null
  } catch {
    return null
  }
}
