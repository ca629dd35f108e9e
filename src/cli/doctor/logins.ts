// Logins that are over or end soon, for those who can sign in again.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { mayCredential } from '../../domain/caller.ts'
import { parseOwner } from '../../domain/owner.ts'
import { shortly, signInCommand } from '../credential/describe.ts'
import { callerOf, type WhoAmI } from '../owner-flags.ts'
import type { Finding } from './finding.ts'

const STATES = ['needs_login', 'expiring'] as const

/** None when the server cannot say. */
export async function checkLogins(client: Client, who: WhoAmI): Promise<Finding[]> {
  const found = STATES.map((state) =>
    client.call('credentials.list', { state, limit: 100 }).catch(() => null),
  )
  const credentials = (await Promise.all(found)).flatMap((answer) => answer?.credentials ?? [])
  return credentials.flatMap((one) => inFinding(one, who))
}

function inFinding(credential: CredentialView, who: WhoAmI): Finding[] {
  const { owner, state, stateReason } = credential
  const command = signInCommand(credential, who)
  if (command === null || !mayCredential(callerOf(who), 'manage', parseOwner(owner))) return []
  const why = stateReason === '' ? state : `${state}: ${stateReason}`
  const said = `${shortly(credential, who)} is ${why}`
  return [{ level: 'warn', what: 'login', said, hint: `Sign in again: ${command}` }]
}
