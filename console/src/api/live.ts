// One stream for everything that changes: it says what to read again. A line that breaks, or was asleep with its laptop, is
// connected again after the last event that is known; when that is too long ago everything is read again.

import type { QueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { type FetchedEvent, fetchedEvents } from '../../../src/client/fetched-events.ts'
import { addressOf, SERVER } from './client.ts'
import { isSignedOut } from './problem.ts'
import { readAgain, readAllAgain } from './queries.ts'
import { createRunsAgain, type RunsAgain } from './runs-again.ts'
import { soon } from './soon.ts'

export type LiveState = 'connecting' | 'live' | 'away'

interface Changed {
  readonly topic: string
  /** Null: any of them. */
  readonly ids: readonly string[] | null
}

// Topic of the stream → parts of the API that may answer otherwise.
const READ_AGAIN: Readonly<Record<string, readonly string[]>> = {
  self: ['session', 'whoami', 'credentials', 'runs', 'explain', 'overview', 'preferences'],
  credentials: ['credentials', 'explain', 'overview', 'policy', 'harnesses'],
  usage: ['credentials', 'overview'],
  logins: ['logins', 'credentials', 'overview'],
  runs: ['runs', 'overview', 'workers'],
  workers: ['workers', 'overview', 'runs'],
  agents: ['agents', 'credentials'],
  members: ['members', 'teams', 'invitations'],
  tokens: ['tokens'],
  settings: ['harnesses', 'policy', 'explain', 'overview'],
  webhooks: ['webhooks', 'events'],
  channels: ['channels'],
  audit: ['audit', 'overview'],
}

// Of single runs that changed, beside the runs themselves.
const ALSO_OF_RUNS = ['overview', 'workers']

// Milliseconds.
const SHORTEST_PAUSE = 500
const LONGEST_PAUSE = 15_000

let state: LiveState = 'connecting'
const watchers = new Set<() => void>()

function become(next: LiveState): void {
  if (state === next) return
  state = next
  for (const watcher of watchers) watcher()
}

/** Whether the page hears of changes now. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => state,
  )
}

/** Keeps what is shown up to date for as long as the component is there. */
export function useLive(queries: QueryClient): void {
  useEffect(() => {
    const ending = new AbortController()
    void follow(queries, ending.signal)
    return () => ending.abort()
  }, [queries])
}

async function follow(queries: QueryClient, signal: AbortSignal): Promise<void> {
  const runs = createRunsAgain(queries)
  let lastEventId: string | null = null
  let pause = SHORTEST_PAUSE
  while (!signal.aborted) {
    try {
      const url = addressOf('live', {})
      for await (const event of fetchedEvents({ server: SERVER, url, lastEventId, signal })) {
        become('live')
        pause = SHORTEST_PAUSE
        if (event === null) continue
        lastEventId = event.id ?? lastEventId
        await take(queries, runs, event)
      }
    } catch (thrown) {
      if (isSignedOut(thrown)) {
        // Whatever is read next leads to the sign-in page.
        await readAllAgain(queries)
      }
    }
    if (signal.aborted) return
    become('away')
    await soon(pause, signal)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
}

async function take(queries: QueryClient, runs: RunsAgain, { type, data }: FetchedEvent): Promise<void> {
  if (type !== 'ready' && type !== 'changed') return
  const { topics = [] } = JSON.parse(data) as { topics?: readonly Changed[] }
  if (topics.some(({ topic }) => topic === 'all')) return readAllAgain(queries)
  const rest = topics.filter(({ topic, ids }) => topic !== 'runs' || ids === null)
  const ids = topics.flatMap((one) => (rest.includes(one) ? [] : (one.ids ?? [])))
  if (ids.length > 0) runs.changed(ids, ALSO_OF_RUNS)
  await readAgain(queries, [...new Set(rest.flatMap(({ topic }) => READ_AGAIN[topic] ?? [topic]))])
}
