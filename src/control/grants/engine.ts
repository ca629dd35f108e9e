// Keeping grants alive: whoever needs one says what for, and gets it, or learns what stands in the way. All who want the
// same share one look and one try; those on other servers wait for a word, and look now and then in case none comes.

import { decide, isGood, type Watched, type Wish } from '../../domain/grants/decide.ts'
import { after } from '../../domain/grants/grant.ts'
import { newId } from '../../lib/id.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import { attempt } from './attempting.ts'
import { drain } from './draining.ts'
import { grantAct, keep, untilKept } from './keeping.ts'
import { createListening } from './listening.ts'
import { type GrantPorts, situationOf, upkeep } from './tools.ts'
import { createWatching } from './watching.ts'

// How often somebody looks who waits for a word of another server, in milliseconds.
const LOOK_EVERY = 500

/** What came of a wish. */
export type Outcome =
  /** This generation is good. */
  | { readonly kind: 'good'; readonly generation: number }
  /** Not now, and for no fault of its owner. */
  | { readonly kind: 'later'; readonly until: number; readonly because: 'failing' | 'forced_lately' }
  | { readonly kind: 'sign-in' }
  /** There is no such grant. */
  | { readonly kind: 'gone' }

export interface Grants {
  /** Does what is needed for this wish; returns within the time of one call. Throws when the database does. */
  want(credentialId: string, wish: Wish): Promise<Outcome>
  /** Gives the answers in the journal their place. Throws when the database does. */
  drain(): Promise<void>
  /** Resolves when the tries under way have ended. */
  ended(): Promise<void>
}

export function createGrants(ports: GrantPorts): Grants {
  const { store, timings, elapsed } = ports
  const listening = createListening(store)
  const watching = createWatching(elapsed)
  const flying = new Map<string, Promise<void>>() // credential → the try of this server
  const mine = new Set<string>() // ids of those tries
  const looks = new Map<string, Promise<GrantRow | undefined>>()
  let draining: Promise<void> | undefined

  // Those who ask before the question is sent share it; whoever comes later asks anew, because it may be answered late.
  function look(credentialId: string): Promise<GrantRow | undefined> {
    const shared = looks.get(credentialId)
    if (shared) return shared
    const asked = new Promise((resolve) => setImmediate(resolve)).then(() => {
      looks.delete(credentialId)
      return store.grants.get(credentialId)
    })
    looks.set(credentialId, asked)
    return asked
  }

  async function watched({ credentialId, grant }: GrantRow): Promise<Watched | null> {
    if (grant.attempt === null) {
      watching.forget(credentialId)
      return null
    }
    const { id, replica } = grant.attempt
    const row = await store.attempts.get(id)
    const seen = watching.look({ credentialId, id, beat: row?.beat ?? 0 })
    const isOwn = replica === ports.replica && !mine.has(id)
    return { ...seen, provenSilent: isOwn && !ports.journal.has(id) }
  }

  function fly(row: GrantRow, wish: Wish, known: Watched | null): Promise<void> {
    const id = newId('attempt')
    mine.add(id)
    const { credentialId, organizationId } = row
    const flight = attempt(ports, { credentialId, organizationId, wish, watched: known }, id).finally(() => {
      mine.delete(id)
      flying.delete(credentialId)
    })
    // Nobody may be waiting for it any more.
    flight.catch(() => undefined)
    flying.set(credentialId, flight)
    return flight
  }

  async function want(credentialId: string, wish: Wish): Promise<Outcome> {
    const until = elapsed() + timings.callTimeout + LOOK_EVERY
    for (;;) {
      const flight = flying.get(credentialId)
      if (flight) await patiently(flight, until)
      const word = listening.next(credentialId)
      try {
        const step = await once(credentialId, wish)
        if ('outcome' in step) return step.outcome
        if (elapsed() >= until) return outOfPatience(step.row)
        await patiently(step.flight ?? word.heard, step.flight ? until : elapsed() + LOOK_EVERY)
      } finally {
        word.forget()
      }
    }
  }

  type Step =
    | { readonly outcome: Outcome }
    /** Somebody is at it: this server, or another. */
    | { readonly row: GrantRow; readonly flight: Promise<void> | undefined }

  async function once(credentialId: string, wish: Wish): Promise<Step> {
    const row = await look(credentialId)
    if (row === undefined) return { outcome: { kind: 'gone' } }
    const { grant } = row
    if (wish.kind === 'forced' && wish.seen > grant.generation) await drainOnce()
    const known = await watched(row)
    const action = decide(grant, wish, situationOf(ports, row, known))
    switch (action.kind) {
      case 'serve':
        return { outcome: { kind: 'good', generation: grant.generation } }
      case 'later':
        return { outcome: action }
      case 'sign-in':
        if (wish.kind === 'forced') await reject(row, wish.seen)
        return { outcome: { kind: 'sign-in' } }
      case 'wait':
        return { row, flight: flying.get(credentialId) }
      case 'attempt':
        return { row, flight: flying.get(credentialId) ?? fly(row, wish, known) }
    }
  }

  // Whoever still has a good one is served: what comes later is an answer to the next.
  function outOfPatience({ grant }: GrantRow): Outcome {
    const now = ports.now()
    if (isGood(grant, { now })) return { kind: 'good', generation: grant.generation }
    return { kind: 'later', until: now + LOOK_EVERY, because: 'failing' }
  }

  function patiently(work: Promise<unknown>, until: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.max(0, until - elapsed()))
    // What it failed with, whoever looks again will see.
    const over = () => resolve()
    work.then(over, over)
    return promise.finally(() => clearTimeout(timer))
  }

  // Refused with a generation that cannot be renewed any more: it is of no use to anybody else either.
  function reject({ credentialId, organizationId }: GrantRow, generation: number): Promise<void> {
    return untilKept(() =>
      ports.guard.perform(upkeep(ports, organizationId), async (unit, authorize) => {
        const row = await unit.credentials.get(organizationId, credentialId)
        const grantRow = await unit.grants.get(credentialId)
        if (!row || !grantRow || grantRow.grant.rejected === generation) return NOTHING
        await authorize(grantAct('grant.rejected', row, { generation }))
        await keep(ports, unit, { row, grantRow }, after(grantRow.grant, { kind: 'rejected', generation }))
        return undefined
      }),
    )
  }

  function drainOnce(): Promise<void> {
    draining ??= drain(ports).finally(() => {
      draining = undefined
    })
    return draining
  }

  return {
    want,
    drain: drainOnce,
    ended: async () => {
      listening.stop()
      await Promise.allSettled(flying.values())
    },
  }
}
