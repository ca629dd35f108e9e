// Writing down what has become of a grant: its bookkeeping, the state of its credential, who hears of it. Each in a
// statement of its own, all in the unit of what happened.

import { dueAt } from '../../../domain/grants/decide.ts'
import { type Grant, isOver, isSame } from '../../../domain/grants/grant.ts'
import { stateOf, whyOver } from '../../../domain/grants/state.ts'
import type { CredentialState } from '../../../domain/state.ts'
import type { GrantChange, GrantRow } from '../../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../../store/store.ts'
import type { Act } from '../../guard.ts'
import { type GrantPorts, type Notice, situationOf } from '../tools.ts'
import { letGo } from './letting-go.ts'

/** A credential with its grant, as they were read in this unit. */
export interface Kept {
  readonly row: CredentialRow
  readonly grantRow: GrantRow
}

type Known = Pick<GrantChange, 'account' | 'digest'>

/**
 * Makes `grant` what is known of it, and the credential's state and the attempts what follows. Throws where another server was faster:
 * then the unit is run again.
 */
export async function keep(
  ports: GrantPorts,
  unit: StoreGroups,
  { row, grantRow }: Kept,
  grant: Grant,
  known: Known = {},
): Promise<void> {
  const change = {
    grant,
    dueAt: dueAt(grant, situationOf(ports, { credentialId: row.id, grant }, null)),
    ...known,
  }
  if (!(await unit.grants.update(row.id, grantRow.revision, change))) throw overtaken()
  await letGo(unit, row.id, { before: grantRow.grant, now: grant }, ports.now())
  await showState(ports, unit, row, grant)
  for (const event of eventsOf(grantRow.grant, grant)) {
    const reason = reasonOf(event, grant, ports.now())
    await ports.tell(unit, { event, reason, organizationId: row.organizationId, credentialId: row.id })
  }
  await unit.signals.send('grants', row.id)
}

// What a quota or a policy holds against it is not the grant's to lift.
const NOT_OURS: readonly CredentialState[] = ['cooling_down', 'blocked']

async function showState(
  ports: GrantPorts,
  unit: StoreGroups,
  row: CredentialRow,
  grant: Grant,
): Promise<void> {
  const { state, reason, until } = stateOf(grant, ports.now())
  if (state === 'ok' && NOT_OURS.includes(row.state)) return
  if (row.state === state && row.stateReason === reason && row.stateUntil === until) return
  const change = { state, stateReason: reason, stateUntil: until, updatedAt: ports.now() }
  if (!(await unit.credentials.update(row.organizationId, row.id, row.revision, change))) throw overtaken()
}

const TWO_ANSWERS =
  'two answers of one login; the one issued last is used, the other kept until that has worked'

function reasonOf(event: Notice['event'], grant: Grant, now: number): string {
  if (event === 'grant.orphan_found') return TWO_ANSWERS
  // It may be kept for days, and sent again: what is still good of it then is for its state to say.
  if (event === 'grant.login_needed') return whyOver(grant) ?? ''
  return stateOf(grant, now).reason
}

// Failing is worth a word when it is not over at once.
const FAILING = 3

function eventsOf(before: Grant, now: Grant): Notice['event'][] {
  const isNew = now.orphans.some((one) => !before.orphans.some((other) => isSame(one, other)))
  return [
    ...(isToldOver(now) && !isToldOver(before) ? (['grant.login_needed'] as const) : []),
    ...(isNew ? (['grant.orphan_found'] as const) : []),
    ...(now.failures === FAILING && before.failures < FAILING ? (['grant.refresh_failing'] as const) : []),
    ...(now.failures === 0 && before.failures >= FAILING ? (['grant.recovered'] as const) : []),
    ...(now.unverified && !before.unverified ? (['grant.quarantined'] as const) : []),
  ]
}

function isToldOver(grant: Grant): boolean {
  return grant.rejected !== null || (grant.refusal !== null && isOver(grant))
}

/** What the server does about a grant, for the audit. */
export function grantAct(action: string, row: CredentialRow, details: Act['details'] = {}): Act {
  return {
    action,
    needs: { upkeep: true },
    object: { kind: 'credential', id: row.id, name: row.name },
    details: { owner: row.owner, type: row.type, ...details },
  }
}

const MAX_TRIES = 10

// Another server changed the same between what a unit has read and what it wrote.
class Overtaken extends Error {}

class NothingToDo extends Error {}

/** What a unit throws that has to be run again. */
export function overtaken(): Error {
  return new Overtaken('A grant was changed at the same time.')
}

/** What a unit throws that finds nothing to do any more. */
export function nothingToDo(): Error {
  return new NothingToDo('There is nothing to do about this grant.')
}

export interface GrantPlace {
  readonly organizationId: string
  readonly credentialId: string
}

/** The credential and its grant, in this unit. Throws `nothingToDo` when either is gone. */
export async function find(unit: StoreGroups, { organizationId, credentialId }: GrantPlace): Promise<Kept> {
  const row = await unit.credentials.get(organizationId, credentialId)
  const grantRow = await unit.grants.get(credentialId)
  if (row === undefined || grantRow === undefined) throw nothingToDo()
  return { row, grantRow }
}

/** Runs a unit again for as long as others are faster; null when it found nothing to do. */
export async function untilKept<T>(unit: () => Promise<T>): Promise<T | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await unit()
    } catch (error) {
      if (error instanceof NothingToDo) return null
      if (!(error instanceof Overtaken) || tries === MAX_TRIES) throw error
    }
  }
}
