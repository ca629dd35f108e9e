// What a server does in the background about telling people: it sends what is due, looks ahead, and forgets what is old.

import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from '../../lib/time/repeat.ts'
import type { Ports } from '../use-case.ts'
import { forecast } from './forecast.ts'
import { type SendingPorts, sendDue } from './sending.ts'
import { createTell } from './tell.ts'

// Milliseconds.
const SEND_EVERY = 2_000
const LOOK_EVERY = 3_600_000
const KEEP = 90 * 24 * 3_600_000

const BATCH = 500

export interface TellingPorts extends SendingPorts, Pick<Ports, 'identity' | 'publicUrl'> {
  /** How often it is looked for what is due, in milliseconds; every two seconds when nothing is said. */
  readonly sendEvery?: number
}

export interface Telling {
  /** Resolves when what is under way has ended: a call may take ten seconds. */
  stop(): Promise<void>
}

/** Begins at once. What cannot be done now is tried again. */
export function startTelling(ports: TellingPorts): Telling {
  const { log, sendEvery = SEND_EVERY } = ports
  const ending = new AbortController()
  const { signal } = ending
  const sending = repeat(
    sendEvery,
    () => sendDue(ports, signal),
    (thrown) => log.warn({ detail: String(thrown) }, 'events are waiting to be sent'),
  )
  const looking = repeat(
    LOOK_EVERY,
    async () => {
      await forecast({ ...ports, tell: createTell(ports), signal })
      await forgetOld(ports, signal)
    },
    (thrown) => log.warn({ detail: String(thrown) }, 'what ends soon was not looked for'),
  )
  return {
    async stop() {
      ending.abort()
      await Promise.all([sending.stop(), looking.stop()])
    },
  }
}

async function forgetOld({ store, now, log }: TellingPorts, signal: AbortSignal): Promise<void> {
  let removed = 0
  for (;;) {
    const begun = performance.now()
    const batch = await store.outbox.prune(now() - KEEP, BATCH)
    removed += batch
    if (batch < BATCH || signal.aborted) break
    // Half of the time belongs to everybody else.
    await sleep(performance.now() - begun, undefined, { ref: false })
  }
  if (removed > 0) log.info({ removed }, 'old events were removed')
}
