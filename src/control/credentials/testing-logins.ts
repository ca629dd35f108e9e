// Whether a login still works is shown by renewing it, which takes nothing away from those who use it. That is done once in a
// while only; in between nobody knows, unless what it has now can be asked about as a key can.

import type { Caller } from '../../domain/caller.ts'
import { signInWords } from '../../domain/credential-types.ts'
import { explainState } from '../../domain/state.ts'
import type { CredentialRow } from '../../store/store.ts'
import { findCredential, manage } from '../find.ts'
import type { Outcome } from '../grants/grants.ts'
import { mustStay } from '../moving/leaving.ts'
import type { Result } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

type Tested = Result<'credentials.test'>

// One report does not end it for others, and neither do many of these.
/** Who asks for a renewal that is a test. */
export const TESTER = 'a test'

/**
 * Renews it once, unless that was done lately, or its provider has refused that before. Null: it was done lately, and its
 * provider can be asked about its value.
 */
export async function testLogin(
  workshop: Workshop,
  caller: Caller,
  row: CredentialRow,
): Promise<Tested | null> {
  const { guard, grants, probing, store } = workshop
  await guard.perform(caller, async (unit, authorize) => {
    await authorize(await manage(unit, caller, 'credential.test', row))
    await mustStay(unit, row)
  })
  const isOver = row.state === 'needs_login' || row.state === 'expiring'
  const outcome: Outcome = isOver
    ? { kind: 'sign-in' }
    : await grants.want(row.id, { kind: 'forced', seen: row.version, by: TESTER })
  const { state, stateReason } = await findCredential(store, caller, row.id)
  // What has failed then is worth more than when.
  if (outcome.kind === 'later' && outcome.because === 'forced_lately' && outcome.why === undefined)
    return probing.isAble(row.type) ? null : { ...(await notAsked(workshop, row, outcome.until)), state }
  return { ...answerOf(outcome, row, stateReason || explainState('needs_login')), state }
}

// Meanwhile somebody may have ended it, who had a copy.
async function notAsked(
  { store }: Workshop,
  { id }: CredentialRow,
  until: number,
): Promise<Omit<Tested, 'state'>> {
  const found = await store.grants.get(id)
  const when = found === undefined ? 'lately' : `at ${rfc3339(found.grant.issuedAt)}`
  const askAgainAt = rfc3339(until)
  return {
    ...{ result: 'unknown', askAgainAt },
    message: `Its provider was not asked: it renewed it ${when}, and is asked again at ${askAgainAt} at the earliest.`,
  }
}

function answerOf(outcome: Outcome, row: CredentialRow, reason: string): Pick<Tested, 'result' | 'message'> {
  switch (outcome.kind) {
    case 'good':
      return outcome.generation > row.version
        ? { result: 'works', message: 'Its provider has renewed it.' }
        : { result: 'unknown', message: 'It is being renewed.' }
    case 'later':
      return {
        result: 'unknown',
        message: `Its provider does not renew it now; it is tried again by itself.${outcome.why === undefined ? '' : ` ${outcome.why}`}`,
      }
    default:
      return {
        result: 'refused',
        message: `Its provider does not renew it: ${reason}. Sign in again: ${signInWords(row)}`,
      }
  }
}
