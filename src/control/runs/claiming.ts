// Workers take runs, and hear of what is new for those they have. Both wait for it: signals wake them, and they look now
// and then anyway.

import { randomUUID } from 'node:crypto'
import type { Caller } from '../../domain/caller.ts'
import { originOf } from '../../domain/channels/serving.ts'
import { TOLD_AT_ONCE } from '../../domain/runs/queueing.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import { type Claim, isHeld, type Run } from '../../domain/runs/run.ts'
import type { RunMessageRow, RunRow, WorkSought } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { isOff } from '../machines/embedded.ts'
import { beginProcess, isNewest } from '../machines/processes.ts'
import { makeRoom } from '../machines/room.ts'
import { noteMachine } from '../machines/said.ts'
import type { Control, Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { draftOf, settle, take, tell } from './changing.ts'
import { createHearing, type Hearing } from './hearing.ts'
import { actOn } from './seeing.ts'

// Milliseconds.
const LOOK_EVERY = 5_000
const BEAT_EVERY = 5_000

// More than workers carry out at a time.
const HELD_AT_MOST = 10_000

type Claimed = Result<'runs.claim'>['runs'][number]
type ClaimInput = Parameters<Control['runs.claim']>[1]
type BeatInput = Parameters<Control['runs.heartbeat']>[1]

export function createClaimingUseCases(
  workshop: Workshop,
): Pick<Control, 'runs.claim' | 'runs.heartbeat' | 'runs.places'> {
  const hearing = createHearing(workshop)
  const latest = new Map<string, Asking>()
  return {
    'runs.claim': async (caller, input) => {
      const worker = await beginProcess(workshop, caller, input.process)
      const asking: Asking = Promise.withResolvers()
      // A worker asks once at a time: whoever asked before in its name is gone, and would take what nobody carries out.
      latest.get(caller.id)?.resolve(null)
      latest.set(caller.id, asking)
      try {
        if (worker !== undefined) await noteMachine(workshop, worker, input)
        return await claimSoon(workshop, hearing, asking, caller, input)
      } finally {
        if (latest.get(caller.id) === asking) latest.delete(caller.id)
      }
    },
    'runs.heartbeat': (caller, input) => beatSoon(workshop, hearing, caller, input),
    'runs.places': async ({ organizationId }, { places }) => ({
      over: await workshop.store.runs.finished(organizationId, places),
    }),
  }
}

/** Resolved when the same worker asks anew. */
type Asking = PromiseWithResolvers<null>

async function claimSoon(
  workshop: Workshop,
  hearing: Hearing,
  over: Asking,
  caller: Caller,
  input: ClaimInput,
): Promise<Result<'runs.claim'>> {
  const ear = hearing.listen()
  const until = performance.now() + input.waitSeconds * 1_000
  const selves = [caller.id, caller.tokenId, caller.agent]
  let isInDoubt = false
  try {
    for (;;) {
      // Whoever may not be a worker any more asks again, and is looked at as it does.
      if (isInDoubt) return { runs: [] }
      const runs = await claimNow(workshop, caller, input)
      const left = until - performance.now()
      if (runs.length > 0 || left <= 0 || workshop.ending?.aborted) return { runs }
      const heard = ear.heard(Math.min(left, LOOK_EVERY), ({ topic, subject }) => {
        if (topic === 'holders' && selves.includes(subject)) isInDoubt = true
        return isInDoubt || (topic === 'queue' && subject === caller.organizationId)
      })
      if ((await Promise.race([heard, over.promise])) === null) return { runs: [] }
    }
  } finally {
    ear.stop()
  }
}

class NothingThere extends Error {}

// Looked at without a lock first: most of those who ask get nothing.
async function claimNow(workshop: Workshop, caller: Caller, input: ClaimInput): Promise<Claimed[]> {
  const sought = await soughtBy(workshop, caller, input)
  if (sought === null) return []
  if (input.capacity === 0) {
    if (!(await isOff(workshop, caller, input.onlyFor)))
      await makeRoom(workshop, caller, sought, input.holding)
    return []
  }
  const isForIt = ({ run }: RunRow) => !isOfAnother(run, caller, input)
  const open = await workshop.store.runWork.claimable(sought, false)
  if (!open.some(isForIt)) return []
  if (await isOff(workshop, caller, input.onlyFor)) return []
  try {
    return await workshop.guard.perform(caller, async (unit, authorize) => {
      const worker = await unit.workers.get(caller.organizationId, caller.id)
      if (worker !== undefined && !isNewest(worker, input.process)) throw new NothingThere()
      const rows = (await unit.runWork.claimable(sought, true)).filter(isForIt)
      if (rows.length === 0) throw new NothingThere()
      const claimed: Claimed[] = []
      for (const row of rows) {
        await authorize(actOn(row, 'run.claim', { general: 'carryOutRuns' }))
        claimed.push(
          await claim(unit, caller, row, { at: workshop.now(), process: input.process, asked: input.asked }),
        )
      }
      return claimed
    })
  } catch (thrown) {
    if (thrown instanceof NothingThere) return []
    throw thrown
  }
}

/**
 * Whether the worker has it in another process of its own, that may be at work still; one that is dismissed gives it back.
 * So does this one, when it was given that as the answer to a later question, maybe by another server.
 */
function isOfAnother({ state, claim }: Run, { id }: Caller, { process, asked, ended }: ClaimInput): boolean {
  if (!isHeld(state) || claim?.worker !== id || claim.process === undefined) return false
  return claim.process === process ? (claim.asked ?? 0) >= asked : !ended.includes(claim.process)
}

// A worker that is an agent's carries out that agent's runs, and no others. What strangers have asked for is never beside runs
// of people: it may read what lies about there, and what their processes have.
async function soughtBy(
  { store, now, runTimings }: Workshop,
  caller: Caller,
  input: ClaimInput,
): Promise<WorkSought | null> {
  const { organizationId, id, agent } = caller
  const { harnesses, directories, capacity, onlyFor } = input
  if (agent !== null && onlyFor !== undefined) return null
  const ofAgent = agent === null ? null : ({ subjectKind: 'agent', subjectId: agent } as const)
  const ofPerson = onlyFor === undefined ? null : ({ subjectKind: 'person', subjectId: onlyFor } as const)
  const held = await store.runs.list(organizationId, { worker: id }, { limit: HELD_AT_MOST })
  const others = held.flatMap(({ run }) => (isOfAnother(run, caller, input) ? (run.claim?.id ?? []) : []))
  const holding = [...input.holding, ...others]
  return {
    ...{ organizationId, worker: id, harnesses, directories, holding, limit: capacity },
    ...{ subject: ofAgent ?? ofPerson, strangers: agent !== null },
    stickBefore: now() - runTimings.stickFor,
  }
}

type Asked = Pick<Claim, 'at' | 'process' | 'asked'>

async function claim(unit: StoreGroups, { id: worker }: Caller, row: RunRow, asked: Asked): Promise<Claimed> {
  const { at } = asked
  const { place, claims } = row.run
  const claimedBy = { id: randomUUID(), worker, ...asked }
  const elsewhere = place !== null && place !== worker
  const told = elsewhere ? tell(draftOf(row), await movedFrom(unit, row, place), at) : draftOf(row)
  const draft = take(told, { is: 'claimed', claim: claimedBy }, at)
  const { run, harness, wanted, ...taken } = await settle(unit, { ...draft, seenAt: at }, at)
  return {
    ...{
      id: row.id,
      claim: run.claim?.id ?? '',
      harness,
      session: run.session,
    },
    for: { kind: taken.subjectKind, id: taken.subjectId, name: taken.subjectName },
    ...newsOf(run),
    ...{ model: wanted.model, access: wanted.access, workspace: { ...wanted.workspace } },
    usage: run.usage,
    isNew: claims === 0,
    moved: claims > 0 && place !== worker,
    origin: originOf(row),
    cloneAccess: await hasCloneAccess(unit, row),
    messages: await pendingOf(unit, row.id),
  }
}

// Of a channel that it was asked for by.
async function hasCloneAccess({ threads }: StoreGroups, row: RunRow): Promise<boolean> {
  if (row.wanted.workspace.kind !== 'git') return false
  return (await threads.get(row.organizationId, row.id))?.repository?.isPrivate ?? false
}

// What its worker hears of it, beside its messages.
function newsOf({
  bell,
  wish,
  chosen,
  interrupted,
}: Run): Omit<Result<'runs.heartbeat'>['news'][number], 'id' | 'messages'> {
  const choice = chosen === undefined ? null : { count: chosen.count, model: chosen.model }
  return { bell, wish, chosen: choice, interrupted: interrupted ?? null }
}

async function movedFrom(
  unit: StoreGroups,
  { organizationId }: RunRow,
  place: string,
): Promise<RecordedEvent> {
  const name = (await unit.workers.get(organizationId, place))?.name ?? place
  const text = `It goes on with another worker. What was not pushed, and what its program remembers of the conversation, stayed on ${name}.`
  return { kind: 'notice', text }
}

async function pendingOf({ runMessages }: StoreGroups, runId: string): Promise<Claimed['messages']> {
  const sent = await runMessages.list(runId, ['sent'])
  const queued = await runMessages.list(runId, ['queued'], TOLD_AT_ONCE)
  return [...sent, ...queued].sort((a, b) => a.position - b.position).map(pendingView)
}

function pendingView({ id, text, state }: RunMessageRow): Claimed['messages'][number] {
  return { id, text, state: state === 'sent' ? 'sent' : 'queued' }
}

async function beatSoon(
  workshop: Workshop,
  hearing: Hearing,
  caller: Caller,
  input: BeatInput,
): Promise<Result<'runs.heartbeat'>> {
  const ear = hearing.listen()
  const until = performance.now() + input.waitSeconds * 1_000
  const ids = new Set(input.runs.map(({ id }) => id))
  await beginProcess(workshop, caller, input.process)
  try {
    for (;;) {
      const found = await beatNow(workshop, caller, input)
      const left = until - performance.now()
      const isOver = found.lost.length > 0 || found.news.length > 0 || left <= 0
      if (isOver || workshop.ending?.aborted) return found
      await ear.heard(
        Math.min(left, BEAT_EVERY),
        ({ topic, subject }) =>
          (topic === 'runs' && ids.has(subject)) || (topic === 'holders' && subject === caller.id),
      )
    }
  } finally {
    ear.stop()
  }
}

async function beatNow(
  workshop: Workshop,
  caller: Caller,
  { runs, process }: BeatInput,
): Promise<Result<'runs.heartbeat'>> {
  const { store, now } = workshop
  const worker = await store.workers.get(caller.organizationId, caller.id)
  if (worker !== undefined) isNewest(worker, process)
  const ofWorker = await store.runs.list(
    caller.organizationId,
    { worker: caller.id },
    { limit: HELD_AT_MOST },
  )
  const rows = new Map(ofWorker.map((row) => [row.run.claim?.id, row]))
  const lost = runs.filter(({ id, claim }) => rows.get(claim)?.id !== id).map(({ id }) => id)
  const alive = runs.flatMap((beat) => {
    const row = rows.get(beat.claim)
    return row?.id === beat.id ? [{ row, beat }] : []
  })
  const claims = alive.map(({ beat }) => beat.claim)
  if (claims.length > 0) await store.runWork.beat(caller.id, claims, now())
  const news: Result<'runs.heartbeat'>['news'] = []
  for (const { row, beat } of alive) {
    if (row.run.lost !== null) await findAgain(workshop, caller, row)
    if (row.run.bell <= beat.bell) continue
    const messages = (await store.runMessages.list(row.id, ['queued'], TOLD_AT_ONCE)).map(pendingView)
    news.push({ id: row.id, ...newsOf(row.run), messages })
  }
  return { lost, news }
}

// Before anybody else took it.
async function findAgain({ guard, now }: Workshop, caller: Caller, { id, run }: RunRow): Promise<void> {
  await guard.perform(caller, async (unit, authorize) => {
    const row = await unit.runs.hold(caller.organizationId, id)
    if (row === undefined) return
    await authorize(actOn(row, 'run.found', { general: 'carryOutRuns' }))
    const at = now()
    if (row.run.claim?.id === run.claim?.id)
      await settle(unit, { ...take(draftOf(row), { is: 'found', at }, at), seenAt: at }, at)
  })
}
