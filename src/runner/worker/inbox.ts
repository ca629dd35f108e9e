// What a worker has heard of one run: messages in their order, and what somebody wishes. Whoever waits is woken.

import type { RunWish } from '../../domain/runs/run.ts'
import type { PendingMessage, RunNews } from './run-server.ts'

export interface Inbox {
  readonly wish: RunWish | null
  /** Of the last news. */
  readonly bell: number
  hear(news: RunNews): void
  /** The first message that was not taken yet; null when there is none. */
  first(): PendingMessage | null
  /** It is taken: it is not the first any more, whatever is heard of it. */
  taken(id: string): void
  /** Resolves at the next news, or at once when there were some since `bell`. */
  news(bell: number): Promise<void>
}

export function createInbox(first: RunNews): Inbox {
  const done = new Set<string>()
  let current = first
  let heard = Promise.withResolvers<void>()
  return {
    get wish() {
      return current.wish
    },
    get bell() {
      return current.bell
    },
    hear(news) {
      // News may overtake each other.
      if (news.bell < current.bell) return
      // News tell of what is queued; what an earlier process may have had is told once.
      const before = current.messages.filter(({ id, state }) => state === 'sent' && !done.has(id))
      current = { ...news, messages: [...before, ...news.messages] }
      heard.resolve()
      heard = Promise.withResolvers()
    },
    first: () => current.messages.find(({ id }) => !done.has(id)) ?? null,
    taken: (id) => void done.add(id),
    news: (bell) => (bell < current.bell ? Promise.resolve() : heard.promise),
  }
}
