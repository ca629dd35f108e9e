// When a credential was last used, noted beside whatever uses it: nobody waits for that, and once a minute is enough.

import type { Ports } from '../use-case.ts'

// Milliseconds.
const NOTED_EVERY = 60_000

const REMEMBERED_AT_MOST = 20_000

export interface UseNotes {
  used(credentialId: string): void
}

export function createUseNotes({ store, now }: Pick<Ports, 'store' | 'now'>): UseNotes {
  const notedAt = new Map<string, number>() // credential → when this server last noted it
  return {
    used(id) {
      const at = now()
      const before = notedAt.get(id)
      // The clock may have been set back.
      if (before !== undefined && Math.abs(at - before) < NOTED_EVERY) return
      if (notedAt.size >= REMEMBERED_AT_MOST) notedAt.clear()
      notedAt.set(id, at)
      // It may be gone, or the database away: then it is noted another time.
      store.uses.note(id, at).catch(() => notedAt.delete(id))
    },
  }
}
