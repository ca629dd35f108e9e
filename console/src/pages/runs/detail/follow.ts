// Follows what happens in a run: each event once, in order, over as many connections as it takes.

import { useEffect, useState } from 'react'
import { fetchedEvents } from '../../../../../src/client/fetched-events.ts'
import { addressOf, SERVER } from '../../../api/client.ts'
import { problemOf } from '../../../api/problem.ts'
import { soon } from '../../../api/soon.ts'
import { type Conversation, type News, NOTHING_SAID, withNews } from './conversation.ts'

// Milliseconds.
const SHORTEST_PAUSE = 500
const LONGEST_PAUSE = 10_000
const DRAWN_EVERY = 30

// What connecting again may answer otherwise.
const PASSING = ['unreachable', 'unavailable', 'internal', 'rate_limited']

export interface Followed {
  readonly conversation: Conversation
  /** What is there already has not been told yet. */
  readonly isPending: boolean
  /** Why nothing more is told, when that is not the end of the run. */
  readonly error: unknown
}

const BEGINNING: Followed = { conversation: NOTHING_SAID, isPending: true, error: null }

/** The conversation of a run, for as long as the component is there. Use another key for another run. */
export function useConversation(id: string, isWanted: boolean): Followed {
  const [followed, setFollowed] = useState(BEGINNING)
  useEffect(() => {
    if (!isWanted) return
    const ending = new AbortController()
    const waiting: News[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    // Many events come at once: they are drawn together.
    const draw = () => {
      timer = undefined
      const news = waiting.splice(0)
      setFollowed(({ conversation }) => {
        return { conversation: withNews(conversation, news), isPending: false, error: null }
      })
    }
    const tell = (news: News | null) => {
      if (news !== null) waiting.push(news)
      timer ??= setTimeout(draw, DRAWN_EVERY)
    }
    void follow(id, tell, ending.signal).catch((error: unknown) =>
      setFollowed((before) => ({ ...before, isPending: false, error })),
    )
    return () => {
      ending.abort()
      clearTimeout(timer)
    }
  }, [id, isWanted])
  return followed
}

/** Null: nothing more is there now. Throws what connecting again does not change. */
async function follow(id: string, tell: (news: News | null) => void, signal: AbortSignal): Promise<void> {
  let last = 0
  let pause = SHORTEST_PAUSE
  let isFinal = false
  while (!signal.aborted) {
    try {
      const url = addressOf('runs.events', { id })
      const lastEventId = last === 0 ? null : String(last)
      for await (const { type, data } of named(fetchedEvents({ server: SERVER, url, lastEventId, signal }))) {
        if (type === 'revoked') break
        const news = type === null ? null : newsIn(data)
        tell(news)
        pause = SHORTEST_PAUSE
        if (news === null) continue
        last = Math.max(last, news.position)
        if (news.event.kind === 'state') isFinal = ['cancelled', 'done'].includes(news.event.state)
      }
      // Ended by the server: after that state nothing more is to come.
      if (isFinal) return
    } catch (thrown) {
      if (!PASSING.includes(problemOf(thrown).code)) throw thrown
    }
    if (signal.aborted) return
    await soon(pause, signal)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}

// A sign of life has no type.
async function* named(events: ReturnType<typeof fetchedEvents>) {
  for await (const event of events) yield event ?? { type: null, data: '' }
}

function newsIn(data: string): News | null {
  const value = JSON.parse(data) as Partial<News>
  return typeof value.position === 'number' && value.event !== undefined ? (value as News) : null
}
