// What happens in a run, told while it happens: every event once, in order, from where whoever asks has left off.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError, rateLimited } from '../../domain/errors.ts'
import { isFinal } from '../../domain/runs/run.ts'
import type { RunEventRow } from '../../store/runs/run-groups.ts'
import { absent } from '../guard.ts'
import { presentCaller } from '../present-caller.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { createHearing, type Ear } from './hearing.ts'
import type { RunNews } from './run-news.ts'
import { actOn, findRun } from './seeing.ts'

// Milliseconds.
const LOOK_EVERY = 10_000
const FOLLOWED_FOR = 3_600_000

const PAGE = 200

// On this server, of one caller.
const AT_MOST = 50

type Follow = Control['runs.events']

export function createFollowingRunUseCases(workshop: Workshop): Pick<Control, 'runs.events'> {
  const hearing = createHearing(workshop)
  const followers = new Map<string, number>() // who → how many they follow here
  return {
    'runs.events': async (caller, { id, after, follow }) => {
      const who = `${caller.kind} ${caller.id}`
      if ((followers.get(who) ?? 0) >= AT_MOST) throw rateLimited(LOOK_EVERY)
      // Before anything is waited for: those who ask at once are counted too.
      followers.set(who, (followers.get(who) ?? 0) + 1)
      let isCounted = true
      const uncount = () => {
        if (!isCounted) return
        isCounted = false
        const left = (followers.get(who) ?? 1) - 1
        if (left === 0) followers.delete(who)
        else followers.set(who, left)
      }
      await begin(workshop, caller, id, after).catch((thrown: unknown) => {
        uncount()
        throw thrown
      })
      const ear = hearing.listen()
      const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
      const ended = () => {
        stop()
        ear.stop()
        uncount()
      }
      const inner = tellAll({ workshop, caller, ear, stopped, ended }, id, { after, follow })
      return {
        next: () => inner.next(),
        // A generator that waits cannot be ended from outside: it is woken up first.
        return: () => {
          ended()
          return inner.return(undefined)
        },
        [Symbol.asyncIterator]() {
          return this
        },
      } satisfies Awaited<ReturnType<Follow>>
    },
  }
}

async function begin({ guard }: Workshop, caller: Caller, id: string, after: number): Promise<void> {
  await guard.perform(caller, async (unit, authorize) => {
    const { row } = await findRun(unit, caller, id)
    await authorize(actOn(row, 'run.follow', { general: 'followRuns' }))
    // The database was put back: whoever goes on from there would never hear of what happens again.
    if (after > row.run.events) throw beyondTheEnd(row.run.events)
  })
}

interface Telling {
  readonly workshop: Workshop
  readonly caller: Caller
  readonly ear: Ear
  readonly stopped: Promise<void>
  readonly ended: () => void
}

// Null: nothing happened, and somebody is still here.
async function* tellAll(
  { workshop, caller, ear, stopped, ended }: Telling,
  id: string,
  { after, follow }: { readonly after: number; readonly follow: boolean },
): AsyncGenerator<RunNews | null> {
  const { store } = workshop
  const until = performance.now() + FOLLOWED_FOR
  let known = after
  let asking = caller
  let lookedUpAt = performance.now()
  try {
    while (performance.now() < until) {
      // Nothing more for who was shown out meanwhile.
      if (performance.now() - lookedUpAt >= LOOK_EVERY) {
        asking = await presently(workshop, caller, id)
        lookedUpAt = performance.now()
      }
      // First whether it is over, then what is there: what ends it is its last event.
      const { row } = await findRun(store, asking, id)
      const rows = await store.runEvents.after(id, known, PAGE)
      for (const event of rows) {
        yield newsOf(event)
        known = event.position
      }
      if (rows.length === PAGE) continue
      if (!follow || (isFinal(row.run.state) && known >= row.run.events)) return
      if (rows.length === 0) yield null
      const isHere = await Promise.race([
        ear
          .heard(LOOK_EVERY, ({ topic, subject }) => {
            if (topic === 'holders') lookedUpAt = Number.NEGATIVE_INFINITY
            return topic === 'holders' || (topic === 'runs' && subject === id)
          })
          .then(() => true),
        stopped.then(() => false),
      ])
      if (!isHere) return
    }
  } finally {
    ended()
  }
}

async function presently(workshop: Workshop, caller: Caller, id: string): Promise<Caller> {
  const now = await presentCaller(workshop, caller)
  if (now === null) throw absent('run', id)
  return now
}

function beyondTheEnd(events: number): ClavigerError {
  return new ClavigerError('conflict', `Fewer events are kept of this run: ${events}. Begin again.`, {
    hint: 'Leave `after` and Last-Event-ID out.',
  })
}

function newsOf({ position, at, event }: RunEventRow): RunNews {
  return { type: event.kind, position, at: rfc3339(at), event }
}
