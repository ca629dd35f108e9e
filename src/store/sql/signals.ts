// The signals of a SQL store: sent in the transaction of a unit, delivered after it.

import { ClavigerError } from '../../domain/errors.ts'
import { isOutcomeUnknown } from '../refusals.ts'
import type { SignalSource, SignalStore } from '../signal-group.ts'
import { createSignalHub, type SignalHub, signalOf, signalText } from '../signals.ts'
import type { EngineSignals } from './engine.ts'
import type { AfterCommit } from './group-commit.ts'
import type { Execute } from './prepared.ts'

export interface Signals {
  readonly listen: SignalSource['listen']
  /** The group of one run of a unit. */
  unit(execute: Execute, afterCommit: AfterCommit): SignalStore
  /** For what a unit failed with. */
  readonly rethrow: (thrown: unknown) => never
}

/**
 * In this process they are delivered when the commit has returned; the database carries them to all others, and here a
 * second time. It is listened to from the first listener on.
 */
export function createSignals(carried: EngineSignals | undefined): Signals {
  const hub = createSignalHub()
  let listening = false
  return {
    listen: (listener) => {
      const end = hub.listen(listener)
      if (!listening) carried?.listen((text) => deliverText(hub, text))
      listening = true
      return end
    },
    unit: (execute, afterCommit) => ({
      send: async (topic, subject) => {
        const text = signalText(topic, subject)
        if (carried !== undefined) await execute(carried.send(text))
        afterCommit(() => hub.deliver({ topic, subject }))
      },
    }),
    rethrow: (thrown) => {
      if (isOutcomeUnknown(thrown)) hub.deliver('missed')
      throw thrown
    },
  }
}

// What this version does not understand may mean anything.
function deliverText(hub: SignalHub, text: string | null): void {
  hub.deliver((text === null ? null : signalOf(text)) ?? 'missed')
}

/** For the outside of the store, where sending is a unit of its own. */
export const refusingSignals: SignalStore = {
  send: () => Promise.reject(new ClavigerError('internal', 'A signal was sent outside of a unit.')),
}
