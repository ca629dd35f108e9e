// What a server that starts, or finds its database again, does first: the answers in its journal get their place, and a
// grant that has gone back in time is not trusted before its provider has answered for it.

import { after } from '../../../domain/grants/grant.ts'
import type { TokenSet } from '../../../providers/provider.ts'
import type { AttemptState } from '../../../store/grant-groups.ts'
import type { CredentialRow } from '../../../store/store.ts'
import { sealedVersion } from '../../credentials/sealing.ts'
import { type GrantPorts, upkeep } from '../tools.ts'
import { ended, UNREADABLE } from './attempting.ts'
import { answerField, type JournaledAnswer } from './journal.ts'
import { find, type GrantPlace, grantAct, keep, untilKept } from './keeping.ts'
import { settle } from './placing.ts'
import { tokensIn } from './reading.ts'

/** Gives every answer its place. Throws when the database does; it can be called as often as one likes. */
export async function drain(ports: GrantPorts): Promise<void> {
  for (const answer of ports.journal.answers()) await drainOne(ports, answer).catch(unlessAway(ports, answer))
  for (const { credentialId, login, generation } of ports.journal.furthest()) {
    const found = await ports.store.grants.get(credentialId)
    const isBehind = found?.grant.login === login && found.grant.generation < generation
    if (found === undefined || !isBehind) continue
    if (!found.grant.unverified) await quarantine(ports, found)
    // It is known now: the verified one is not set aside again.
    await ports.journal.reached({ credentialId, login, generation: found.grant.generation })
  }
}

// One answer that has no place, whatever the reason, keeps neither the others nor the server from theirs.
function unlessAway(
  { store, log }: GrantPorts,
  { attempt }: JournaledAnswer,
): (error: unknown) => Promise<void> {
  return async (error) => {
    await store.now()
    log.error({ attempt, detail: String(error) }, 'an answer in the journal has found no place')
  }
}

const WAITING: readonly AttemptState[] = ['sent', 'given_up']

async function drainOne(ports: GrantPorts, answer: JournaledAnswer): Promise<void> {
  const attempt = await ports.store.attempts.get(answer.attempt)
  if (attempt && !WAITING.includes(attempt.state)) return
  const row = await ports.store.credentials.get(answer.organizationId, answer.credentialId)
  // It was deleted; or this is another database than the one it belongs to, which comes back. It is kept for a while.
  if (row === undefined) return ports.journal.settled(answer.attempt)
  await recover(ports, row, answer)
}

/** Gives an answer its place of which only the sealed form is left. Throws when the database does. */
export async function recover(ports: GrantPorts, row: CredentialRow, answer: JournaledAnswer): Promise<void> {
  const tokens = await reopened(ports, row, answer)
  if (tokens === null) {
    const attempt = await ports.store.attempts.get(answer.attempt)
    if (attempt !== undefined) await ended(ports, attempt, UNREADABLE)
    return ports.journal.settled(answer.attempt)
  }
  const placed = await settle(ports, row, answer, tokens)
  ports.log.warn({ attempt: answer.attempt, placed }, 'an answer was found after this server was killed')
}

async function reopened(
  ports: GrantPorts,
  row: CredentialRow,
  answer: JournaledAnswer,
): Promise<TokenSet | null> {
  const field = answerField(answer.attempt)
  const { opened } = await ports.guard.release(upkeep(ports, row.organizationId), async (unit, authorize) => {
    await authorize(grantAct('grant.recover', row, { attempt: answer.attempt }))
    const sealed = { row, version: answer.generation, values: { [field]: answer.sealed } }
    return { result: null, open: [sealed, await sealedVersion(unit, row)] }
  })
  const raw = opened[0]?.[field]
  return raw ? tokensIn(ports, row, raw, opened[1] ?? {}, answer.at) : null
}

/** Somebody else may have renewed it since: nobody gets it before one call has shown that it still lives. */
async function quarantine(ports: GrantPorts, where: GrantPlace): Promise<void> {
  await untilKept(() =>
    ports.guard.perform(upkeep(ports, where.organizationId), async (unit, authorize) => {
      const { row, grantRow } = await find(unit, where)
      await authorize(grantAct('grant.quarantine', row, { generation: grantRow.grant.generation }))
      await keep(ports, unit, { row, grantRow }, after(grantRow.grant, { kind: 'restored' }))
    }),
  )
}
