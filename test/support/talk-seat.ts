// For tests: a seat at the stand-in program, in processes of its own; its lease is real, and nothing is delivered.

import type { ConversationEvent } from '../../src/domain/runs/conversation.ts'
import { NO_USAGE } from '../../src/domain/runs/conversation.ts'
import { createTalk } from '../../src/runner/conversing/talk.ts'
import type { AcquiredLease } from '../../src/runner/lease-source.ts'
import type { Seat } from '../../src/runner/worker/seat.ts'
import { standIn } from './stand-in.ts'

/** `log`: where the program writes what it was given. */
export function talkSeat(cwd: string, log: string, hear: (event: ConversationEvent) => Promise<void>): Seat {
  let lease: AcquiredLease | null = null
  const given = new Set<string>()
  const talk = createTalk({
    ...{ conversing: standIn('turn', log), cwd, program: process.execPath, environment: {}, model: null },
    ...{ session: { kind: 'new', id: 's1' }, access: 'write', used: NO_USAGE, silenceMs: 60_000 },
    ...{ redact: (line) => line, hear, now: Date.now },
  })
  return {
    get lease() {
      return lease
    },
    isLive: false,
    get generation() {
      return lease?.credential?.generation ?? 0
    },
    async take(taken) {
      lease = taken
    },
    refresh: async () => undefined,
    give(message, text) {
      given.add(message)
      return talk.turn(text)
    },
    has: async (message) => given.has(message),
    forget: () => undefined,
    leave: () => talk.stop(),
  }
}
