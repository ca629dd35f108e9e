// What becomes of a lease, told to its holder while it happens: the credential was renewed, a login arrived, it is over.
// No value is ever told; the holder reads its lease. Signals say when to look, and a look now and then is behind them.

import { type Caller, may, mayCredential } from '../../domain/caller.ts'
import { rateLimited } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import { isUsable } from '../../domain/state.ts'
import type { CredentialRow, LeaseRow } from '../../store/store.ts'
import { isAttached } from '../find.ts'
import { ambient, findLease, leasedRow, mustServe } from '../leases.ts'
import { presentCaller } from '../present-caller.ts'
import { isSessionLive, SIGNED_OUT } from '../sessions/liveness.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { readChoice } from './choice.ts'
import type { LeaseEvent } from './lease-event.ts'
import { type Change, createNews, type News } from './news.ts'

// Milliseconds.
const LOOK_EVERY = 10_000
const FOLLOWED_FOR = 3_600_000

// Of one lease on this server: a run is of several processes.
const AT_MOST = 8

type Follow = Control['leases.events']

export function createFollowingUseCases(workshop: Workshop): Pick<Control, 'leases.events'> {
  const news = createNews(workshop.store)
  const followers = new Map<string, number>() // who and which lease → how many follow it here
  return {
    'leases.events': async (caller, { id, generation }) => {
      // Of somebody else's lease, who asks in vain, nothing is learnt and nothing is taken away.
      const place = `${caller.kind} ${caller.id} ${id}`
      const before = followers.get(place) ?? 0
      if (before >= AT_MOST) throw rateLimited(LOOK_EVERY)
      // Before anything is waited for: those who ask at once are counted too.
      followers.set(place, before + 1)
      let isCounted = true
      const ended = () => {
        const left = (followers.get(place) ?? 1) - (isCounted ? 1 : 0)
        isCounted = false
        if (left === 0) followers.delete(place)
        else followers.set(place, left)
      }
      const start = await begin(workshop, caller, id).catch((thrown: unknown) => {
        ended()
        throw thrown
      })
      const known = { ...start, generation: generation ?? start.generation }
      return closeable(ended, (stopped) => follow({ workshop, caller, news, stopped, ended }, id, known))
    },
  }
}

interface Known {
  readonly generation: number
  /** The sign-in of a login; null where there is none. */
  readonly login: string | null
  /** Whether something that became of this credential is worth a look. */
  readonly matters: (credentialId: string) => boolean
}

// As reading the lease, without its value: whoever may not read it is told nothing of it.
async function begin(workshop: Workshop, caller: Caller, id: string): Promise<Known> {
  return workshop.guard.perform(caller, async (unit, authorize) => {
    const lease = await findLease(unit, caller, id)
    await mustServe(unit, authorize, caller, lease, { action: 'lease.follow', now: workshop.now() })
    const row = await leasedRow(unit, caller, lease)
    const object = row === null ? ambient(id) : { kind: 'credential', id: row.id, name: row.name }
    await authorize({ action: 'lease.follow', needs: { lease: id }, object, details: { lease: id } })
    const grant = row === null ? undefined : await unit.grants.get(row.id)
    return { generation: row?.version ?? 0, login: grant?.grant.login ?? null, matters: () => true }
  })
}

interface Following {
  readonly workshop: Workshop
  readonly caller: Caller
  readonly news: News
  /** Resolves when nobody listens any more. */
  readonly stopped: Promise<void>
  readonly ended: () => void
}

// Null: nothing happened, and somebody is still here. Also told when its holder may have changed: the server looks again
// whether the token is good.
async function* follow(
  { workshop, caller, news, stopped, ended }: Following,
  id: string,
  start: Known,
): AsyncGenerator<LeaseEvent | null> {
  const listening = news.listen()
  const until = performance.now() + FOLLOWED_FOR
  let known = start
  let changes: readonly Change[] = ['all']
  try {
    while (performance.now() < until) {
      const found = await look(workshop, caller, id, known, changes)
      known = found.known
      yield* found.events
      if (found.over) return
      if (found.events.length === 0) yield null
      const heard = await Promise.race([listening.heard(LOOK_EVERY, known.matters), stopped.then(() => null)])
      if (heard === null) return
      changes = heard
    }
  } finally {
    listening.stop()
    ended()
  }
}

interface Found {
  readonly events: readonly LeaseEvent[]
  readonly known: Known
  readonly over: boolean
}

async function look(
  workshop: Workshop,
  begunBy: Caller,
  id: string,
  known: Known,
  changes: readonly Change[],
): Promise<Found> {
  const { store } = workshop
  const over = (reason: string): Found => ({ events: [{ type: 'revoked', reason }], known, over: true })
  const lease = await store.leases.get(begunBy.organizationId, id)
  const why = await whyOver(workshop, lease)
  if (lease === undefined || why !== null) return over(why ?? 'it is gone')
  // Somebody who has left a team may not use what is its.
  const caller = await presentCaller(workshop, begunBy)
  if (caller === null) return over('whoever held it is gone')
  await keepAlive(workshop, lease)
  if (lease.credentialId === null) return { events: [], known, over: false }
  const row = await store.credentials.get(caller.organizationId, lease.credentialId)
  if (row === undefined) return over('its credential was deleted')
  const attached = await isAttached(store, caller, row)
  if (!mayCredential(caller, 'use', parseOwner(row.owner), attached))
    return over('its credential is for others now')
  const login = (await store.grants.get(row.id))?.grant.login ?? null
  const events: LeaseEvent[] = []
  if (row.version > known.generation) events.push({ type: 'rotated', generation: row.version })
  if (login !== null && known.login !== null && login !== known.login)
    events.push({ type: 'login-arrived', generation: row.version })
  if (events.length === 0 && (await somethingArrived(workshop, caller, lease, row, changes)))
    events.push({ type: 'login-arrived', generation: null })
  const waits = isOut(workshop, lease, row)
  const matters = (credentialId: string) => waits || credentialId === row.id
  return {
    events,
    known: { generation: Math.max(row.version, known.generation), login, matters },
    over: false,
  }
}

async function whyOver(workshop: Workshop, lease: LeaseRow | undefined): Promise<string | null> {
  const { store, now } = workshop
  if (lease === undefined) return 'it is gone'
  if (lease.endedAt !== null) return lease.endReason ?? 'it was ended'
  if (lease.expiresAt <= now()) return 'it has expired'
  if (!(await isSessionLive(store, lease, workshop))) return SIGNED_OUT
  const token = lease.tokenId === null ? undefined : await store.tokens.get(lease.tokenId)
  if (token === undefined) return null
  if (token.revokedAt !== null) return 'the token it was taken with was revoked'
  return token.expiresAt !== null && token.expiresAt <= now()
    ? 'the token it was taken with has expired'
    : null
}

// A holder that listens is there. No release: nothing is handed out by this.
async function keepAlive({ store, now, leaseLife }: Workshop, { id, expiresAt }: LeaseRow): Promise<void> {
  if (expiresAt - now() < leaseLife / 2) await store.leases.change(id, { expiresAt: now() + leaseLife })
}

// For everybody, or for this run only, which was refused with it.
function isOut(
  { now }: Pick<Workshop, 'now'>,
  lease: LeaseRow,
  { id, version, state, stateUntil }: CredentialRow,
): boolean {
  const { tried } = readChoice(lease)
  return (
    !isUsable(state, stateUntil, now()) || tried.some((one) => one.id === id && one.generation === version)
  )
}

// For a holder that waits: another credential that may serve it has become usable.
async function somethingArrived(
  { store, now }: Workshop,
  caller: Caller,
  lease: LeaseRow,
  own: CredentialRow,
  changes: readonly Change[],
): Promise<boolean> {
  if (!isOut({ now }, lease, own) || !may(caller, 'lease')) return false
  for (const change of changes) {
    if (change === 'all' || change === own.id) continue
    const row = await store.credentials.get(caller.organizationId, change)
    if (row === undefined || row.harness !== lease.harness) continue
    const attached = await isAttached(store, caller, row)
    const fits = mayCredential(caller, 'use', parseOwner(row.owner), attached)
    if (fits && isUsable(row.state, row.stateUntil, now())) return true
  }
  return false
}

// A generator that waits cannot be ended from outside: this one is woken up first.
function closeable(
  ended: () => void,
  make: (stopped: Promise<void>) => AsyncGenerator<LeaseEvent | null>,
): Awaited<ReturnType<Follow>> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const inner = make(promise)
  return {
    next: () => inner.next(),
    return: () => {
      resolve()
      // One that was never begun has no end of its own.
      ended()
      return inner.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
