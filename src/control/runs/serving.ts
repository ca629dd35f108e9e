// A worker leases for a run it has claimed: by the rights of whoever the run is for, as they are now, and under the
// worker's own name. Which credential served is kept with the run.

import type { Caller } from '../../domain/caller.ts'
import { isForStrangers } from '../../domain/channels/serving.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { NO_USAGE } from '../../domain/runs/conversation.ts'
import { isHeld } from '../../domain/runs/run.ts'
import {
  type NamedCredential,
  preferenceOf,
  type ServingCredential,
  SUPERSEDED,
} from '../../domain/runs/serving-credential.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { CandidateRow, LeaseRow, StoreGroups } from '../../store/store.ts'
import { mustServeStill } from '../channels/for-strangers.ts'
import { absent } from '../guard.ts'
import { agentCaller } from '../machines/callers.ts'
import type { Query } from '../resolution.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { draftOf, endLeases, settle, take, tell } from './changing.ts'
import { actOn } from './seeing.ts'

type LeaseInput = Parameters<Control['leases.create']>[1]

/** A lease that is asked for by the worker of a run. */
export interface ForRun {
  /** The worker, who acts for whoever the run is for. */
  readonly caller: Caller
  /** What the run asks for. */
  readonly input: LeaseInput
  /** The run, held by this unit. Throws `conflict` when it is under another claim by now. */
  hold(unit: StoreGroups): Promise<RunRow>
  poolOf(unit: StoreGroups, row: RunRow): NonNullable<Query['poolOf']>
}

/** Throws `not_found`, `conflict` or `forbidden` for what is not this worker's to lease for. */
export async function leaseForRun(workshop: Workshop, caller: Caller, input: LeaseInput): Promise<ForRun> {
  const { run: id = '', claim, harness } = input
  if (input.credential !== undefined || input.team !== undefined || input.agent !== undefined)
    throw saidByTheRun()
  const { store } = workshop
  if (caller.kind !== 'worker') throw forWorkers()
  const hold = async (row: RunRow | undefined) => {
    if (row === undefined) throw absent('run', id)
    const mine = row.run.claim
    const isAlive = isHeld(row.run.state) || row.run.lost !== null
    if (!isAlive || mine?.id !== claim || mine?.worker !== caller.id) throw notClaimed()
    return row
  }
  const row = await hold(await store.runs.get(caller.organizationId, id))
  if (row.harness !== harness) throw otherHarness(row)
  await mustServeStill(store, row)
  const actsFor = await subjectOfRun(workshop, caller, row)
  const credential = await namedFor(workshop, caller, row)
  const isStrangers = isForStrangers(row)
  return {
    caller: { ...caller, actsFor },
    input: {
      ...{ harness, run: id, claim },
      // The lease keeps it: what the machine has does not come later either, when the agent's is used up.
      ambient: isStrangers ? 'none' : input.ambient,
      // The program has to have its credential. Everything else would be there for whoever has asked to be told.
      raw: input.raw && !isStrangers,
      ...(row.team !== null && { team: row.team }),
      ...(credential !== null && { credential }),
    },
    hold: async (unit) => hold(await unit.runs.hold(caller.organizationId, id)),
    poolOf: (unit, served) => poolOf(workshop, unit, served),
  }
}

// The id of the one that alone is to serve; null: there is none. What the run was started with has to be there; what was
// chosen since is let go with a word when it is not.
async function namedFor(workshop: Workshop, caller: Caller, row: RunRow): Promise<string | null> {
  const { store } = workshop
  const { credential } = preferenceOf(row.wanted, row.run)
  if (credential === null) return null
  const id = await namedBy(store, row, credential)
  if (id !== null) return id
  if (row.run.chosen === undefined) throw gone(row, credential)
  await letChoiceGo(workshop, caller, row, credential)
  return null
}

// One that was deleted and stored again, of the same owner under the same name, is what people have named.
async function namedBy(
  { credentials }: Pick<StoreGroups, 'credentials'>,
  { organizationId, harness }: RunRow,
  { id, name, owner }: NamedCredential,
): Promise<string | null> {
  if ((await credentials.get(organizationId, id)) !== undefined) return id
  const theirs = await credentials.candidates(organizationId, harness, [owner])
  return theirs.find((row) => row.name === name && row.owner === owner)?.id ?? null
}

async function letChoiceGo(
  { guard, now }: Workshop,
  caller: Caller,
  { id, run }: RunRow,
  { name }: NamedCredential,
): Promise<void> {
  await guard.perform(caller, async (unit, authorize) => {
    const row = await unit.runs.hold(caller.organizationId, id)
    if (row === undefined) return
    await authorize(actOn(row, 'run.choice-gone', { general: 'carryOutRuns' }))
    if (row.run.chosen?.count !== run.chosen?.count) return
    const at = now()
    const text = `${name}, which was chosen, is not there any more: whichever credential comes first serves.`
    await settle(unit, tell(take(draftOf(row), { is: 'choice-gone' }, at), { kind: 'notice', text }, at), at)
  })
}

function gone({ harness }: RunRow, { name }: NamedCredential): ClavigerError {
  return new ClavigerError(
    'no_credential',
    `The credential ${name}, which alone may serve this run, was deleted.`,
    {
      hint: `Store it again under this name, for the same owner: claviger credential create ${harness} TYPE ${name}. Or start another run.`,
    },
  )
}

/** How several credentials of one type and owner take turns with this run. */
export function poolOf(
  { poolOrder }: Pick<Workshop, 'poolOrder'>,
  unit: Pick<StoreGroups, 'runLeases'>,
  { organizationId, run }: RunRow,
): NonNullable<Query['poolOf']> {
  return async (ids) => ({
    order: poolOrder,
    stays: run.credential?.id ?? null,
    lastUsed: poolOrder === 'fixed' ? {} : await unit.runLeases.lastUsed(organizationId, ids),
  })
}

/** Whoever the run is for, as they are now. Throws `forbidden` when they are gone. */
export async function subjectOfRun(
  { identity, store }: Workshop,
  caller: Caller,
  row: RunRow,
): Promise<Caller> {
  const { organizationId, requestId, tokenId } = caller
  const means = { operator: false, tokenId, leaseId: null, requestId }
  if (row.subjectKind === 'agent') {
    const agent = await store.agents.get(organizationId, row.subjectId)
    if (agent === undefined) throw nobody(row)
    return { ...agentCaller(agent), ...means }
  }
  const person = await identity.person(organizationId, row.subjectId)
  if (person === undefined) throw nobody(row)
  const { id, email, role, teams } = person
  return { organizationId, kind: 'person', id, name: email, role, teams, agent: null, ...means }
}

/** What serves the run from now on. Whatever it had before ends. */
export interface Serving {
  readonly lease: LeaseRow
  readonly credential: CandidateRow | null
  readonly reason: string
}

/** The run that this lease serves; undefined when it serves none. */
export async function runServedBy(
  { runLeases, runs }: Pick<StoreGroups, 'runLeases' | 'runs'>,
  { id, organizationId }: Pick<LeaseRow, 'id' | 'organizationId'>,
): Promise<RunRow | undefined> {
  const served = await runLeases.get(id)
  return served && (await runs.get(organizationId, served.runId))
}

/** Keeps it with the run; the run is held by the unit. */
export async function serve(unit: StoreGroups, row: RunRow, serving: Serving, now: number): Promise<void> {
  const { lease, credential: given, reason } = serving
  await endLeases(unit, row, now, SUPERSEDED)
  const credential = given === null ? null : servingCredential(given)
  await unit.runLeases.insert({
    ...{ leaseId: lease.id, runId: row.id, organizationId: row.organizationId, credential, reason },
    ...{ claim: row.run.claim?.id ?? '', startedAt: now, endedAt: null, turns: 0, usage: NO_USAGE },
  })
  const event = { kind: 'credential', lease: lease.id, credential, reason } as const
  await settle(unit, tell(take(draftOf(row), { is: 'served', credential }, now), event, now), now)
}

/** The same for a lease that took the place of another; nothing when that one served no run. */
export async function serveInstead(
  unit: StoreGroups,
  old: LeaseRow,
  serving: Serving,
  now: number,
): Promise<void> {
  const before = await unit.runLeases.get(old.id)
  const row = before && (await unit.runs.hold(old.organizationId, before.runId))
  if (row !== undefined) await serve(unit, row, serving, now)
}

function servingCredential({ id, name, type, owner, suffix, version }: CandidateRow): ServingCredential {
  return { id, name, type, owner, suffix, generation: version }
}

function forWorkers(): ClavigerError {
  return new ClavigerError('forbidden', 'Only the worker that has claimed a run leases for it.', {
    hint: 'Leave out run and claim to lease for yourself.',
  })
}

function saidByTheRun(): ClavigerError {
  return new ClavigerError('invalid', 'Which credentials may serve a run is said by the run.', {
    hint: 'Leave out credential, team and agent.',
  })
}

function notClaimed(): ClavigerError {
  return new ClavigerError('conflict', 'This run is not under this claim any more.', {
    hint: 'End its process; when the run is to go on, it is claimed again.',
  })
}

function otherHarness({ harness }: RunRow): ClavigerError {
  return new ClavigerError('invalid', `This is a run of ${harness}.`)
}

function nobody({ subjectName }: RunRow): ClavigerError {
  return new ClavigerError(
    'forbidden',
    `${subjectName}, whom this run is for, is not in the organization any more.`,
  )
}
