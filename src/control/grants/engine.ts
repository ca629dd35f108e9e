// Keeping grants alive: whoever needs one says what for, and gets it, or learns what stands in the way. All who want the
// same share one look and one try; those on other servers wait for a word, and look now and then in case none comes.

import { decide, isGood, type Wish } from '../../domain/grants/decide.ts'
import { after } from '../../domain/grants/grant.ts'
import type { GrantRow } from '../../store/grant-groups.ts'
import { createFlights, type Flights } from './flights.ts'
import type { Grants, Outcome } from './grants.ts'
import { createListening } from './listening.ts'
import { createLooking, type Looking } from './looking.ts'
import { drain } from './renewing/draining.ts'
import { find, type GrantPlace, grantAct, keep, nothingToDo, untilKept } from './renewing/keeping.ts'
import { leftAttempts } from './renewing/taking-over.ts'
import { type GrantPorts, situationOf, upkeep } from './tools.ts'

// How often somebody looks who waits for a word of another server, in milliseconds.
const LOOK_EVERY = 500

// How long somebody waits for a new one who could have the old one, in milliseconds.
const NO_HURRY = 1_000

export interface Engine extends Grants {
  /** Goes on with what an earlier process of this server has begun. Call it once, before anything is wanted. */
  takeOver(): Promise<void>
  /** No try is begun any more: the journal is about to be closed, and an answer would be lost. Resolves as `ended` does. */
  end(): Promise<void>
}

export function createGrants(ports: GrantPorts): Engine {
  const { timings, elapsed } = ports
  const flights = createFlights(ports)
  const looking = createLooking(ports, flights.isMaking)
  const listening = createListening(ports.store)
  let draining: Promise<void> | undefined
  const drainShared = () => {
    draining ??= drain(ports).finally(() => {
      draining = undefined
    })
    return draining
  }
  const tools: Tools = { ports, flights, looking, drain: drainShared }

  async function want(credentialId: string, wish: Wish): Promise<Outcome> {
    let until = elapsed() + timings.callTimeout + LOOK_EVERY
    for (;;) {
      const word = listening.next(credentialId)
      try {
        const step = await stepTowards(tools, credentialId, wish)
        if ('outcome' in step) return step.outcome
        const isOver = step.flight === undefined && flights.areOver()
        if (elapsed() >= until || isOver) return outOfPatience(ports.now(), step.row)
        const isAtHand = wish.kind === 'use' && isGood(step.row.grant, { now: ports.now() })
        if (isAtHand) until = Math.min(until, elapsed() + NO_HURRY)
        if (step.flight !== undefined) await atMost(until - elapsed(), step.flight)
        else await atMost(LOOK_EVERY, word.heard)
      } finally {
        word.forget()
      }
    }
  }

  const ended = async () => {
    listening.stop()
    await flights.ended()
  }
  return {
    want,
    mayBeDue: (expiresAt) => expiresAt !== null && expiresAt - ports.now() < 1.2 * timings.margin,
    drain: drainShared,
    takeOver: async () => flights.takeOver([...(await leftAttempts(ports)), ...(ports.leftByOthers ?? [])]),
    ended,
    end: () => {
      flights.end()
      return ended()
    },
  }
}

interface Tools {
  readonly ports: GrantPorts
  readonly flights: Flights
  readonly looking: Looking
  readonly drain: () => Promise<void>
}

type Forced = Extract<Wish, { kind: 'forced' }>

type Step =
  | { readonly outcome: Outcome }
  /** Somebody is at it: this server when there is a flight, else another. */
  | { readonly row: GrantRow; readonly flight: Promise<void> | undefined }

async function stepTowards(tools: Tools, credentialId: string, wish: Wish): Promise<Step> {
  const { ports, flights, looking } = tools
  let seen = await looking.look(credentialId)
  if (seen === undefined) return { outcome: { kind: 'gone' } }
  if (isForgotten(tools, wish, seen.row)) {
    await tools.drain()
    seen = await looking.look(credentialId)
    if (seen === undefined) return { outcome: { kind: 'gone' } }
  }
  const { row, watched } = seen
  const { organizationId, grant } = row
  const action = decide(grant, wish, situationOf(ports, row, watched))
  switch (action.kind) {
    case 'serve':
      return { outcome: { kind: 'good', generation: grant.generation } }
    case 'later': {
      const why = flights.lastFailure(credentialId)
      return { outcome: { ...action, ...(why !== undefined && { why }) } }
    }
    case 'sign-in':
      if (wish.kind === 'forced') await reject(ports, row, wish)
      else if (row.dueAt !== null) await showOver(ports, row)
      return { outcome: action }
    case 'wait':
      return { row, flight: flights.of(credentialId) }
    case 'attempt': {
      const found = grant.attempt && watched && { attempt: grant.attempt.id, watched }
      return { row, flight: flights.begin({ credentialId, organizationId, wish, found }) }
    }
  }
}

// Somebody has seen more than the database remembers, or this server has the answer to an attempt that it gave up.
function isForgotten({ ports, flights }: Tools, wish: Wish, { grant, credentialId }: GrantRow): boolean {
  if (wish.kind === 'forced' && wish.seen > grant.generation) return true
  const { attempt } = grant
  return attempt !== null && flights.of(credentialId) === undefined && ports.journal.has(attempt.id)
}

// Whoever still has a good one is served; what comes later is an answer to the next.
function outOfPatience(now: number, { grant }: GrantRow): Outcome {
  if (isGood(grant, { now })) return { kind: 'good', generation: grant.generation }
  return { kind: 'later', until: now + LOOK_EVERY, because: 'failing' }
}

// Refused with a generation that cannot be renewed any more: it may be of no use to anybody else either.
async function reject(ports: GrantPorts, where: GrantPlace, { seen, ...reporter }: Forced): Promise<void> {
  await untilKept(() =>
    ports.guard.perform(upkeep(ports, where.organizationId), async (unit, authorize) => {
      const { row, grantRow } = await find(unit, where)
      const { grant } = grantRow
      if (grant.rejected === seen || grant.generation !== seen) throw nothingToDo()
      const now = after(grant, { ...reporter, kind: 'rejected', generation: seen })
      if (now.rejected === null && now.reportedBy === grant.reportedBy) throw nothingToDo()
      const action = now.rejected === null ? 'grant.reported' : 'grant.rejected'
      await authorize(grantAct(action, row, { generation: seen }))
      await keep(ports, unit, { row, grantRow }, now)
    }),
  )
}

// It was good until a moment ago, and what people see still says so.
async function showOver(ports: GrantPorts, where: GrantPlace): Promise<void> {
  await untilKept(() =>
    ports.guard.perform(upkeep(ports, where.organizationId), async (unit, authorize) => {
      const { row, grantRow } = await find(unit, where)
      if (grantRow.dueAt === null) throw nothingToDo()
      await authorize(grantAct('grant.over', row))
      await keep(ports, unit, { row, grantRow }, grantRow.grant)
    }),
  )
}

function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, Math.max(0, milliseconds))
  void work.then(resolve)
  return promise.finally(() => clearTimeout(timer))
}
