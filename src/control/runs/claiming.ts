// Workers take runs, and hear of what is new for those they have. Both wait for it: signals wake them, and they look now
// and then anyway.

import { randomUUID } from 'node:crypto'
import type { Caller } from '../../domain/caller.ts'
import { TOLD_AT_ONCE } from '../../domain/runs/queueing.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import type { RunMessageRow, RunRow, WorkSought } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { isOff } from '../machines/embedded.ts'
import { noteMachine } from '../machines/said.ts'
import type { Control, Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { draftOf, settle, take, tell } from './changing.ts'
import { createHearing, type Hearing } from './hearing.ts'
import { actOn } from './seeing.ts'

// Milliseconds.
const LOOK_EVERY = 5_000
const BEAT_EVERY = 5_000

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
      const asking: Asking = { askedAt: workshop.now(), over: Promise.withResolvers() }
      // A worker asks once at a time: whoever asked before in its name is gone, and would take what nobody carries out.
      latest.get(caller.id)?.over.resolve(null)
      latest.set(caller.id, asking)
      try {
        await noteMachine(workshop, caller, input)
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

interface Asking {
  readonly askedAt: number
  /** Resolved when the same worker asks anew. */
  readonly over: PromiseWithResolvers<null>
}

async function claimSoon(
  workshop: Workshop,
  hearing: Hearing,
  { askedAt, over }: Asking,
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
      const runs = await claimNow(workshop, caller, input, askedAt)
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
async function claimNow(
  workshop: Workshop,
  caller: Caller,
  input: ClaimInput,
  askedAt: number,
): Promise<Claimed[]> {
  const sought = soughtBy(workshop, caller, input)
  if (sought === null) return []
  // What it was given since it has asked went to a later process of the same worker, maybe over another server.
  const isForIt = ({ run: { claim } }: RunRow) => claim?.worker !== caller.id || claim.at <= askedAt
  const open = await workshop.store.runWork.claimable(sought, false)
  if (!open.some(isForIt)) return []
  if (await isOff(workshop, caller, input.onlyFor)) return []
  try {
    return await workshop.guard.perform(caller, async (unit, authorize) => {
      const rows = (await unit.runWork.claimable(sought, true)).filter(isForIt)
      if (rows.length === 0) throw new NothingThere()
      const claimed: Claimed[] = []
      for (const row of rows) {
        await authorize(actOn(row, 'run.claim', { general: 'carryOutRuns' }))
        claimed.push(await claim(unit, caller, row, workshop.now()))
      }
      return claimed
    })
  } catch (thrown) {
    if (thrown instanceof NothingThere) return []
    throw thrown
  }
}

// A worker that is an agent's carries out that agent's runs, and no others.
function soughtBy(
  { now, runTimings }: Workshop,
  { organizationId, id, agent }: Caller,
  { harnesses, directories, holding, capacity, onlyFor }: ClaimInput,
): WorkSought | null {
  if (agent !== null && onlyFor !== undefined) return null
  const ofAgent = agent === null ? null : ({ subjectKind: 'agent', subjectId: agent } as const)
  const ofPerson = onlyFor === undefined ? null : ({ subjectKind: 'person', subjectId: onlyFor } as const)
  return {
    ...{ organizationId, worker: id, harnesses, directories, holding, limit: capacity },
    subject: ofAgent ?? ofPerson,
    stickBefore: now() - runTimings.stickFor,
  }
}

async function claim(unit: StoreGroups, { id: worker }: Caller, row: RunRow, at: number): Promise<Claimed> {
  const { place, claims } = row.run
  const claimedBy = { id: randomUUID(), worker, at }
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
      wish: run.wish,
      bell: run.bell,
    },
    for: { kind: taken.subjectKind, id: taken.subjectId, name: taken.subjectName },
    ...{ model: wanted.model, access: wanted.access, workspace: { ...wanted.workspace } },
    usage: run.usage,
    isNew: claims === 0,
    moved: claims > 0 && place !== worker,
    messages: await pendingOf(unit, row.id),
  }
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
  try {
    for (;;) {
      const found = await beatNow(workshop, caller, input)
      const left = until - performance.now()
      const isOver = found.lost.length > 0 || found.news.length > 0 || left <= 0
      if (isOver || workshop.ending?.aborted) return found
      await ear.heard(
        Math.min(left, BEAT_EVERY),
        ({ topic, subject }) => topic === 'runs' && ids.has(subject),
      )
    }
  } finally {
    ear.stop()
  }
}

async function beatNow(
  workshop: Workshop,
  caller: Caller,
  { runs }: BeatInput,
): Promise<Result<'runs.heartbeat'>> {
  const { store, now } = workshop
  const ofWorker = await store.runs.list(caller.organizationId, { worker: caller.id }, { limit: 10_000 })
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
    const { bell, wish } = row.run
    if (bell <= beat.bell) continue
    const messages = (await store.runMessages.list(row.id, ['queued'], TOLD_AT_ONCE)).map(pendingView)
    news.push({ id: row.id, bell, wish, messages })
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
