// What is done about the next turn of a run: another credential or model is chosen for it; or about this one: it is broken
// off.

import type { Caller } from '../../../domain/caller.ts'
import { isHeld } from '../../../domain/runs/run.ts'
import { type NamedCredential, preferenceOf } from '../../../domain/runs/serving-credential.ts'
import type { RunMessageRow, RunRow } from '../../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../../store/store.ts'
import type { Authorize } from '../../guard.ts'
import type { Control } from '../../use-case.ts'
import type { Workshop } from '../../workshop.ts'
import { type Draft, draftOf, endLeases, moveMessage, settle, take, tell } from '../changing.ts'
import { showRun } from '../reading.ts'
import { holdToChange, sightOf } from '../seeing.ts'
import { summaryView, workerNames } from '../views.ts'
import { mustHaveCandidates } from './naming.ts'

type Choosing = Pick<Control, 'runs.choose' | 'runs.interrupt'>
type Input = Parameters<Control['runs.choose']>[1]

const INTERRUPTED = 'it was interrupted'

export function createChoosingUseCases(workshop: Workshop): Choosing {
  return {
    'runs.choose': async (caller, input) => showRun(workshop, caller, await choose(workshop, caller, input)),
    async 'runs.interrupt'(caller, { id, message }) {
      const row = await interrupt(workshop, caller, id, message)
      const names = await workerNames(workshop.store, row.organizationId)
      return summaryView(row, sightOf(caller, row) ?? 'metadata', names)
    },
  }
}

function choose(workshop: Workshop, caller: Caller, input: Input): Promise<RunRow> {
  const { guard, now } = workshop
  return guard.perform(caller, async (unit, authorize) => {
    const held = await holdToChange(unit, authorize, caller, input.id, 'run.choose')
    const before = preferenceOf(held.wanted, held.run)
    const credential = await chosenCredential({ workshop, unit, authorize, caller }, held, input)
    const what = {
      credential: credential === undefined ? before.credential : credential,
      model: input.model === undefined ? before.model : input.model,
    }
    const words = choiceWords(input, what.credential)
    if (words === null) return held
    const at = now()
    // Whoever waits with what it has looks at this.
    if (held.run.state === 'waiting_for_credentials')
      await endLeases(unit, held, at, 'something else was chosen for its run')
    const text = `${words} from the next turn on: chosen by ${caller.name}.`
    return settle(
      unit,
      tell(take(draftOf(held), { is: 'chosen', what }, at), { kind: 'notice', text }, at),
      at,
    )
  })
}

interface Asking {
  readonly workshop: Workshop
  readonly unit: StoreGroups
  readonly authorize: Authorize
  readonly caller: Caller
}

// Undefined: nothing was said of it.
async function chosenCredential(
  { workshop, unit, authorize, caller }: Asking,
  { harness, team }: RunRow,
  { credential }: Input,
): Promise<NamedCredential | null | undefined> {
  if (credential === undefined || credential === null) return credential
  const sought = { action: 'run.choose', harness, credential, team: team ?? undefined }
  return mustHaveCandidates(workshop, unit, authorize, caller, sought)
}

function choiceWords({ credential, model }: Input, named: NamedCredential | null): string | null {
  const words = [
    ...(credential === undefined
      ? []
      : [named === null ? 'served by whichever credential comes first' : `served by ${named.name} alone`]),
    ...(model === undefined ? [] : [model === null ? 'with no model by name' : `with the model ${model}`]),
  ]
  return words.length === 0 ? null : `It is ${words.join(', ')},`
}

function interrupt(
  { guard, now }: Workshop,
  caller: Caller,
  id: string,
  named: string | undefined,
): Promise<RunRow> {
  return guard.perform(caller, async (unit, authorize) => {
    const held = await holdToChange(unit, authorize, caller, id, 'run.interrupt')
    const message = await messageOf(unit, held, named)
    // What is answered stays answered.
    if (message === undefined || message.state === 'done' || message.state === 'failed') return held
    const at = now()
    return settle(unit, await brokenOff(unit, draftOf(held), message, at), at)
  })
}

async function messageOf(
  { runMessages }: StoreGroups,
  { id }: RunRow,
  named: string | undefined,
): Promise<RunMessageRow | undefined> {
  if (named !== undefined) return runMessages.get(id, named)
  return (await runMessages.list(id, ['sent'], 1))[0]
}

// Whoever has the run says what becomes of the message; one that nobody has is not given to anybody.
async function brokenOff(
  unit: StoreGroups,
  draft: Draft,
  message: RunMessageRow,
  at: number,
): Promise<Draft> {
  const { run } = draft
  if (isHeld(run.state) || run.lost !== null)
    return take(draft, { is: 'interrupted', message: message.id }, at)
  return moveMessage(unit, draft, message, { to: 'failed', reason: INTERRUPTED, at })
}
