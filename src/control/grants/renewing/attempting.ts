// One try to renew a grant, in the order of design §7: claim and intent in one transaction, a last look at the time, the
// call with no transaction open, the answer into the journal before anybody looks into it, and only then its place.

import { setTimeout as sleep } from 'node:timers/promises'
import { backOff } from '../../../domain/grants/back-off.ts'
import { decide, type Watched, type Wish } from '../../../domain/grants/decide.ts'
import { type Attempt, after, type Grant, type GrantEvent, nextOrphan } from '../../../domain/grants/grant.ts'
import type { Secret } from '../../../domain/secret.ts'
import type { FieldValues } from '../../../domain/values.ts'
import { repeat } from '../../../lib/time/repeat.ts'
import type { Renewal, RenewalFailure, Renewer } from '../../../providers/provider.ts'
import type { AttemptRow } from '../../../store/grant-groups.ts'
import type { CredentialRow } from '../../../store/store.ts'
import { sealedVersion } from '../../credentials/sealing.ts'
import { keyContext } from '../../guard.ts'
import { count, type GrantPorts, situationOf, upkeep } from '../tools.ts'
import { type AnswerPlace, answerField, type JournaledAnswer, noteOf } from './journal.ts'
import { find, grantAct, keep, nothingToDo, untilKept } from './keeping.ts'
import { erased } from './letting-go.ts'
import { fieldsOfOrphan, nameOf, sealedOrphan } from './orphans.ts'
import { settle } from './placing.ts'
import { tokensIn } from './reading.ts'
import { revokeAtOnce } from './revoking.ts'

const PAUSE = 500 // milliseconds

/** What somebody wants of which grant, and what is known here of its attempt. */
export interface Wanted {
  readonly organizationId: string
  readonly credentialId: string
  readonly wish: Wish
  /** The attempt that was found under way, and what is known of it; null: none was. */
  readonly found: { readonly attempt: string; readonly watched: Watched } | null
}

/** A claim that was won. */
interface Claim {
  readonly attempt: AttemptRow
  readonly row: CredentialRow
  /** What is sent; null: the orphan that was to be tried is not there any more, or cannot be read. */
  readonly fields: FieldValues | null
  readonly renewer: Renewer
  /** Before it was asked for, by `elapsed`: the lease cannot have begun earlier. */
  readonly since: number
}

/**
 * Makes the try that the rules ask for; nothing when they ask for none any more, because somebody was faster. Resolves to what
 * it failed by, in a sentence for people; null: it did not fail.
 */
export async function attempt(ports: GrantPorts, wanted: Wanted, id: string): Promise<string | null> {
  const claim = await claimed(ports, wanted, id)
  if (claim === null) return null
  const beating = repeat(
    ports.timings.heartbeat,
    () => ports.store.attempts.beat(id),
    () => undefined, // the database is away; others count that as nothing heard
  )
  try {
    return await carryOut(ports, claim)
  } finally {
    await beating.stop()
  }
}

async function carryOut(ports: GrantPorts, claim: Claim): Promise<string | null> {
  const { timings, elapsed } = ports
  const left = Math.max(timings.lease, claim.renewer.limitMs ?? 0) - (elapsed() - claim.since)
  // Too late to send anything: others may take it for dead before an answer can come.
  if (left < timings.callTimeout) {
    await ended(ports, claim.attempt, { kind: 'unsent' })
    // What made it late will do so again, if it is tried at once.
    return sleep(PAUSE, null)
  }
  const { row, fields } = claim
  if (fields === null) return ended(ports, claim.attempt, { kind: 'refused', reason: 'refused' })
  const { id, credentialId, organizationId, login, generation } = claim.attempt
  // What is issued for it is issued no earlier. When the answer is read says less: this process may have slept meanwhile.
  const place: AnswerPlace = { attempt: id, credentialId, organizationId, login, generation, at: ports.now() }
  const said = await ask(ports, { ...claim, fields }, place, left)
  if (said.kind !== 'answered') return ended(ports, claim.attempt, said)
  const answer = await escrow(ports, row, place, said.raw)
  const tokens = tokensIn(ports, row, said.raw, fields, place.at)
  let failure: string | null = null
  if (tokens === null) {
    failure = await ended(ports, claim.attempt, UNREADABLE)
    ports.journal.settled(answer.attempt)
  } else {
    const placed = await settle(ports, row, answer, tokens)
    if (placed === 'gone') await revokeAtOnce(ports, row, claim.attempt, tokens)
  }
  // It stays where the provider has put it until the database has it, too.
  await said.stored?.()
  return failure
}

// A provider that answers nobody is left in peace by most.
async function ask(
  ports: GrantPorts,
  { row, fields, renewer }: Claim & { readonly fields: FieldValues },
  place: AnswerPlace,
  timeoutMs: number,
): Promise<Renewal> {
  const { breakers } = ports
  const retryAfterMs = breakers.wait(renewer, row.organizationId)
  if (retryAfterMs > 0)
    return { kind: 'failed', doubtful: false, retryAfterMs, message: 'The provider answers nobody.' }
  const said = await renewer.renew(row.type, fields, { timeoutMs, note: noteOf(place) }).catch(thrown(ports))
  breakers.report(renewer, row, said)
  return said
}

// No answer of a provider makes it throw; whatever does may have come after the provider was asked.
function thrown({ log }: GrantPorts): (error: unknown) => RenewalFailure {
  return (error) => {
    log.error({ detail: String(error) }, 'a login could not be renewed')
    return { kind: 'failed', doubtful: true, retryAfterMs: null, message: 'It could not be asked.' }
  }
}

export const UNREADABLE: RenewalFailure = {
  kind: 'failed',
  doubtful: true,
  retryAfterMs: null,
  message: 'The answer held no tokens.',
}

// Null: the grant is gone, or somebody was faster.
async function claimed(ports: GrantPorts, wanted: Wanted, id: string): Promise<Claim | null> {
  const since = ports.elapsed()
  const won = await untilKept(() => claimOnce(ports, wanted, id))
  if (won === null) return null
  const { orphan, ...claim } = won.result
  const [current = {}, kept] = won.opened
  const fields = orphan === undefined ? current : fieldsOfOrphan(ports, claim.row, orphan, kept, current)
  return { ...claim, since, fields }
}

function claimOnce(ports: GrantPorts, wanted: Wanted, id: string) {
  return ports.guard.release(upkeep(ports, wanted.organizationId), async (unit, authorize) => {
    const { row, grantRow } = await find(unit, wanted)
    const renewer = ports.renewerOf(row.type)
    const { grant } = grantRow
    // Of an attempt that was made meanwhile nothing is known: its owner has only begun.
    const watched = grant.attempt?.id === wanted.found?.attempt ? (wanted.found?.watched ?? null) : null
    const action = decide(grant, wanted.wish, situationOf(ports, grantRow, watched))
    if (action.kind !== 'attempt' || renewer === undefined) throw nothingToDo()
    const { generation, login } = grant
    const { purpose } = action
    const orphan = nextOrphan(grant)
    const begun = { id, generation, purpose, replica: ports.replica, startedAt: ports.now() }
    const claiming: Attempt = { ...begun, ...(orphan !== undefined && { orphan }) }
    const sent = orphan === undefined ? {} : { orphan: nameOf(orphan) }
    await authorize(grantAct('grant.renew', row, { attempt: id, generation, purpose, ...sent }))
    const attempt: AttemptRow = {
      ...begun,
      ...{ credentialId: row.id, organizationId: row.organizationId, login },
      ...{ digest: orphan === undefined ? grantRow.digest : '', state: 'sent', beat: 0 },
      ...{ endedAt: null, answer: null, revokeAt: null, revokeTries: 0, asked: askedBy(wanted.wish) },
    }
    await unit.attempts.insert(attempt)
    await keep(ports, unit, { row, grantRow }, after(grant, { kind: 'claimed', attempt: claiming }))
    const kept = orphan && (await sealedOrphan(unit, row, orphan))
    const open = [await sealedVersion(unit, row), ...(kept === undefined ? [] : [kept])]
    return { result: { attempt, row, renewer, orphan }, open }
  })
}

function askedBy(wish: Wish): string {
  return wish.kind === 'forced' && wish.by !== undefined ? `${wish.kind} ${wish.by}` : wish.kind
}

/** Puts an answer into the journal, sealed with the data key of the credential, which stays when the master key does not. */
export async function escrow(
  ports: GrantPorts,
  row: CredentialRow,
  place: AnswerPlace,
  raw: Secret,
): Promise<JournaledAnswer> {
  const { attempt, credentialId, organizationId, generation } = place
  const field = answerField(attempt)
  const context = { organizationId, credentialId, field, version: generation, fields: [field] }
  const answer = { ...place, sealed: ports.vault.seal(row.wrappedKey, keyContext(row), context, raw) }
  try {
    await ports.journal.append(answer)
  } catch (error) {
    // The database may still take it; dropping it here would lose it for certain.
    const detail = error instanceof Error ? error.message : String(error)
    ports.log.error({ attempt, detail }, 'the journal of renewals cannot be written')
  }
  return answer
}

type Unanswered = Exclude<Renewal, { kind: 'answered' }> | { readonly kind: 'unsent' }

type Ended = Pick<AttemptRow, 'id' | 'organizationId' | 'credentialId'>

/**
 * Writes down what came of an attempt that brought no tokens, and what that means for the grant. Resolves to what it failed
 * by, if it did.
 */
export async function ended(ports: GrantPorts, attempt: Ended, said: Unanswered): Promise<string | null> {
  const unit = () =>
    ports.guard.perform(upkeep(ports, attempt.organizationId), async (unit, authorize) => {
      const { row, grantRow } = await find(unit, attempt)
      const now = after(grantRow.grant, eventOf(ports, attempt.id, grantRow.grant, said))
      const details = { attempt: attempt.id, ...detailsOf(said), ...erased(grantRow.grant, now) }
      await authorize(grantAct(`grant.${said.kind}`, row, details))
      await unit.attempts.end(attempt.id, ['sent', 'given_up'], { state: said.kind, endedAt: ports.now() })
      await keep(ports, unit, { row, grantRow }, now)
      return row
    })
  const row = await ports.persistently(() => untilKept(unit))
  if (row !== null) count(ports, row, said.kind)
  return said.kind === 'failed' ? said.message : null
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
