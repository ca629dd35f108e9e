// How often somebody who has not said who they are may try: by where they are, by whom they say they are, by the code
// they type. In the memory of this process: each server of an installation counts for itself.

import { ClavigerError, rateLimited } from '../../domain/errors.ts'
import { addressKey, createRateLimit } from '../../lib/time/rate-limit.ts'
import type { Visitor } from '../use-case.ts'

const MINUTE = 60_000
// As long as an invitation is good at most.
const MONTH = 30 * 24 * 60 * MINUTE

/** Each throws `rate_limited` when there were too many. */
export interface Limits {
  /** A terminal that begins to wait. */
  starts(visitor: Visitor): void
  /** A code that was typed, right or wrong, by whoever this is. */
  codes(who: string): void
  /** The current password, by somebody who is signed in. */
  ownPassword(personId: string): void
  /** A code beside the password: of an app it has six digits. */
  secondFactor(personId: string): void
  /** A password, for this person, by way of this terminal or invitation if it is one. */
  passwords(visitor: Visitor, email: string, code?: string): void
  /** Another wrong password by way of this invitation: true when it should be good for nothing from now on. */
  guesses(invitationId: string): boolean
  /** True when the terminal of this device code asks more often than it was told. */
  pollsTooFast(digest: string): boolean
}

/** The milliseconds a terminal has to wait between two polls. */
export const POLL_MS = 3000

export function createLimits(now: () => number): Limits {
  const limit = (burst: number, everyMs: number) => createRateLimit({ burst, everyMs, now })
  const starts = limit(10, MINUTE / 10)
  const codes = limit(20, MINUTE / 10)
  const addresses = limit(20, MINUTE / 6)
  // Somebody's e-mail is no secret: from one address nobody is kept out who is at another one, and from many addresses it
  // takes more tries a minute than a guess is worth against a password of twelve characters.
  const peopleThere = limit(10, MINUTE)
  const people = limit(100, MINUTE / 10)
  const userCodes = limit(10, MINUTE)
  const wrong = limit(4, MONTH)
  const own = limit(10, MINUTE / 2)
  const second = limit(5, 2 * MINUTE)
  // A little faster than it is told: clocks and lines are not even.
  const polls = limit(2, POLL_MS - 1000)
  const must = (wait: number) => {
    if (wait > 0) throw rateLimited(wait)
  }
  return {
    starts: ({ address }) => must(starts.take(addressKey(address))),
    codes: (who) => must(codes.take(who)),
    secondFactor: (personId) => must(second.take(personId)),
    ownPassword: (personId) => must(own.take(personId)),
    passwords({ address }, email, code) {
      const [from, who] = [addressKey(address), email.toLowerCase()]
      must(addresses.take(from))
      if (code !== undefined) must(userCodes.take(code))
      must(peopleThere.take(`${from} ${who}`))
      must(people.take(who))
    },
    guesses: (invitationId) => wrong.take(invitationId) > 0,
    pollsTooFast: (digest) => polls.take(digest) > 0,
  }
}

/** Refuses a password that is too easily guessed, or so long that it is a mistake (`invalid`). */
export function checkNewPassword(password: string): void {
  if (password.length >= 12 && password.length <= 128) return
  throw new ClavigerError('invalid', 'A password has 12 to 128 characters.', {
    hint: 'Several words that you can remember are good.',
  })
}
