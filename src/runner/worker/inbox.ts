// What a worker has heard of one run: messages in their order, and what somebody wishes. Whoever waits is woken.

import type { RunWish } from '../../domain/runs/run.ts'
import type { Chosen, PendingMessage, RunNews } from './run-server.ts'

export interface Inbox {
  readonly wish: RunWish | null
  /** Of the last news. */
  readonly bell: number
  /** What is to serve the next turn; null: what the run was started with. */
  readonly chosen: Chosen | null
  hear(news: RunNews): void
  /** The first message that was not taken yet; null when there is none. */
  first(): PendingMessage | null
  /** It is taken: it is not the first any more, whatever is heard of it. */
  taken(id: string): void
  /** Aborts when somebody breaks off this message, which is in hand. */
  interruption(id: string): AbortSignal
  /** Resolves at the next news, or at once when there were some since `bell`. */
  news(bell: number): Promise<void>
}

export function createInbox(first: RunNews): Inbox {
  const done = new Set<string>()
  let current = first
  let heard = Promise.withResolvers<void>()
  let inHand: { readonly id: string; readonly breaking: AbortController } | null = null
  const look = () => {
    if (inHand !== null && inHand.id === current.interrupted) inHand.breaking.abort()
  }
  return {
    get wish() {
      return current.wish
    },
    get bell() {
      return current.bell
    },
    get chosen() {
      return current.chosen ?? null
    },
    hear(news) {
      // News may overtake each other.
      if (news.bell < current.bell) return
      // News tell of what is queued; what an earlier process may have had is told once.
      const before = current.messages.filter(({ id, state }) => state === 'sent' && !done.has(id))
      current = { ...news, messages: [...before, ...news.messages] }
      look()
      heard.resolve()
      heard = Promise.withResolvers()
    },
    first: () => current.messages.find(({ id }) => !done.has(id)) ?? null,
    taken: (id) => void done.add(id),
    interruption(id) {
      const breaking = new AbortController()
      inHand = { id, breaking }
      look()
      return breaking.signal
    },
    news: (bell) => (bell < current.bell ? Promise.resolve() : heard.promise),
  }
}
