// Hears what servers of one database tell each other: LISTEN on a connection of its own. LISTEN does not come back by
// itself when its connection is lost, and a connection may be dead for hours without a word: so it is asked now and then
// whether it lives, opened again when it does not, and every gap is said.

import { type Client, escapeIdentifier } from 'pg'
import type { PostgresAddress } from './address.ts'
import { slept } from './availability.ts'
import { connectAlone, letGo, makeReady } from './connections.ts'

// Milliseconds.
const FIRST_WAIT = 50
const LONGEST_WAIT = 2_000
const ASK_EVERY = 5_000

export interface Listening {
  /** Resolves when the connection is gone. */
  close(): Promise<void>
}

export interface ListeningOptions {
  readonly address: PostgresAddress
  readonly channel: string
  /** A text that was sent, or null: whatever was sent before may have been lost. */
  readonly hear: (text: string | null) => void
}

/** Listens until it is closed, whatever happens to the database. */
export function listenOn(options: ListeningOptions): Listening {
  const closed = new AbortController()
  const over = listenAgain(options, closed.signal)
  return {
    close: async () => {
      closed.abort()
      await over
    },
  }
}

async function listenAgain(options: ListeningOptions, closed: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT
  const listening = () => {
    wait = FIRST_WAIT
  }
  while (!closed.aborted) {
    await listenOnce(options, closed, listening).catch(sayNothing)
    // Replicas that lost the database together should not come back together.
    await slept(wait * (0.5 + Math.random() / 2), closed)
    wait = Math.min(wait * 2, LONGEST_WAIT)
  }
}

async function listenOnce(
  { address, channel, hear }: ListeningOptions,
  closed: AbortSignal,
  listening: () => void,
): Promise<void> {
  const client: Client = await connectAlone(address, 'claviger listening')
  const ended = new AbortController()
  client.on('end', () => ended.abort())
  client.on('error', () => ended.abort())
  client.on('notification', (message) => {
    if (message.channel === channel) hear(message.payload ?? '')
  })
  try {
    const over = AbortSignal.any([closed, ended.signal])
    await client.query(`listen ${escapeIdentifier(channel)}`)
    listening()
    // Only now: what is sent from here on is heard, so that nothing falls between looking and listening.
    hear(null)
    while (await slept(ASK_EVERY, over)) await makeReady(client, address)
  } finally {
    await letGo(client)
  }
}

function sayNothing(): void {
  // Those who read and write say that the database is away; here it only means to try again.
}
