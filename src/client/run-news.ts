// What happens in a run, over node:http: each event once and in order, over as many connections as it takes.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../domain/errors.ts'
import type { RecordedEvent } from '../domain/runs/record.ts'
import type { Secret } from '../domain/secret.ts'
import { eventBlocks } from './lease-news.ts'

export interface RunNews {
  readonly position: number
  /** RFC 3339. */
  readonly at: string
  readonly event: RecordedEvent
}

export interface FollowedRun {
  readonly server: string
  readonly token: Secret | null
  readonly runId: string
  /** Position of the last event that is known; 0: none. */
  readonly after: number
  /** Go on until the run is over for good. Without it, what is there. */
  readonly follow: boolean
}

// Milliseconds.
const SHORTEST_PAUSE = 500
const LONGEST_PAUSE = 15_000

/** Throws what the server refuses; a line that breaks is connected again. Ends with the run, or with `signal`. */
export async function* runNews(followed: FollowedRun, signal: AbortSignal): AsyncGenerator<RunNews> {
  let { after } = followed
  let pause = SHORTEST_PAUSE
  while (!signal.aborted) {
    try {
      const asked = { id: followed.runId, after, follow: String(followed.follow) }
      for await (const block of eventBlocks(followed, 'runs.events', asked, signal)) {
        if (block.startsWith(': the end')) return
        const news = newsIn(block)
        if (news === null || news.position <= after) continue
        pause = SHORTEST_PAUSE
        after = news.position
        yield news
      }
    } catch (error) {
      if (signal.aborted) return
      const isAway =
        error instanceof ClavigerError && (error.code === 'unreachable' || error.code === 'unavailable')
      const isBroken = !(error instanceof ClavigerError)
      if (!followed.follow || !(isAway || isBroken)) throw error
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}

function newsIn(block: string): RunNews | null {
  const data = block.split('\n').find((line) => line.startsWith('data: '))
  if (data === undefined) return null
  try {
    const value = JSON.parse(data.slice('data: '.length)) as Partial<RunNews>
    return typeof value.position === 'number' && value.event !== undefined ? (value as RunNews) : null
  } catch {
    // Cut off, or of somebody in between.
    return null
  }
}
