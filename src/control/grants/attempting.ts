// One try to renew a grant, in the order of design §7: claim and intent in one transaction, a last look at the time, the
// call with no transaction open, the answer into the journal before anybody looks into it, and only then its place.

import { backOff } from '../../domain/grants/back-off.ts'
import { decide, type Watched, type Wish } from '../../domain/grants/decide.ts'
import { type Attempt, after, type Grant, type GrantEvent } from '../../domain/grants/grant.ts'
import type { Secret } from '../../domain/secret.ts'
import type { FieldValues } from '../../domain/values.ts'
import { repeat } from '../../lib/time/repeat.ts'
import type { Renewal, RenewalFailure, Renewer } from '../../providers/provider.ts'
import type { AttemptRow } from '../../store/grant-groups.ts'
import type { CredentialRow } from '../../store/store.ts'
import { sealedVersion } from '../credentials/sealing.ts'
import { keyContext } from '../guard.ts'
import { answerField, type JournaledAnswer } from './journal.ts'
import { grantAct, keep, untilKept } from './keeping.ts'
import { settle } from './placing.ts'
import { type GrantPorts, situationOf, upkeep } from './tools.ts'

/** What somebody wants of which grant, and what is known here of its attempt. */
export interface Wanted {
  readonly organizationId: string
  readonly credentialId: string
  readonly wish: Wish
  readonly watched: Watched | null
}

/** A claim that was won. */
interface Claim {
  readonly attempt: AttemptRow
  readonly row: CredentialRow
  readonly fields: FieldValues
  readonly renewer: Renewer
  /** Before it was asked for, by `elapsed`: the lease cannot have begun earlier. */
  readonly since: number
}

/** Makes the try that the rules ask for; nothing when they ask for none any more, because somebody was faster. */
export async function attempt(ports: GrantPorts, wanted: Wanted, id: string): Promise<void> {
  const claim = await claimed(ports, wanted, id)
  if (claim === null) return
  const beating = repeat(
    ports.timings.heartbeat,
    () => ports.store.attempts.beat(id),
    () => undefined, // the database is away; others count that as nothing heard
  )
  try {
    await carryOut(ports, claim)
  } finally {
    await beating.stop()
  }
}

async function carryOut(ports: GrantPorts, claim: Claim): Promise<void> {
  const { timings, elapsed } = ports
  const left = timings.lease - (elapsed() - claim.since)
  // Too late to send anything: others may take it for dead before an answer can come.
  if (left < timings.callTimeout) return ended(ports, claim, { kind: 'unsent' })
  const { row, fields, renewer } = claim
  const said = await renewer.renew(row.type, fields, { timeoutMs: left })
  if (said.kind !== 'answered') return ended(ports, claim, said)
  const answer = await escrow(ports, claim, said.raw)
  const tokens = renewer.tokensIn(row.type, said.raw, fields, answer.at)
  if (tokens === null) {
    ports.journal.settled(answer.attempt)
    return ended(ports, claim, UNREADABLE)
  }
  await settle(ports, answer, tokens)
}

const UNREADABLE: RenewalFailure = {
  kind: 'failed',
  doubtful: true,
  retryAfterMs: null,
  message: 'The answer held no tokens.',
}

// Nothing to do: the grant is gone, or somebody was faster.
class NotNow extends Error {}

async function claimed(ports: GrantPorts, wanted: Wanted, id: string): Promise<Claim | null> {
  const since = ports.elapsed()
  try {
    const { result, opened } = await untilKept(() => claimOnce(ports, wanted, id))
    return { ...result, since, fields: opened[0] ?? {} }
  } catch (error) {
    if (error instanceof NotNow) return null
    throw error
  }
}

function claimOnce(ports: GrantPorts, { organizationId, credentialId, wish, watched }: Wanted, id: string) {
  return ports.guard.release(upkeep(ports, organizationId), async (unit, authorize) => {
    const row = await unit.credentials.get(organizationId, credentialId)
    const grantRow = await unit.grants.get(credentialId)
    const renewer = row && ports.renewerOf(row.type)
    if (!row || !grantRow || !renewer) throw new NotNow()
    const { grant } = grantRow
    const action = decide(grant, wish, situationOf(ports, grantRow, watched))
    if (action.kind !== 'attempt') throw new NotNow()
    const { generation, login } = grant
    const begun: Attempt = {
      ...{ id, generation, purpose: action.purpose },
      ...{ replica: ports.replica, startedAt: ports.now() },
    }
    const { purpose } = action
    await authorize(grantAct('grant.renew', row, { attempt: id, generation, purpose }))
    if (grant.attempt !== null)
      await unit.attempts.end(grant.attempt.id, ['sent'], { state: 'given_up', endedAt: ports.now() })
    const attempt: AttemptRow = {
      ...{ ...begun, credentialId, organizationId, login, digest: grantRow.digest },
      ...{ state: 'sent', beat: 0, endedAt: null, answer: null },
    }
    await unit.attempts.insert(attempt)
    await keep(ports, unit, { row, grantRow }, after(grant, { kind: 'claimed', attempt: begun }))
    return { result: { attempt, row, renewer }, open: [await sealedVersion(unit, row)] }
  })
}

// Sealed with the data key of the credential, which stays the same when the master key does not.
async function escrow(ports: GrantPorts, { attempt, row }: Claim, raw: Secret): Promise<JournaledAnswer> {
  const { id, credentialId, organizationId, login, generation } = attempt
  const field = answerField(id)
  const context = { organizationId, credentialId, field, version: generation, fields: [field] }
  const sealed = ports.vault.seal(row.wrappedKey, keyContext(row), context, raw)
  const answer = { attempt: id, credentialId, organizationId, login, generation, at: ports.now(), sealed }
  await ports.journal.append(answer)
  return answer
}

type Unanswered = Exclude<Renewal, { kind: 'answered' }> | { readonly kind: 'unsent' }

// What came of it, and what that means for the grant.
function ended(ports: GrantPorts, { attempt, row }: Claim, said: Unanswered): Promise<void> {
  const { organizationId, credentialId, id } = attempt
  const unit = () =>
    ports.guard.perform(upkeep(ports, organizationId), async (unit, authorize) => {
      const found = await unit.credentials.get(organizationId, credentialId)
      const grantRow = await unit.grants.get(credentialId)
      await authorize(grantAct(`grant.${said.kind}`, found ?? row, { attempt: id, ...detailsOf(said) }))
      await unit.attempts.end(id, ['sent', 'given_up'], { state: said.kind, endedAt: ports.now() })
      if (!found || !grantRow) return
      const event = eventOf(ports, id, grantRow.grant, said)
      await keep(ports, unit, { row: found, grantRow }, after(grantRow.grant, event))
    })
  return ports.persistently(() => untilKept(unit))
}

function eventOf(ports: GrantPorts, attempt: string, grant: Grant, said: Unanswered): GrantEvent {
  const at = ports.now()
  switch (said.kind) {
    case 'unsent':
      return { kind: 'unsent', attempt }
    case 'refused':
      return { kind: 'refused', attempt, reason: said.reason, at }
    case 'failed': {
      const wait = backOff(grant.failures, ports.chance(), said.retryAfterMs)
      return { kind: 'failed', attempt, doubtful: said.doubtful, notBefore: at + wait }
    }
  }
}

function detailsOf(said: Unanswered): Record<string, string> {
  if (said.kind === 'refused') return { reason: said.reason }
  return said.kind === 'failed' ? { reason: said.message } : {}
}
