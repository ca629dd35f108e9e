// Whether a login still works is shown by renewing it: nothing else is asked of its provider, and nothing is taken away
// from those who use it.

import type { Caller } from '../../domain/caller.ts'
import { signInWords } from '../../domain/credential-types.ts'
import { explainState } from '../../domain/state.ts'
import type { CredentialRow } from '../../store/store.ts'
import { findCredential, manage } from '../find.ts'
import type { Outcome } from '../grants/grants.ts'
import { mustStay } from '../moving/leaving.ts'
import type { Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

type Tested = Result<'credentials.test'>

// One report does not end it for others, and neither do many of these.
/** Who asks for a renewal that is a test. */
export const TESTER = 'a test'

/** Renews it once, unless that was done lately, or its provider has refused that before. */
export async function testLogin(workshop: Workshop, caller: Caller, row: CredentialRow): Promise<Tested> {
  const { guard, grants, store } = workshop
  await guard.perform(caller, async (unit, authorize) => {
    await authorize(await manage(unit, caller, 'credential.test', row))
    await mustStay(unit, row)
  })
  const isOver = row.state === 'needs_login' || row.state === 'expiring'
  const outcome: Outcome = isOver
    ? { kind: 'sign-in' }
    : await grants.want(row.id, { kind: 'forced', seen: row.version, by: TESTER })
  const { state, stateReason } = await findCredential(store, caller, row.id)
  return { ...answerOf(outcome, row, stateReason || explainState('needs_login')), state }
}

function answerOf(outcome: Outcome, row: CredentialRow, reason: string): Pick<Tested, 'result' | 'message'> {
  switch (outcome.kind) {
    case 'good':
      return outcome.generation > row.version
        ? { result: 'works', message: 'Its provider has renewed it.' }
        : { result: 'unknown', message: 'It is being renewed.' }
    case 'later':
      return outcome.because === 'forced_lately'
        ? { result: 'works', message: 'It was renewed a moment ago, and is not renewed again so soon.' }
        : { result: 'unknown', message: 'Its provider does not renew it now; it is tried again by itself.' }
    default:
      return {
        result: 'refused',
        message: `Its provider does not renew it: ${reason}. Sign in again: ${signInWords(row)}`,
      }
  }
}
