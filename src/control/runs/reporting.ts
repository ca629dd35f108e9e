// What a worker says of a run it has: numbered items in order. What was taken in before is passed over, so that a worker
// which did not hear the answer says it again; what is missing is asked for. All of one report or nothing is kept.

import type { Input, Output } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { addUsage, type ConversationEvent, NO_USAGE } from '../../domain/runs/conversation.ts'
import { withoutKeys } from '../../domain/secret.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { type Authorize, absent } from '../guard.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { type Draft, draftOf, moveMessage, settle, take, tell } from './changing.ts'
import { actOn } from './seeing.ts'

const DAY = 24 * 3_600_000

type Report = Input<'runs.report'>
type Item = Report['items'][number]
type Answer = Output<'runs.report'>

export function createReportingUseCases(workshop: Workshop): Pick<Control, 'runs.report'> {
  return {
    'runs.report': (caller, input) => {
      const work = (unit: StoreGroups, authorize: Authorize) =>
        takeIn(unit, authorize, caller, input, workshop.now())
      // Words of the conversation are their own record. What becomes of the run goes into the audit log.
      const isSpoken = input.items.every(({ is }) => is === 'event')
      return isSpoken
        ? workshop.store.atomically((unit) => work(unit, async () => undefined))
        : workshop.guard.perform(caller, work)
    },
  }
}

async function takeIn(
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  { id, claim, items }: Report,
  now: number,
): Promise<Answer> {
  const row = await unit.runs.hold(caller.organizationId, id)
  if (row === undefined) throw absent('run', id)
  await authorize(actOn(row, 'run.report', { general: 'carryOutRuns' }, detailsOf(items)))
  const last = items.at(-1)?.seq ?? 0
  if (row.run.claim === null && row.run.lastClaim === claim && last <= row.run.reported) return answer(row)
  mustBeClaimed(row, caller, claim)
  const fresh = freshOf(row, items)
  let draft = take(draftOf(row), { is: 'found', at: now }, now)
  for (const item of fresh) {
    if (draft.run.claim?.id !== claim) throw afterTheEnd()
    // The machine's clock may be ahead of ours.
    draft = await apply(unit, draft, item, Math.min(Date.parse(item.at), now), now)
    draft = take(draft, { is: 'reported', upTo: item.seq }, now)
  }
  return answer(await settle(unit, { ...draft, seenAt: now }, now))
}

function answer({ run: { reported, state, wish, bell } }: RunRow): Answer {
  return { reported, state, wish, bell }
}

function detailsOf(items: readonly Item[]): Record<string, string | number> {
  const states = items.flatMap((item) => (item.is === 'state' ? [item.state] : []))
  const messages = items.flatMap((item) => (item.is === 'message' ? [`${item.message} ${item.state}`] : []))
  return {
    ...(states.length > 0 && { states: states.join(', ') }),
    ...(messages.length > 0 && { messages: messages.join(', ').slice(0, 1_000) }),
  }
}

function mustBeClaimed({ run }: RunRow, { id: worker }: Caller, claim: string): void {
  if (run.claim?.id === claim && run.claim.worker === worker) return
  throw new ClavigerError('conflict', 'This run is not under this claim any more.', {
    hint: 'End its process; when the run is to go on, it is claimed again.',
  })
}

function freshOf({ run }: RunRow, items: readonly Item[]): readonly Item[] {
  const fresh = items.filter(({ seq }) => seq > run.reported)
  fresh.forEach(({ seq }, i) => {
    if (seq !== run.reported + i + 1)
      throw new ClavigerError('invalid', `Item ${run.reported + i + 1} of this claim is missing.`, {
        hint: 'Report items in order, each once, from the first that is not kept.',
      })
  })
  return fresh
}

function afterTheEnd(): ClavigerError {
  return new ClavigerError('invalid', 'After a state that gives the run back nothing more is reported.')
}

async function apply(unit: StoreGroups, draft: Draft, item: Item, at: number, now: number): Promise<Draft> {
  switch (item.is) {
    case 'state': {
      const until = item.until === undefined ? null : Date.parse(item.until)
      return take(
        draft,
        { is: 'moved', to: item.state, at: now, reason: withoutKeys(item.reason), until },
        at,
      )
    }
    case 'message':
      return applyMessage(unit, draft, item, now)
    case 'event':
      return applyEvent(unit, draft, item, at)
  }
}

async function applyMessage(
  unit: StoreGroups,
  draft: Draft,
  { message: id, state, reason }: Extract<Item, { is: 'message' }>,
  at: number,
): Promise<Draft> {
  const message = await unit.runMessages.get(draft.row.id, id)
  if (message === undefined) throw absent('message', id)
  if (state === 'sent') {
    const [first] = await unit.runMessages.list(draft.row.id, ['queued'])
    if (first !== undefined && first.position < message.position)
      throw new ClavigerError('conflict', `The message ${first.id} comes first.`)
  }
  return moveMessage(unit, draft, message, { to: state, reason: withoutKeys(reason), at })
}

async function applyEvent(
  unit: StoreGroups,
  draft: Draft,
  { event, lease }: Extract<Item, { is: 'event' }>,
  at: number,
): Promise<Draft> {
  const told = tell(draft, event, at)
  if (event.kind === 'session') return take(told, { is: 'session', session: event.session }, at)
  if (event.kind !== 'turn-done' && event.kind !== 'turn-failed') return told
  if (lease !== undefined) await count(unit, draft.row, lease, event, at)
  return event.usage === null ? told : take(told, { is: 'turn', usage: event.usage }, at)
}

// Which credential served the turn, and how much it used of it.
async function count(
  unit: StoreGroups,
  { id }: RunRow,
  leaseId: string,
  { usage }: Extract<ConversationEvent, { kind: 'turn-done' | 'turn-failed' }>,
  at: number,
): Promise<void> {
  const served = await unit.runLeases.get(leaseId)
  if (served?.runId !== id) throw absent('lease', leaseId)
  await unit.runLeases.update(leaseId, {
    turns: served.turns + 1,
    ...(usage !== null && { usage: addUsage(served.usage, usage) }),
  })
  const day = Math.floor(at / DAY)
  if (served.credential !== null)
    await unit.uses.addTurn(served.credential.id, { day, turns: 1, usage: usage ?? NO_USAGE })
}
