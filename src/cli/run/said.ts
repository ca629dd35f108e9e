// What people have said to a run, for whoever looks at what became of it: events name messages by their ids only.

import type { Connection } from '../connection.ts'
import { readRun } from './ending.ts'

/** The text of a message of the run; null when it is not known, or not for whoever asks. */
export type Said = (messageId: string) => Promise<string | null>

/** Asks the server once for what is there, and again for a message that came later. */
export function saidIn(connection: Connection, runId: string): Said {
  const texts = new Map<string, string | null>()
  return async (messageId) => {
    if (!texts.has(messageId)) {
      const run = await readRun(connection, runId)
      for (const { id, text } of run?.messages ?? []) texts.set(id, text)
      if (!texts.has(messageId)) texts.set(messageId, null)
    }
    return texts.get(messageId) ?? null
  }
}
