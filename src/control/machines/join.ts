// A machine becomes a worker: it brings the code an admin was shown, and gets a token of its own. A code works once,
// whichever server it is brought to and however many bring it at the same moment.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind, formatToken } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import { changedMeanwhile } from '../find.ts'
import { tokenRow } from '../tokens.ts'
import type { Control, Result, Visitor } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { workerCaller } from './callers.ts'

// Servers of one installation may disagree a little on the time.
const CLOCKS_DIFFER_MS = 5 * 60_000

const ASK_AGAIN = 'Ask an admin for a new one: claviger admin worker enrol NAME'

export function createJoinUseCase(workshop: Workshop): Pick<Control, 'workers.join'> {
  return { 'workers.join': (visitor, { code }) => join(workshop, visitor, code.trim()) }
}

async function join(workshop: Workshop, visitor: Visitor, code: string): Promise<Result<'workers.join'>> {
  if (codeKind(code) !== 'enrol') {
    throw new ClavigerError('invalid', 'This is not an enrolment code, or not the whole of one.', {
      hint: 'It starts with clv_enrol_. Copy all of it. To get one: claviger admin worker enrol NAME',
    })
  }
  const { store, identity } = workshop
  const found = await store.workers.findByEnrolment(sha256(code))
  const organization = found && (await identity.organization(found.organizationId))
  if (!found || !organization) throw refused('This enrolment code is unknown here.', ASK_AGAIN)
  const token = await enrol(workshop, callerOf(workshop, visitor, found), found.id)
  const { id, name, agent } = found
  return { id, name, agent, organization: { id: organization.id, name: organization.name }, token }
}

// Of several with the same code one changes the row first. The others look again, and are told what they find.
async function enrol(workshop: Workshop, caller: Caller, id: string): Promise<Secret> {
  try {
    return await tryToEnrol(workshop, caller, id)
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || thrown.code !== 'conflict') throw thrown
    return tryToEnrol(workshop, caller, id)
  }
}

async function tryToEnrol({ guard, now, random }: Workshop, caller: Caller, id: string): Promise<Secret> {
  const token = formatToken(random(48))
  await guard.perform(caller, async (unit, authorize) => {
    const row = await unit.workers.get(caller.organizationId, id)
    if (!row) throw refused('This enrolment code is unknown here.', ASK_AGAIN)
    const [createdAt, fault] = [now(), faultOf(row, now())]
    await authorize({
      action: 'worker.join',
      needs: { code: fault },
      object: { kind: 'worker', id, name: row.name },
      details: { ...(row.agent !== null && { agent: row.agent }), ...(fault && { reason: fault.message }) },
    })
    if (!(await unit.workers.enrol(id, createdAt))) throw changedMeanwhile(row.name)
    // No name of a person's token has a colon.
    const made = { name: `worker:${row.name}`, role: 'worker', digest: sha256(token) } as const
    const inserted = tokenRow(caller, { ...made, createdAt, expiresAt: null })
    await unit.tokens.insert({ ...inserted, holderKind: 'worker' })
  })
  return new Secret(token)
}

function callerOf({ operatorOrganization }: Workshop, { requestId }: Visitor, row: WorkerRow): Caller {
  const operator = row.organizationId === operatorOrganization
  return { ...workerCaller(row), operator, tokenId: null, leaseId: null, requestId }
}

// What is wrong with the code of this worker, or null.
function faultOf(row: WorkerRow, now: number): ClavigerError | null {
  if (row.revokedAt !== null) return refused('This enrolment code was revoked.', ASK_AGAIN)
  if (row.enrolledAt !== null) {
    const hint = `If it was not this machine: claviger admin worker revoke ${row.name}. ${ASK_AGAIN}`
    return refused('This enrolment code was used already.', hint)
  }
  if (row.enrolmentExpiresAt <= now) return refused('This enrolment code has expired.', ASK_AGAIN)
  if (row.createdAt - CLOCKS_DIFFER_MS > now) {
    const hint = 'Set the clock of the server right. If several run, all of them.'
    return refused('By the clock of this server the enrolment code was made in the future.', hint)
  }
  return null
}

function refused(message: string, hint: string): ClavigerError {
  return new ClavigerError('unauthenticated', message, { hint })
}
