// Revoking what is left of a login that was replaced or deleted: tokens that a provider issued and nobody will use. The
// queue is the attempts that hold them; what was revoked, or cannot be, is erased.

import type { FieldValues } from '../../../domain/values.ts'
import type { TokenSet } from '../../../providers/provider.ts'
import type { AttemptRow } from '../../../store/grant-groups.ts'
import type { CredentialRow } from '../../../store/store.ts'
import { sealedVersion } from '../../credentials/sealing.ts'
import { type GrantPorts, upkeep } from '../tools.ts'
import { answerField } from './journal.ts'
import { find, type GrantPlace, grantAct, nothingToDo, untilKept } from './keeping.ts'
import { sealedAnswer } from './orphans.ts'
import { tokensIn } from './reading.ts'

const AT_ONCE = 16

// After a minute, then four times as long each time: six tries take most of a day.
const TRIES = 6
const FIRST_WAIT = 60_000

/** Revokes what is due; one that fails keeps no other from it. Throws when the database does. */
export async function revokeLeftovers(ports: GrantPorts): Promise<void> {
  const { store, now, log } = ports
  for (const { id, organizationId, credentialId } of await store.attempts.leftovers(now(), AT_ONCE)) {
    try {
      await revokeOne(ports, { id, organizationId, credentialId })
    } catch (error) {
      await store.now()
      log.error({ attempt: id, detail: String(error) }, 'what is left of a login could not be revoked')
    }
  }
}

interface Place extends GrantPlace {
  readonly id: string
}

async function revokeOne(ports: GrantPorts, place: Place): Promise<void> {
  const claimed = await untilKept(() => claim(ports, place))
  if (claimed === null || claimed.result === null) return
  const { row, attempt, current } = claimed.result
  const tokens = read(ports, row, attempt, claimed.opened)
  // What brought no refresh token of its own has left nothing over.
  const isNothing = tokens === null || tokens.digest === '' || tokens.digest === current
  const isRevoked = !isNothing && (await told(ports, row, tokens))
  if (isRevoked || isNothing || attempt.revokeTries + 1 >= TRIES)
    await over(ports, place, isRevoked ? 'revoked' : 'dropped')
}

// The next try is set before this one is made: whoever dies over it does not try without end.
function claim(ports: GrantPorts, place: Place) {
  return ports.guard.release(upkeep(ports, place.organizationId), async (unit, authorize) => {
    const { row, grantRow } = await find(unit, place)
    const attempt = await unit.attempts.get(place.id)
    const { revokeAt = null, answer = null } = attempt ?? {}
    if (attempt === undefined || answer === null || revokeAt === null) throw nothingToDo()
    if (revokeAt > ports.now() || attempt.login === grantRow.grant.login) throw nothingToDo()
    const mayBe = ports.renewerOf(row.type)?.revoke !== undefined
    const state = mayBe && !(await isHeldElsewhere(unit, attempt)) ? 'leftover' : 'dropped'
    await authorize(grantAct('grant.revoke', row, { attempt: place.id, state }))
    const endedAt = ports.now()
    if (state === 'dropped') {
      await unit.attempts.end(place.id, ['leftover'], { state, endedAt })
      return { result: null, open: [] }
    }
    const next = {
      revokeAt: endedAt + FIRST_WAIT * 4 ** attempt.revokeTries,
      revokeTries: attempt.revokeTries + 1,
    }
    await unit.attempts.end(place.id, ['leftover'], {
      state,
      endedAt: attempt.endedAt ?? endedAt,
      answer,
      ...next,
    })
    const sealed = sealedAnswer(row, attempt)
    const open = [...(sealed === undefined ? [] : [sealed]), await sealedVersion(unit, row)]
    return { result: { row, attempt, current: grantRow.digest }, open }
  })
}

type Sent = Pick<AttemptRow, 'credentialId' | 'organizationId' | 'digest'>

// Another credential with the same login would end with it.
async function isHeldElsewhere(
  { grants }: Pick<GrantPorts['store'], 'grants'>,
  sent: Sent,
): Promise<boolean> {
  const { credentialId, organizationId, digest } = sent
  const twins = await grants.twins({ credentialId, organizationId, digest, account: '' })
  return twins.length > 0
}

function read(
  ports: GrantPorts,
  row: CredentialRow,
  { id, startedAt }: AttemptRow,
  [kept = {}, current = {}]: readonly FieldValues[],
): TokenSet | null {
  const raw = kept[answerField(id)]
  // What the answer does not bring may be that of the login that is current, but for what would be revoked.
  const { refresh: _, access: __, ...before } = current
  return raw === undefined ? null : tokensIn(ports, row, raw, before, startedAt)
}

async function told(
  { renewerOf, log }: GrantPorts,
  { type }: CredentialRow,
  tokens: TokenSet,
): Promise<boolean> {
  try {
    return (await renewerOf(type)?.revoke?.(type, tokens.content.values)) ?? false
  } catch (error) {
    log.error({ detail: String(error) }, 'a login could not be revoked')
    return false
  }
}

async function over(ports: GrantPorts, place: Place, state: 'revoked' | 'dropped'): Promise<void> {
  await untilKept(() =>
    ports.guard.perform(upkeep(ports, place.organizationId), async (unit, authorize) => {
      const { row } = await find(unit, place)
      await authorize(grantAct('grant.revoke', row, { attempt: place.id, state }))
      await unit.attempts.end(place.id, ['leftover'], { state, endedAt: ports.now() })
    }),
  )
}

/** What came for a credential that was deleted meanwhile: its key is gone with it, so nobody can keep it for later. */
export async function revokeAtOnce(
  ports: GrantPorts,
  row: CredentialRow,
  sent: Sent & { readonly id: string },
  tokens: TokenSet,
): Promise<void> {
  const isRevoked = !(await isHeldElsewhere(ports.store, sent)) && (await told(ports, row, tokens))
  const state = isRevoked ? 'revoked' : 'dropped'
  ports.log.warn({ attempt: sent.id, state }, 'an answer came for a credential that was deleted')
  await ports.guard.perform(upkeep(ports, row.organizationId), (_, authorize) =>
    authorize(grantAct('grant.revoke', row, { attempt: sent.id, state })),
  )
}
