// How much signing in one caller may ask for: each start asks a provider, each submission does, and a sign-in that a
// program of this server holds takes its memory for as long as it is under way. Each server counts for itself.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError, rateLimited } from '../../domain/errors.ts'
import { createRateLimit } from '../../lib/time/rate-limit.ts'

const PROGRAMS_AT_MOST = 3

/** A place for a program; it is free again at that time at the latest. */
export interface Seat {
  /** The sign-in it is for, once that has an id. */
  taken(id: string): void
  free(): void
}

export interface Limits {
  /** Throws `rate_limited`. */
  starts(caller: Caller): void
  /** Throws `rate_limited`. */
  submits(id: string): void
  /** Throws `rate_limited`. Takes a place until it is freed, the sign-in is over, or so late. */
  seat(caller: Caller, until: number): Seat
  /** This sign-in is over. */
  over(id: string): void
}

export function createLimits(now: () => number): Limits {
  const starts = createRateLimit({ burst: 20, everyMs: 6_000, now })
  const submits = createRateLimit({ burst: 10, everyMs: 3_000, now })
  const must = (wait: number) => {
    if (wait > 0) throw rateLimited(wait)
  }
  return {
    starts: (caller) => must(starts.take(nameOf(caller))),
    submits: (id) => must(submits.take(id)),
    ...createSeats(now),
  }
}

function createSeats(now: () => number): Pick<Limits, 'seat' | 'over'> {
  const seats = new Map<Seat, { readonly who: string; readonly until: number }>()
  const byLogin = new Map<string, Seat>()
  return {
    seat(caller, until) {
      const who = nameOf(caller)
      for (const [seat, one] of seats) if (one.until <= now()) seat.free()
      const own = [...seats.values()].filter((one) => one.who === who)
      if (own.length >= PROGRAMS_AT_MOST) throw tooMany(own, now())
      let login: string | null = null
      const seat: Seat = {
        taken(id) {
          login = id
          byLogin.set(id, seat)
        },
        free() {
          seats.delete(seat)
          if (login !== null) byLogin.delete(login)
        },
      }
      seats.set(seat, { who, until })
      return seat
    },
    over: (id) => byLogin.get(id)?.free(),
  }
}

function nameOf({ organizationId, kind, id }: Caller): string {
  return `${organizationId} ${kind} ${id}`
}

function tooMany(own: readonly { readonly until: number }[], now: number): ClavigerError {
  const wait = Math.min(...own.map(({ until }) => until)) - now
  return new ClavigerError('rate_limited', `You have ${own.length} sign-ins of this kind under way.`, {
    hint: 'Complete or cancel one of them; each ends by itself after ten minutes.',
    retryAfter: Math.max(1, Math.ceil(wait / 1_000)),
  })
}
