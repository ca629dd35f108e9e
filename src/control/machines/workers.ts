// Workers: machines that run agents. Each is expected under a name, joins once with a code (join.ts), and is gone when it
// is revoked.

import type { Output } from '../../api/schemas.ts'
import { checkName } from '../../domain/names.ts'
import { HELD_STATES } from '../../domain/runs/run.ts'
import { Secret } from '../../domain/secret.ts'
import { formatCode } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { holdAgent } from '../find.ts'
import { type Act, absent } from '../guard.ts'
import { loseRunsOf } from '../runs/leaving.ts'
import type { Control } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { isEmbedded, whyOff } from './embedded.ts'

// More than workers carry out at a time.
const HELD_AT_MOST = 10_000

type WorkerUseCases = Pick<Control, 'workers.enrol' | 'workers.list' | 'workers.revoke'>

export function createWorkerUseCases(workshop: Workshop): WorkerUseCases {
  const { guard, store, identity, now, random, workerUrl } = workshop
  return {
    async 'workers.enrol'(caller, { name, agent, expiresInSeconds }) {
      checkName(name)
      const code = formatCode('enrol', random(48))
      const createdAt = now()
      const row: WorkerRow = {
        id: newId('wrk'),
        organizationId: caller.organizationId,
        name,
        agent: agent ?? null,
        enrolmentDigest: sha256(code),
        enrolmentExpiresAt: createdAt + expiresInSeconds * 1000,
        createdAt,
        createdBy: caller.name,
        enrolledAt: null,
        revokedAt: null,
        lastSeenAt: null,
        machine: null,
        processes: [],
      }
      await guard.perform(caller, async (unit, authorize) => {
        await authorize(act('worker.enrol', row, { expires: rfc3339(row.enrolmentExpiresAt) }))
        if (agent !== undefined) await holdAgent(unit, caller, agent)
        await unit.workers.insert(row)
      })
      return { ...workerView(row, createdAt), server: workerUrl, code: new Secret(code) }
    },
    async 'workers.list'({ organizationId }) {
      const rows = await store.workers.list(organizationId)
      const held = await store.runs.list(organizationId, { states: HELD_STATES }, { limit: HELD_AT_MOST })
      const runsOf = Map.groupBy(held.reverse(), ({ run }) => run.claim?.worker)
      const off = rows.some(isEmbedded) ? await whyOff({ store, identity }) : null
      return {
        workers: rows.map((row) => ({
          ...busyView(row, now(), runsOf.get(row.id) ?? []),
          off: isEmbedded(row) && row.revokedAt === null ? off : null,
        })),
      }
    },
    'workers.revoke': (caller, { name }) =>
      guard.perform(caller, async (unit, authorize) => {
        const rows = await unit.workers.list(caller.organizationId)
        const row = rows.find((one) => one.name === name && one.revokedAt === null)
        if (!row) throw absent('worker', name)
        await authorize(act('worker.revoke', row))
        return { ended: await endWorker(unit, row, now(), 'the worker was revoked') }
      }),
  }
}

/**
 * Revokes a worker: its code, its tokens and its running leases; returns how many leases. The row goes first, so that a
 * machine that joins at the same moment is either too late or has its new token revoked.
 */
export async function endWorker(
  unit: StoreGroups,
  { organizationId, id, name }: WorkerRow,
  at: number,
  reason: string,
): Promise<number> {
  const holder = { organizationId, kind: 'worker', id } as const
  await unit.workers.revoke(organizationId, id, at)
  await unit.tokens.revokeAllOf(holder, at)
  await unit.signals.send('holders', id)
  await loseRunsOf(unit, { ...holder, name }, at, reason)
  return unit.holdings.endRunning(holder, at, reason)
}

function act(action: string, row: WorkerRow, details: Record<string, string> = {}): Act {
  return {
    action,
    needs: { general: 'manageMachines' },
    object: { kind: 'worker', id: row.id, name: row.name },
    details: { ...(row.agent !== null && { agent: row.agent }), ...details },
  }
}

function workerView(row: WorkerRow, now: number): Omit<Output<'workers.enrol'>, 'code' | 'server'> {
  const { id, name, agent, createdBy } = row
  return {
    ...{ id, name, agent, createdBy },
    state: stateOf(row, now),
    createdAt: rfc3339(row.createdAt),
    expiresAt: rfc3339(row.enrolmentExpiresAt),
    enrolledAt: rfc3339OrNull(row.enrolledAt),
    lastSeenAt: rfc3339OrNull(row.lastSeenAt),
    revokedAt: rfc3339OrNull(row.revokedAt),
  }
}

function busyView(
  row: WorkerRow,
  now: number,
  runs: readonly RunRow[],
): Omit<Output<'workers.list'>['workers'][number], 'off'> {
  const { version = null, server = null, programs, directories = [] } = row.machine ?? {}
  return {
    ...workerView(row, now),
    ...{ embedded: isEmbedded(row), version, server, directories: [...directories] },
    programs: programs?.map((program) => ({ ...program })) ?? null,
    runs: runs.map(({ id, harness, run }) => ({
      ...{ id, harness, state: run.state, since: rfc3339(run.since) },
    })),
  }
}

function stateOf({ revokedAt, enrolledAt, enrolmentExpiresAt }: WorkerRow, now: number) {
  if (revokedAt !== null) return 'revoked'
  if (enrolledAt !== null) return 'enrolled'
  return enrolmentExpiresAt <= now ? 'expired' : 'expected'
}
