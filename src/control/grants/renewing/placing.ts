// Giving an answer its place: the one transaction in which minted tokens become the current generation, or are kept as
// what they are. Idempotent by the id of the attempt, so that a journal can be drained as often as one likes.

import { after, belonging, type Issued, keptBeside } from '../../../domain/grants/grant.ts'
import type { TokenSet } from '../../../providers/provider.ts'
import type { AttemptEnd, AttemptRow, AttemptState } from '../../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../../store/store.ts'
import { pointer, sealVersion } from '../../credentials/sealing.ts'
import type { Authorize } from '../../guard.ts'
import { count, type GrantPorts, upkeep } from '../tools.ts'
import type { JournaledAnswer, Reached } from './journal.ts'
import { find, grantAct, type Kept, keep, overtaken, untilKept } from './keeping.ts'
import { erased, leftover } from './letting-go.ts'

// Older generations are of no use; a few are kept to look back at.
const GENERATIONS_KEPT = 3

// States of an attempt whose answer has no place yet.
const OPEN: readonly AttemptState[] = ['sent', 'given_up', 'unsent', 'failed', 'refused']

/** Where an answer is now. `gone`: its credential is, and nobody can use it. */
export type Placed = 'current' | 'orphan' | 'leftover' | 'other_account' | 'gone' | 'stored_before'

/** As `place`, for as long as it takes: without a database the journal keeps the answer. */
export async function settle(
  ports: GrantPorts,
  row: Pick<CredentialRow, 'type'>,
  answer: JournaledAnswer,
  tokens: TokenSet,
): Promise<Placed> {
  const placed = await ports.persistently(() => place(ports, answer, tokens))
  const { credentialId, login } = answer
  if (placed.generation !== undefined)
    await note(ports, { credentialId, login, generation: placed.generation })
  if (placed.as === 'gone') ports.journal.forget(credentialId)
  ports.journal.settled(answer.attempt)
  if (placed.as !== 'stored_before') count(ports, row, placed.as === 'other_account' ? 'refused' : 'renewed')
  return placed.as
}

// Without the note a database that goes back in time may not be noticed; what is stored is stored.
async function note({ journal, log }: GrantPorts, place: Reached): Promise<void> {
  try {
    await journal.reached(place)
  } catch (error) {
    log.error({ detail: String(error) }, 'the journal of renewals cannot be written')
  }
}

/** Stores what an attempt has brought. Throws when the database does: nothing was stored then, or nobody knows. */
async function place(ports: GrantPorts, answer: JournaledAnswer, tokens: TokenSet): Promise<Place> {
  return (await untilKept(() => placeOnce(ports, answer, tokens))) ?? { as: 'gone' }
}

interface Place {
  readonly as: Placed
  /** Which one it is, when it is the current one. */
  readonly generation?: number
}

function placeOnce(ports: GrantPorts, answer: JournaledAnswer, tokens: TokenSet): Promise<Place> {
  return ports.guard.perform(upkeep(ports, answer.organizationId), async (unit, authorize) => {
    const { row, grantRow } = await find(unit, answer)
    const attempt = await unit.attempts.get(answer.attempt)
    if (attempt !== undefined && !OPEN.includes(attempt.state)) {
      await authorize(grantAct('grant.answer', row, { attempt: answer.attempt, state: 'stored before' }))
      return { as: 'stored_before' }
    }
    // No number says so: a database that has gone back in time counts anew.
    const sentCurrent = attempt !== undefined && attempt.digest !== '' && attempt.digest === grantRow.digest
    const placing: Placing = { row, grantRow, answer, tokens, sentCurrent, wasThere: attempt !== undefined }
    const belongs = belonging(grantRow.grant, { ...answer, ...issuedOf(placing), sentCurrent })
    if (belongs !== 'current') return keepAside(ports, unit, authorize, placing, belongs)
    const { account } = grantRow
    if (account !== '' && tokens.account.id !== '' && tokens.account.id !== account)
      return refuseOther(ports, unit, authorize, placing)
    return makeCurrent(ports, unit, authorize, placing)
  })
}

interface Placing extends Kept {
  readonly answer: JournaledAnswer
  readonly tokens: TokenSet
  /** Whether what was sent is the current refresh token still. */
  readonly sentCurrent: boolean
  /** Whether the database knows of the attempt: it may have lost its last commits. */
  readonly wasThere: boolean
}

function issuedOf({ answer, tokens: { mintedAt } }: Pick<Placing, 'answer' | 'tokens'>): Issued {
  return { issuedAt: answer.at, ...(mintedAt !== undefined && { mintedAt }) }
}

async function makeCurrent(
  ports: GrantPorts,
  unit: StoreGroups,
  authorize: Authorize,
  placing: Placing,
): Promise<Place> {
  const { row, grantRow, answer, tokens, sentCurrent } = placing
  const { content, account, digest, ...issued } = tokens
  const grant = after(grantRow.grant, {
    kind: 'renewed',
    sentCurrent,
    attempt: answer.attempt,
    // An answer may say nothing of the end that it does not move.
    tokens: { ...issued, endsAt: issued.endsAt ?? grantRow.grant.endsAt, issuedAt: answer.at },
  })
  const version = row.version + 1
  const at = ports.now()
  const done = { attempt: answer.attempt, generation: version, ...erased(grantRow.grant, grant) }
  await authorize(grantAct('grant.renewed', row, done))
  const sealed = { ...content, suffix: content.suffix ?? row.suffix }
  const change = { ...pointer(ports.vault, row, sealed, version), expiresAt: tokens.expiresAt, updatedAt: at }
  if (!(await unit.credentials.update(row.organizationId, row.id, row.revision, change))) throw overtaken()
  const made = { version, note: 'renewed', createdAt: at, createdBy: 'claviger serve' }
  await unit.versions.insert(sealVersion(ports.vault, row, sealed, made))
  const kept = keptBeside(grant).flatMap((one) => ('generation' in one ? [one.generation] : []))
  await unit.versions.prune(row.id, Math.min(version - GENERATIONS_KEPT + 1, ...kept))
  await end(unit, placing, { state: 'committed', endedAt: at })
  const known = { account: account.id || grantRow.account, digest }
  const moved = { ...row, ...change, revision: row.revision + 1 }
  await keep(ports, unit, { row: moved, grantRow }, { ...grant, generation: version }, known)
  return { as: 'current', generation: version }
}

// It is kept, sealed as it came: until the current one has worked, or until it can be revoked.
async function keepAside(
  ports: GrantPorts,
  unit: StoreGroups,
  authorize: Authorize,
  placing: Placing,
  state: 'orphan' | 'leftover',
): Promise<Place> {
  const { row, grantRow, answer } = placing
  const { attempt, sealed } = answer
  const at = ports.now()
  await authorize(grantAct('grant.answer', row, { attempt, state }))
  if (state === 'leftover') {
    await end(unit, placing, leftover(sealed, at))
    return { as: state }
  }
  await end(unit, placing, { state, endedAt: at, answer: sealed })
  const event = { kind: 'set-aside', attempt, issued: issuedOf(placing) } as const
  await keep(ports, unit, { row, grantRow }, after(grantRow.grant, event))
  return { as: state }
}

async function refuseOther(
  ports: GrantPorts,
  unit: StoreGroups,
  authorize: Authorize,
  placing: Placing,
): Promise<Place> {
  const { row, grantRow, answer } = placing
  const event = {
    kind: 'refused',
    attempt: answer.attempt,
    reason: 'other_account',
    at: ports.now(),
  } as const
  await authorize(grantAct('grant.refused', row, { attempt: answer.attempt, reason: 'another account' }))
  await end(unit, placing, { state: 'refused', endedAt: ports.now(), answer: answer.sealed })
  await keep(ports, unit, { row, grantRow }, after(grantRow.grant, event))
  return { as: 'other_account' }
}

async function end(unit: StoreGroups, { answer, wasThere }: Placing, end: AttemptEnd): Promise<void> {
  const nothing = { answer: null, revokeAt: null, revokeTries: 0 }
  if (!wasThere) return unit.attempts.insert({ ...forgotten(answer), ...nothing, ...end })
  if (!(await unit.attempts.end(answer.attempt, OPEN, end))) throw overtaken()
}

// The database has lost it with its last commits. It is put back, so that its answer is placed once and not anew each time.
function forgotten({ attempt, at, ...place }: JournaledAnswer): Omit<AttemptRow, keyof AttemptEnd> {
  const { credentialId, organizationId, login, generation } = place
  return {
    ...{ id: attempt, credentialId, organizationId, login, generation, purpose: 'renew' },
    ...{ replica: '', startedAt: at, digest: '', beat: 0, asked: '' },
  }
}
