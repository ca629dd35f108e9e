// `live`: what changes, told while it happens to whoever looks at lists. Only that something has changed is told, and only
// of what the caller may know of; they read it again, through the gate. The position of each answer is one of the audit
// log, so that a reader goes on after it without a gap, on whichever server.

import { setTimeout as pause } from 'node:timers/promises'
import { type Caller, may } from '../../domain/caller.ts'
import { rateLimited } from '../../domain/errors.ts'
import { sightOf } from '../runs/seeing.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { type Hint, hintsOf } from './hints.ts'
import type { LiveNews } from './live-news.ts'
import { createPending, SLOW_EVERY } from './pending.ts'
import { createWatching, type Happened, type Watching } from './watching.ts'

// Milliseconds.
const HEARTBEAT = 10_000
const FOLLOWED_FOR = 3_600_000
const BETWEEN = 250

// On this server, of one caller.
const AT_MOST = 20

type Stream = Awaited<ReturnType<Control['live']>>

export function createLiveUseCase(workshop: Workshop): Pick<Control, 'live'> {
  const watching = createWatching(workshop)
  const listeners = new Map<string, number>() // who → how many of theirs there are
  return {
    live: async (caller, { after }) => {
      const who = `${caller.kind} ${caller.id}`
      if ((listeners.get(who) ?? 0) >= AT_MOST) throw rateLimited(HEARTBEAT)
      // Before anything is waited for: those who ask at once are counted too.
      listeners.set(who, (listeners.get(who) ?? 0) + 1)
      let isCounted = true
      const ended = () => {
        if (!isCounted) return
        isCounted = false
        const left = (listeners.get(who) ?? 1) - 1
        if (left === 0) listeners.delete(who)
        else listeners.set(who, left)
      }
      try {
        return await listen(watching, caller, after ?? null, ended)
      } catch (thrown) {
        ended()
        throw thrown
      }
    },
  }
}

async function listen(
  watching: Watching,
  caller: Caller,
  after: number | null,
  ended: () => void,
): Promise<Stream> {
  const ear = createEar(caller)
  const deaf = await watching.watch(caller.organizationId, ear.hear)
  const over = () => {
    deaf()
    ear.stop()
    ended()
  }
  try {
    const inner = tellAll(ear, await beginning(watching, caller, after), over)
    return {
      next: () => inner.next(),
      // A generator that waits cannot be ended from outside: it is woken up first.
      return: () => {
        over()
        return inner.return(undefined)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    } satisfies Stream
  } catch (thrown) {
    over()
    throw thrown
  }
}

// What was missed while nobody listened.
async function beginning(watching: Watching, caller: Caller, after: number | null): Promise<LiveNews> {
  const { position, entries } = await watching.missed(caller.organizationId, after)
  if (after === null) return { type: 'ready', position, topics: [] }
  const pending = createPending()
  for (const hint of hintsFor(caller, { position, entries, runs: 'many', doubted: [] })) pending.add(hint)
  return { type: 'ready', position, topics: pending.take(performance.now()) }
}

// Null: nothing happened, and somebody is still here.
async function* tellAll(ear: Ear, first: LiveNews, over: () => void): AsyncGenerator<LiveNews | null> {
  const until = performance.now() + FOLLOWED_FOR
  let saidAt = performance.now()
  try {
    yield first
    while (performance.now() < until) {
      await ear.heard(ear.isWaiting() ? SLOW_EVERY : HEARTBEAT)
      if (ear.isOver()) return
      // With other rights it is another stream: whoever listens asks again, and is looked at as they do.
      const isLast = ear.isInDoubt()
      const news = ear.take()
      if (news === null && performance.now() - saidAt < HEARTBEAT) continue
      saidAt = performance.now()
      yield news
      if (isLast) return
      if (news !== null) await pause(BETWEEN)
    }
  } finally {
    over()
  }
}

function hintsFor(caller: Caller, { entries, runs }: Happened): Hint[] {
  if (entries === 'many') return [{ topic: 'all', id: null }]
  const told = entries.flatMap((entry) => hintsOf(caller, entry))
  if (runs !== 'many') {
    const seen = runs.filter((row) => sightOf(caller, row) !== null)
    return [...told, ...seen.map(({ id }): Hint => ({ topic: 'runs', id }))]
  }
  // What signals alone tell, and was not heard.
  const unheard: Hint[] = [{ topic: 'runs', id: null }]
  if (may(caller, 'readMachines')) unheard.push({ topic: 'workers', id: null })
  return [...told, ...unheard]
}

interface Ear {
  readonly hear: (happened: Happened) => void
  /** What is to be told by now; null: nothing. */
  take(): LiveNews | null
  /** Whether something is kept back for now. */
  isWaiting(): boolean
  /** Whether the caller may be somebody else by now, or have other rights. */
  isInDoubt(): boolean
  /** Resolves when there is something new, or after so many milliseconds. */
  heard(patience: number): Promise<void>
  isOver(): boolean
  stop(): void
}

function createEar(caller: Caller): Ear {
  const pending = createPending()
  let position = 0
  let inDoubt = false
  let isNew = false
  let isOver = false
  let wake: () => void = () => undefined
  const selves = [caller.id, caller.tokenId, caller.agent, ...caller.teams]
  return {
    hear(happened) {
      position = Math.max(position, happened.position)
      for (const hint of hintsFor(caller, happened)) {
        if (hint.topic === 'self') inDoubt = true
        pending.add(hint)
      }
      const { doubted } = happened
      if (doubted === 'all' || doubted.some((id) => selves.includes(id))) inDoubt = true
      if (inDoubt) pending.add({ topic: 'self', id: null })
      isNew = true
      wake()
    },
    take() {
      isNew = false
      const topics = pending.take(performance.now())
      return topics.length === 0 ? null : { type: 'changed', position, topics }
    },
    isWaiting: () => !pending.isEmpty(),
    isInDoubt: () => inDoubt,
    async heard(patience) {
      if (isNew || isOver) return
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      const timer = setTimeout(resolve, patience)
      await promise
      clearTimeout(timer)
    },
    isOver: () => isOver,
    stop() {
      isOver = true
      wake()
    },
  }
}
