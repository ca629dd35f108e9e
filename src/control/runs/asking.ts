// What people do with a run: send it a message, let it rest, wake it, stop it, end it, delete it.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { mustHaveRoom } from '../../domain/runs/queueing.ts'
import { isHeld, type RunRequest, stateInWords } from '../../domain/runs/run.ts'
import { titleIn, titleOf } from '../../domain/runs/title.ts'
import { newId } from '../../lib/id.ts'
import type { RunMessageRow, RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import type { Authorize } from '../guard.ts'
import { disabledAct } from '../leases.ts'
import { isDisabled } from '../settings/rules.ts'
import type { Control, Result } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { draftOf, endLeases, removeRun, settle, take, tell } from './changing.ts'
import { holdToChange, sightOf } from './seeing.ts'
import { messageView, type RunSummary, summaryView, workerNames } from './views.ts'

type Asking = Pick<
  Control,
  'runs.send' | 'runs.hibernate' | 'runs.wake' | 'runs.cancel' | 'runs.end' | 'runs.delete'
>

export function createAskingUseCases(workshop: Workshop): Asking {
  return {
    'runs.send': (caller, input) => send(workshop, caller, input),
    'runs.hibernate': (caller, { id }) => ask(workshop, caller, id, 'hibernate'),
    'runs.wake': (caller, { id }) => ask(workshop, caller, id, 'wake'),
    'runs.cancel': (caller, { id }) => ask(workshop, caller, id, 'cancel'),
    'runs.end': (caller, { id }) => ask(workshop, caller, id, 'end'),
    'runs.delete': (caller, { id }) => remove(workshop, caller, id),
  }
}

async function ask(workshop: Workshop, caller: Caller, id: string, what: RunRequest): Promise<RunSummary> {
  const { guard, store, now } = workshop
  const row = await guard.perform(caller, async (unit, authorize) => {
    const held = await holdToChange(unit, authorize, caller, id, `run.${what}`)
    if (what === 'wake') await mustBeOn(unit, authorize, held, 'run.wake')
    const at = now()
    // Whoever waits with it chooses anew.
    if (what === 'wake' && held.run.state === 'waiting_for_credentials')
      await endLeases(unit, held, at, 'its run was woken')
    return settle(unit, take(draftOf(held), { is: 'asked', what, at }, at), at)
  })
  const names = await workerNames(store, row.organizationId)
  return summaryView(row, sightOf(caller, row) ?? 'metadata', names)
}

async function remove({ guard, now }: Workshop, caller: Caller, id: string): Promise<Result<'runs.delete'>> {
  await guard.perform(caller, async (unit, authorize) => {
    const row = await holdToChange(unit, authorize, caller, id, 'run.delete')
    if (isHeld(row.run.state) || row.run.claim !== null) throw stillHeld(row)
    await removeRun(unit, row, now())
  })
  return {}
}

function stillHeld({ id, run }: RunRow): ClavigerError {
  return new ClavigerError('conflict', `A run that is ${stateInWords(run.state)} cannot be deleted.`, {
    hint: `End it first: claviger run end ${id}`,
  })
}

type SendInput = Parameters<Control['runs.send']>[1]

async function send(workshop: Workshop, caller: Caller, input: SendInput): Promise<Result<'runs.send'>> {
  const { row, message } = await workshop.guard.perform(caller, async (unit, authorize) => {
    const held = await holdToChange(unit, authorize, caller, input.id, 'run.send')
    return queue({ unit, authorize, caller }, held, input, workshop.now())
  })
  return { message: messageView(message, 'all'), state: row.run.state }
}

interface Sending {
  readonly unit: StoreGroups
  readonly authorize: Authorize
  readonly caller: Caller
}

async function queue(
  { unit, authorize, caller }: Sending,
  held: RunRow,
  { text, message: named }: SendInput,
  at: number,
): Promise<{ row: RunRow; message: RunMessageRow }> {
  const known = named === undefined ? undefined : await unit.runMessages.get(held.id, named)
  if (known !== undefined) {
    if (known.text !== text) throw another(known.id)
    return { row: held, message: known }
  }
  await mustBeOn(unit, authorize, held, 'run.send')
  mustHaveRoom(await unit.runMessages.list(held.id, ['queued']), text)
  const id = named ?? newId('msg')
  const title = titleOf(held) === '' ? titleIn(text) : ''
  const queued = take(draftOf(held), { is: 'message-queued', at, ...(title !== '' && { title }) }, at)
  const message: RunMessageRow = {
    ...{ runId: held.id, id, position: queued.run.messages, text, state: 'queued', reason: '', claim: null },
    ...{ createdAt: at, createdBy: caller.name, changedAt: at },
  }
  await unit.runMessages.insert(message)
  const draft = tell(queued, { kind: 'message', id, state: 'queued', reason: '' }, at)
  return { row: await settle(unit, draft, at), message }
}

// What nobody could carry out is refused to whoever asks, before it fails where nobody looks.
async function mustBeOn(
  unit: StoreGroups,
  authorize: Authorize,
  { organizationId, harness }: RunRow,
  action: string,
): Promise<void> {
  if (await isDisabled(unit, organizationId, harness)) await authorize(disabledAct(action, harness))
}

function another(id: string): ClavigerError {
  return new ClavigerError('conflict', `Another message of this run is called ${printable(id)}.`, {
    hint: 'Give each message an id of its own.',
  })
}
