// A run is asked for. Whose credentials may serve it is decided anew by every process of it; here it is made sure that
// there is something to serve it at all.

import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { newRun } from '../../domain/runs/run.ts'
import { titleIn } from '../../domain/runs/title.ts'
import { checkWorkspace, directoryOf, isMovable } from '../../domain/runs/workspace.ts'
import { newId } from '../../lib/id.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { absent } from '../guard.ts'
import { preferred } from '../settings/preferences.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { draftOf, settle, take, tell } from './changing.ts'
import { mustHaveCandidates } from './choosing/naming.ts'
import { showRun } from './reading.ts'
import { actOn } from './seeing.ts'

export type StartInput = Parameters<Control['runs.create']>[1] & {
  /** What its first message is called; missing: by a new id. */
  readonly message?: string
}
type Input = StartInput & { readonly harness: HarnessName }

export function createStartingUseCases(workshop: Workshop): Pick<Control, 'runs.create'> {
  return {
    async 'runs.create'(caller, input) {
      checkWorkspace(input.workspace)
      return showRun(workshop, caller, await startRun(workshop, caller, input))
    },
  }
}

/** What is stored in the unit that begins a run. */
export type Alongside = (unit: StoreGroups, row: RunRow) => Promise<void>

/** Of several with the same key one is first; the others find it. `alongside`: done once, with the first. */
export async function startRun(
  workshop: Workshop,
  caller: Caller,
  given: StartInput,
  alongside: Alongside = async () => undefined,
): Promise<RunRow> {
  const input = await preferred(workshop.store, caller, given)
  try {
    return await tryToStart(workshop, caller, input, alongside)
  } catch (thrown) {
    const isTaken = thrown instanceof ClavigerError && thrown.code === 'conflict'
    if (!isTaken || input.key === undefined) throw thrown
    return tryToStart(workshop, caller, input, alongside)
  }
}

function tryToStart(workshop: Workshop, caller: Caller, input: Input, alongside: Alongside): Promise<RunRow> {
  const { guard, now } = workshop
  return guard.perform(caller, async (unit, authorize) => {
    const known = await sameKey(unit, caller, input.key)
    if (known !== undefined) {
      if (!(await isTheSame(unit, known, input))) throw anotherOfThisKey(known)
      await authorize(actOn(known, 'run.create', { general: 'startRuns' }, { again: true }))
      return known
    }
    const { harness, team, credential: named } = input
    const wanted = { action: 'run.create', harness, team, credential: named }
    const credential = await mustHaveCandidates(workshop, unit, authorize, caller, wanted)
    const pin = input.worker === undefined ? null : await workerNamed(unit, caller, input.worker)
    const row = rowOf(caller, input, { credential, pin, at: now() })
    await authorize(
      actOn(
        row,
        'run.create',
        { general: 'startRuns' },
        {
          ...{ access: input.access, workspace: input.workspace.kind },
          ...(credential !== null && { credential: credential.id }),
        },
      ),
    )
    await unit.runs.insert(row)
    await alongside(unit, row)
    return begin(unit, caller, row, input)
  })
}

async function begin(
  unit: StoreGroups,
  caller: Caller,
  row: RunRow,
  { prompt, message }: Pick<StartInput, 'prompt' | 'message'>,
) {
  const at = row.createdAt
  let draft = tell(draftOf(row), { kind: 'state', state: 'queued', reason: '' }, at)
  if (prompt !== undefined) {
    const id = message ?? newId('msg')
    draft = tell(
      take(draft, { is: 'message-queued', at }, at),
      { kind: 'message', id, state: 'queued', reason: '' },
      at,
    )
    await unit.runMessages.insert({
      ...{ runId: row.id, id, position: draft.run.messages, text: prompt, state: 'queued', reason: '' },
      ...{ claim: null, createdAt: at, createdBy: caller.name, changedAt: at },
    })
  }
  const begun = await settle(unit, draft, at)
  await unit.signals.send('queue', row.organizationId)
  return begun
}

async function sameKey(
  unit: StoreGroups,
  { organizationId, kind, id }: Caller,
  key: string | undefined,
): Promise<RunRow | undefined> {
  if (key === undefined || kind === 'worker') return undefined
  const subject = { subjectKind: kind, subjectId: id }
  return (await unit.runs.list(organizationId, { subject, key }, { limit: 1 }))[0]
}

// Whether this is asked for a second time, and nothing else.
async function isTheSame(unit: StoreGroups, known: RunRow, input: Input): Promise<boolean> {
  const { pin, harness, team, organizationId, wanted } = known
  const { credential, workspace, access, model } = wanted
  const named: (string | undefined)[] =
    credential === null
      ? [undefined]
      : [credential.id, credential.name, `${credential.owner}/${credential.name}`]
  const worker = pin === null ? undefined : await unit.workers.get(organizationId, pin)
  const pinned: (string | undefined)[] = pin === null ? [undefined] : [pin, worker?.name ?? pin]
  return (
    harness === input.harness &&
    access === input.access &&
    model === (input.model ?? null) &&
    team === (input.team ?? null) &&
    named.includes(input.credential) &&
    pinned.includes(input.worker) &&
    isDeepStrictEqual(workspace, input.workspace) &&
    (await promptOf(unit, known)) === input.prompt
  )
}

// What it began with. Of one that began with nothing no title is kept there, whatever was said later.
async function promptOf({ runMessages }: StoreGroups, { id, wanted }: RunRow): Promise<string | undefined> {
  const [first] = await runMessages.list(id, undefined, 1)
  return wanted.title !== '' || first?.text.trim() === '' ? first?.text : undefined
}

function anotherOfThisKey({ id }: RunRow): ClavigerError {
  return new ClavigerError('conflict', `Another run was started under this key: ${id}.`, {
    hint: 'Give each run a key of its own, or ask for the same: harness, first message, workspace and all.',
  })
}

async function workerNamed(unit: StoreGroups, { organizationId }: Caller, name: string): Promise<string> {
  const rows = await unit.workers.list(organizationId)
  const row = rows.find((one) => one.revokedAt === null && (one.name === name || one.id === name))
  if (row === undefined) throw absent('worker', name)
  return row.id
}

interface Found {
  readonly credential: RunRow['wanted']['credential']
  readonly pin: string | null
  readonly at: number
}

function rowOf(caller: Caller, input: Input, { credential, pin, at }: Found): RunRow {
  const { harness, workspace, access, model = null, team = null, key = null, prompt = '' } = input
  return {
    id: newId('run'),
    organizationId: caller.organizationId,
    subjectKind: caller.kind === 'agent' ? 'agent' : 'person',
    subjectId: caller.id,
    subjectName: caller.name,
    ...{ team, harness, pin, key },
    wanted: { credential, model, access, workspace, title: titleIn(prompt) },
    directory: directoryOf(workspace),
    movable: isMovable(workspace),
    revision: 1,
    run: newRun(at),
    seenAt: null,
    createdAt: at,
  }
}
