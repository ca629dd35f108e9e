// `claviger run show`: one run, with every credential that served it and why.

import type { Output } from '../../api/schemas.ts'
import { formatOwner } from '../../domain/owner.ts'
import { stateInWords } from '../../domain/runs/run.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { columns, labelled, plain, relativeTime } from '../text.ts'
import { choiceInWords } from './choose.ts'
import { goesOn } from './ending.ts'

type Run = Output<'runs.read'>

export interface ShowOptions {
  readonly before?: string
}

export async function run(
  context: Context,
  { before }: ShowOptions,
  [id = '']: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  const found = await client.call('runs.read', { id, ...(before !== undefined && { before }) })
  context.ui.answer(found, () => linesOf(found, Date.now()))
  return 0
}

/** Everything there is to know about it, a line each. */
export function linesOf(run: Run, now: number): string[] {
  return [...facts(run, now), ...served(run, now), ...tried(run), ...messages(run, now)]
}

function facts(run: Run, now: number): string[] {
  const { wanted, usage, credential } = run
  const state = stateInWords(run.state)
  return labelled([
    ['id', run.id],
    ['state', run.reason === '' ? state : `${state}: ${run.reason}`],
    ['since', relativeTime(run.since, now)],
    ['then', run.state === 'waiting_for_credentials' ? goesOn(run) : undefined],
    ['wish', run.wish ?? undefined],
    ['look', run.link ?? undefined],
    ['hint', run.hint ?? undefined],
    ['harness', run.harness],
    ['for', run.for.name],
    ['team', run.team ?? undefined],
    ['worker', run.worker?.name ?? (wanted.worker === null ? undefined : `${wanted.worker} only`)],
    ['credential', credential === null ? undefined : named(credential, run)],
    ['asked for', wanted.credential === null ? undefined : `${wanted.credential}, and no other`],
    ['chosen', run.chosen === null ? undefined : choiceInWords(run.chosen)],
    ['workspace', workspaceOf(wanted.workspace)],
    ['access', wanted.access],
    ['model', wanted.model ?? undefined],
    ['tokens', `${usage.input} in, ${usage.cachedInput} of them cached, ${usage.output} out`],
  ])
}

function named({ name, type, owner, suffix }: NonNullable<Run['credential']>, run: Run): string {
  // A person's serves that person only.
  const whose = owner === formatOwner({ kind: 'user', id: run.for.id }) ? run.for.name : owner
  return `${name} (${type} of ${whose}${suffix === '' ? '' : `, …${suffix}`})`
}

function workspaceOf(workspace: Run['wanted']['workspace']): string {
  if (workspace.kind === 'fresh') return 'an empty directory of its own'
  if (workspace.kind === 'directory') return workspace.path
  return workspace.ref === null ? workspace.url : `${workspace.url} at ${workspace.ref}`
}

function served(run: Run, now: number): string[] {
  const { served: rows } = run
  if (rows.length === 0) return []
  const cells = rows.map(({ credential, startedAt, turns, reason }) => [
    credential === null ? "the machine's own login" : named(credential, run),
    relativeTime(startedAt, now),
    String(turns),
    reason,
  ])
  return ['', ...columns(['SERVED BY', 'FROM', 'TURNS', 'BECAUSE'], cells)]
}

function tried({ tried: all }: Run): string[] {
  if (all.length === 0) return []
  return [
    '',
    'Refused with:',
    ...all.map(({ name, type, reason }) => plain(`  ${name} (${type}): ${reason}`)),
  ]
}

function messages({ id: runId, before, messages: all }: Run, now: number): string[] {
  if (all.length === 0) return []
  const cells = all.map(({ id, state, reason, text, createdAt }) => [
    id,
    reason === '' ? state : `${state}: ${reason}`,
    relativeTime(createdAt, now),
    (text ?? '').split('\n')[0]?.slice(0, 60) ?? '',
  ])
  const earlier =
    before === null ? [] : [`There are earlier ones: claviger run show ${runId} --before ${before}`]
  return ['', ...columns(['MESSAGE', 'STATE', 'SENT', 'TEXT'], cells), ...earlier]
}
