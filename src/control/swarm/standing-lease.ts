// Leases of whoever asks again and again and gives nothing back. Whom one is for says what it is called, and with the master
// key what its handle is: so the same question finds the lease of the question before. There is one a day at most, as long
// as nobody ends it.

import { ClavigerError } from '../../domain/errors.ts'
import { formatHandle } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import type { LeaseRow, StoreGroups } from '../../store/store.ts'
import type { Workshop } from '../workshop.ts'

const DAY = 24 * 3_600_000

// So many of one day may be ended.
const MOST = 32

export interface Whose {
  readonly organizationId: string
  readonly tokenId: string
  /** What the worker calls itself that asks; empty: nothing. */
  readonly agentId: string
  readonly credentialId: string
}

export interface StandingLease {
  readonly id: string
  readonly handle: string
  readonly handleDigest: string
  /** Null: it is still to be made. */
  readonly there: LeaseRow | null
}

/** The one of today that runs, or the next to be made. Throws `rate_limited` when too many of today were ended. */
export async function standingLease(
  { vault, now }: Pick<Workshop, 'vault' | 'now'>,
  { leases }: Pick<StoreGroups, 'leases'>,
  { organizationId, ...whose }: Whose,
): Promise<StandingLease> {
  const at = now()
  const today = at - (at % DAY)
  for (let place = 0; place < MOST; place += 1) {
    const id = idOf(today + place, JSON.stringify([organizationId, whose]))
    const handle = handleOf(vault, id)
    const lease = { id, handle, handleDigest: sha256(handle) }
    const there = await leases.get(organizationId, id)
    if (there === undefined) return { ...lease, there: null }
    // Under another master key it had another handle, which is good for as long as it is used.
    const isSame = there.handleDigest === lease.handleDigest
    if (isSame && there.endedAt === null && there.expiresAt > at) return { ...lease, there }
  }
  throw new ClavigerError('rate_limited', 'Too many leases of this token were ended today.', {
    hint: 'Give each worker a token of its own.',
    retryAfter: Math.ceil((today + DAY - at) / 1_000),
  })
}

// Ids sort by time: it begins as one of that moment would.
function idOf(moment: number, whose: string): string {
  const digest = sha256(whose)
  const variant = '89ab'.charAt(Number.parseInt(digest.charAt(3), 16) % 4)
  const time = moment.toString(16).padStart(12, '0')
  return `lease_${time}7${digest.slice(0, 3)}${variant}${digest.slice(4, 19)}`
}

function handleOf(vault: Workshop['vault'], id: string): string {
  const halves = ['first', 'second'].map((half) => {
    const authenticator = vault.authenticate('standing lease')
    authenticator.update(`${half} half of the handle of ${id}`)
    return Buffer.from(authenticator.digest(), 'hex')
  })
  return formatHandle(id, Buffer.concat(halves))
}
