// Signals of the store as those who follow a lease need them: collected from when they begin to listen, so that none is
// missed between two looks.

import type { Store } from '../../store/store.ts'

/** The id of a credential of which something has become, or `all`: anything may have. */
export type Change = string

export interface Listener {
  /** What was heard since the last call and matters, as soon as there is some; nothing after so many milliseconds. */
  heard(patience: number, matters: (credentialId: string) => boolean): Promise<readonly Change[]>
  stop(): void
}

export interface News {
  listen(): Listener
}

export function createNews({ signals }: Pick<Store, 'signals'>): News {
  const all = new Set<(change: Change) => void>()
  signals.listen((heard) => {
    if (heard !== 'missed' && (heard.topic === 'runs' || heard.topic === 'queue')) return
    const change = heard !== 'missed' && heard.topic === 'grants' ? heard.subject : 'all'
    for (const hear of all) hear(change)
  })
  return {
    listen() {
      const waiting = new Set<Change>()
      let wake: () => void = () => undefined
      const hear = (change: Change) => {
        waiting.add(change)
        wake()
      }
      all.add(hear)
      const take = (matters: (credentialId: string) => boolean) => {
        const changes = [...waiting].filter((change) => change === 'all' || matters(change))
        waiting.clear()
        return changes
      }
      return {
        async heard(patience, matters) {
          const until = performance.now() + patience
          for (;;) {
            const changes = take(matters)
            const left = until - performance.now()
            if (changes.length > 0 || left <= 0 || !all.has(hear)) return changes
            const { promise, resolve } = Promise.withResolvers<void>()
            wake = resolve
            const timer = setTimeout(resolve, left)
            await promise
            clearTimeout(timer)
          }
        },
        stop: () => {
          all.delete(hear)
          wake()
        },
      }
    },
  }
}
