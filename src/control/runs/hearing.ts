// Waiting for something to become of a run or of whoever asks, or for a run to claim: signals say when to look, and a look now and then is
// behind them.

import type { Signal } from '../../store/signal-group.ts'
import type { Ports } from '../use-case.ts'

export interface Ear {
  /**
   * Resolves when a signal that matters has come since the last call, after so many milliseconds at the latest, or when
   * the server goes down. `matters` is asked about each signal once.
   */
  heard(patience: number, matters: (signal: Signal) => boolean): Promise<void>
  stop(): void
}

export interface Hearing {
  /** Hears from now on: begin to listen, then look. */
  listen(): Ear
}

export function createHearing({ store, ending }: Pick<Ports, 'store' | 'ending'>): Hearing {
  const waiting = new Set<() => void>()
  const wakeAll = () => {
    for (const wake of waiting) wake()
  }
  ending?.addEventListener('abort', wakeAll, { once: true })
  return {
    listen() {
      const missed = new Set<Signal | 'missed'>()
      let wake: () => void = () => undefined
      const deaf = store.signals.listen((heard) => {
        if (heard !== 'missed' && heard.topic === 'grants') return
        missed.add(heard)
        wake()
      })
      const ended = () => wake()
      waiting.add(ended)
      // Each of them is asked about: `matters` may take note of more than one.
      const isOver = (matters: (signal: Signal) => boolean) =>
        [...missed].filter((heard) => heard === 'missed' || matters(heard)).length > 0 ||
        ending?.aborted === true
      return {
        async heard(patience, matters) {
          const until = performance.now() + patience
          for (;;) {
            const left = until - performance.now()
            const over = isOver(matters)
            missed.clear()
            if (over || left <= 0) return
            const { promise, resolve } = Promise.withResolvers<void>()
            wake = resolve
            const timer = setTimeout(resolve, left)
            await promise
            clearTimeout(timer)
          }
        },
        stop() {
          deaf()
          waiting.delete(ended)
          wake()
        },
      }
    },
  }
}
