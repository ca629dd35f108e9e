// Whose turn it is. Channels are gone through side by side, so that a slow platform holds up nobody else's; one of them is
// begun with again when it has ended, and when its platform wants to be asked again.

import { ClavigerError } from '../../domain/errors.ts'

export interface Turns {
  /** The channels that are not to be begun with now. */
  except(): string[]
  /** Goes through these rows, those of a channel one after the other. What `each` throws ends the turn of its channel. */
  begin<Row extends { readonly channelId: string }>(
    rows: readonly Row[],
    each: (row: Row) => Promise<void>,
  ): void
  /**
   * After a try that failed, and is made again after this pause (milliseconds): nothing else of the channel is begun before
   * its platform wants to be asked again, or for a while when it takes nothing of the channel.
   */
  restAfter(channelId: string, thrown: unknown, pause: number): void
  /** Resolves when what was begun has ended. */
  ended(): Promise<void>
}

export interface TurnOptions {
  readonly now: () => number
  /** Channel → until when it rests. What carries and what tells of it share one. */
  readonly resting: Map<string, number>
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal
  readonly failed: (thrown: unknown) => void
}

export function createTurns({ now, resting, signal, failed }: TurnOptions): Turns {
  const under = new Map<string, Promise<void>>() // channel → its turn

  async function turn<Row>(rows: readonly Row[], channelId: string, each: (row: Row) => Promise<void>) {
    try {
      for (const row of rows) {
        if (signal.aborted || rests(channelId)) return
        await each(row)
      }
    } catch (thrown) {
      failed(thrown)
    } finally {
      under.delete(channelId)
    }
  }

  function rests(channelId: string): boolean {
    const until = resting.get(channelId) ?? 0
    if (until <= now()) resting.delete(channelId)
    return until > now()
  }

  return {
    except: () => [...under.keys(), ...[...resting.keys()].filter((one) => !under.has(one) && rests(one))],
    begin(rows, each) {
      for (const [channelId, its] of Map.groupBy(rows, (row) => row.channelId))
        if (!under.has(channelId)) under.set(channelId, turn(its, channelId, each))
    },
    restAfter(channelId, thrown, pause) {
      const isRejected = thrown instanceof ClavigerError && thrown.code === 'rejected'
      const rest = Math.max(restIn(thrown), isRejected ? Math.min(pause, REST_WHEN_REJECTED) : 0)
      if (rest > 0) resting.set(channelId, Math.max(resting.get(channelId) ?? 0, now() + rest))
    },
    async ended() {
      while (under.size > 0) await Promise.all(under.values())
    },
  }
}

const LONGEST_PAUSE = 600_000

// Short: whoever gives the channel another token waits for so long.
const REST_WHEN_REJECTED = 60_000

/** How long to wait after a try that failed, in milliseconds: twice as long each time, and as long as the platform wants. */
export function pauseAfterFailure(thrown: unknown, first: number, failures: number): number {
  return Math.max(restIn(thrown), Math.min(first * 2 ** Math.min(failures, 10), LONGEST_PAUSE))
}

// In milliseconds; 0: it has not said.
function restIn(thrown: unknown): number {
  return thrown instanceof ClavigerError ? (thrown.retryAfter ?? 0) * 1000 : 0
}
