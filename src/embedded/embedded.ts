// The composition root of the worker of a server, loaded when it is switched on: inside of its process, or apart from it as
// another user of the machine. Nothing it lacks keeps the server from its work.

import { asClavigerError, inOneLine } from '../domain/errors.ts'
import { createApartKeeper } from './apart.ts'
import { createInsideKeeper } from './inside.ts'
import type { EmbeddedOptions } from './keeper.ts'

// Milliseconds.
const LOOK_EVERY = 2_000

export interface Embedded {
  /** Ends what runs here; it goes on when this server is back. */
  stop(): Promise<void>
}

/** Begins in the background; what goes wrong is in the log. */
export function keepEmbeddedWorker(options: EmbeddedOptions): Embedded {
  const { ports, log } = options
  const ending = new AbortController()
  let wake: () => void = () => undefined
  const deaf = ports.store.signals.listen((heard) => {
    if (heard === 'missed' || heard.topic === 'holders') wake()
  })
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const { embeddedWorkerUser: user } = options.settings
  const keeper =
    user === null ? createInsideKeeper(options, () => wake()) : createApartKeeper(options, user, () => wake())
  const keep = async () => {
    let last = ''
    while (!ending.signal.aborted) {
      const failure = await keeper.look().then(() => '', said)
      if (failure !== '' && failure !== last) log.warn({}, `the embedded worker does not work: ${failure}`)
      last = failure
      if (keeper.isOver()) return
      if (!ending.signal.aborted) await pause(LOOK_EVERY)
    }
  }
  const kept = keep()
  return {
    async stop() {
      ending.abort()
      deaf()
      wake()
      await kept
      await keeper.rest()
    },
  }
}

function said(thrown: unknown): string {
  return inOneLine(asClavigerError(thrown))
}
