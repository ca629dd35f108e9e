// Renewals in which an earlier process of this server was killed, and which go on without it: a provider's own program
// writes its answer whether anybody waits or not. Whoever starts waits for it, so that the same token is not sent twice,
// and gives it its place like any other answer.

import { CREDENTIAL_TYPES, type CredentialType } from '../../../domain/credential-types.ts'
import type { Secret } from '../../../domain/secret.ts'
import { repeat } from '../../../lib/time/repeat.ts'
import type { AttemptState } from '../../../store/grant-groups.ts'
import type { GrantPorts } from '../tools.ts'
import { escrow } from './attempting.ts'
import { recover } from './draining.ts'
import { type AnswerPlace, type LeftAttempt, placeInNote } from './journal.ts'

/** All of them. What is left of anything else is removed. */
export async function leftAttempts({
  renewerOf,
  log,
}: Pick<GrantPorts, 'renewerOf' | 'log'>): Promise<LeftAttempt[]> {
  const renewers = new Set(Object.keys(CREDENTIAL_TYPES).map((type) => renewerOf(type as CredentialType)))
  const found: LeftAttempt[] = []
  for (const renewer of renewers) {
    for (const left of (await renewer?.leftBehind?.()) ?? []) {
      const place = placeInNote(left.note)
      if (place !== null) found.push({ ...left, place })
      else {
        log.warn({}, 'what was left of a renewal that nobody knows was removed')
        await left.remove()
      }
    }
  }
  return found
}

/** Waits for its answer and stores it. Throws when that cannot be done: then it is found again by the next start. */
export async function takeOver(ports: GrantPorts, left: LeftAttempt): Promise<void> {
  const beating = repeat(
    ports.timings.heartbeat,
    () => ports.store.attempts.beat(left.place.attempt),
    () => undefined, // the database is away; others count that as nothing heard
  )
  try {
    const raw = await left.answer()
    if (raw !== null) await ports.persistently(() => store(ports, left.place, raw))
    await left.remove()
  } finally {
    await beating.stop()
  }
}

const OVER: readonly AttemptState[] = ['committed', 'refused', 'orphan', 'leftover']

async function store(ports: GrantPorts, place: AnswerPlace, raw: Secret): Promise<void> {
  const attempt = await ports.store.attempts.get(place.attempt)
  // Only removing it was left to do.
  if (attempt && OVER.includes(attempt.state)) return
  const row = await ports.store.credentials.get(place.organizationId, place.credentialId)
  // Nobody can use the login of a credential that is gone.
  if (row === undefined) return
  await recover(ports, row, await escrow(ports, row, place, raw))
}
