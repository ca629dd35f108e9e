// Waiting in a proof for something that has to come: when it does not the proof fails, and says what was missing.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

const SEEN_WITHIN_MS = 20_000

/** Looks again and again, at every turn of the loop. Throws when it is never so. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const started = performance.now()
  while (!(await isSo())) {
    if (performance.now() - started > SEEN_WITHIN_MS) throw new Error(`There was never ${what}.`)
    await nextTurn()
  }
}

/** What `work` resolves with. Throws what it throws, or when it takes too long. */
export async function inTime<T>(work: Promise<T>, what: string, within = SEEN_WITHIN_MS): Promise<T> {
  const ended = new AbortController()
  const late = sleep(within, undefined, { signal: ended.signal, ref: false }).then(() => {
    throw new Error(`There was never ${what}.`)
  })
  late.catch(() => undefined)
  return Promise.race([work, late]).finally(() => ended.abort())
}
