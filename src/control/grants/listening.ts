// Waiting for a word about one grant. Whoever waits begins before they look, so that no word is missed in between.

import type { Store } from '../../store/store.ts'

export interface Word {
  /** Resolves when something has become of the grant, or may have. */
  readonly heard: Promise<void>
  /** Must be called when nobody waits for it any more. */
  forget(): void
}

export interface Listening {
  next(credentialId: string): Word
  stop(): void
}

export function createListening({ signals }: Pick<Store, 'signals'>): Listening {
  const waiting = new Map<string, Set<() => void>>()
  const wake = (credentialId: string) => {
    for (const hear of waiting.get(credentialId) ?? []) hear()
  }
  const stop = signals.listen((heard) => {
    if (heard === 'missed') for (const credentialId of waiting.keys()) wake(credentialId)
    else if (heard.topic === 'grants') wake(heard.subject)
  })
  return {
    next(credentialId) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const all = waiting.get(credentialId) ?? new Set()
      all.add(resolve)
      waiting.set(credentialId, all)
      return {
        heard: promise,
        forget: () => {
          all.delete(resolve)
          if (all.size === 0 && waiting.get(credentialId) === all) waiting.delete(credentialId)
        },
      }
    },
    stop,
  }
}
