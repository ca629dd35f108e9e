// For tests: one run that is carried out, over a server in memory and a program that is played.

import { randomUUID } from 'node:crypto'
import { expect, vi } from 'vitest'
import type { ProcessNames } from '../../src/runner/machine/hold.ts'
import { type Carried, carryOut } from '../../src/runner/worker/carrying-out.ts'
import type { RunPlaces } from '../../src/runner/worker/tidying.ts'
import { type KeptRun, type MemoryRunServer, memoryRunServer } from './memory-run-server.ts'
import { type Played, playedSeat } from './played-seat.ts'

/** What goes on with a turn that broke off. */
export const GOING_ON = 'go on'

export interface CarryingWorld {
  readonly memory: MemoryRunServer
  /** How often a place was removed. */
  readonly cleared: number
  /** The model that is wanted of the last one. */
  model(): string | null
  /** Claims what there is to do, and carries it out with this program; `seat`: what comes before. */
  carry(
    program: Played,
    how?: { isLive?: boolean; seat?: (signal: AbortSignal) => Promise<void> },
  ): Promise<Carried>
  /** Passes on what is new, as the worker does. */
  news(one: Carried, run: KeptRun): Promise<void>
  close(): Promise<void>
}

/** A process of a worker that nobody has heard of. */
export function newProcess(): ProcessNames {
  return { process: randomUUID(), ended: [] }
}

/** A machine on which no run lies yet. */
export const NO_PLACES: RunPlaces = {
  clean: async () => undefined,
  list: async () => [],
  remove: async () => undefined,
}

const NEVER = new AbortController().signal

export function carryingWorld(): CarryingWorld {
  const memory = memoryRunServer()
  const all: Carried[] = []
  let cleared = 0
  let modelOf: () => string | null = () => null
  return {
    memory,
    get cleared() {
      return cleared
    },
    model: () => modelOf(),
    async carry(program, { isLive = false, seat = () => Promise.resolve() } = {}) {
      const sought = {
        ...{ version: '1.0.0', programs: [] },
        harnesses: ['claude' as const],
        capacity: 1,
        directories: [],
        holding: [],
        waitSeconds: 1,
        ...{ ...newProcess(), asked: 1 },
      }
      const [run] = await memory.server.claim(sought, NEVER)
      if (run === undefined) throw new Error('there is nothing to do')
      const one = carryOut({
        ...{ server: memory.server, run, continuation: GOING_ON, now: Date.now },
        ambient: async () => 'none',
        seat: async (hear, signal, model) => {
          modelOf = model
          await seat(signal)
          return playedSeat(program, hear, isLive)
        },
        clear: async () => {
          cleared += 1
        },
      })
      all.push(one)
      return one
    },
    async news(one, { id, run }) {
      const beat = { id, claim: run.claim?.id ?? '', bell: one.bell }
      const heard = await memory.server.heartbeat('p1', [beat], 1, NEVER)
      for (const item of heard.news) one.hear(item)
      if (heard.lost.length > 0) one.lose()
    },
    async close() {
      memory.away = false
      for (const one of all) await one.leave()
    },
  }
}

export function until(test: () => void): Promise<void> {
  return vi.waitFor(test, { timeout: 3_000, interval: 5 })
}

export function messagesOf({ messages }: KeptRun): string[] {
  return messages.map(({ text, state }) => `${text} ${state}`)
}

/** Until it has nothing more to do. */
export function isReady(kept: KeptRun): Promise<void> {
  return until(() => expect(kept.run).toMatchObject({ state: 'ready', waiting: 0, open: 0 }))
}
