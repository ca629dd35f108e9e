// `claviger run list`: runs, newest first.

import type { HarnessName } from '../../domain/harness-names.ts'
import { type RunState, stateInWords } from '../../domain/runs/run.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { relativeTime } from '../text.ts'

interface ListOptions {
  readonly state?: RunState
  readonly of?: HarnessName
  readonly mine?: boolean
  readonly after?: string
  readonly limit?: string
}

const TITLE_AT_MOST = 50

export async function run(
  context: Context,
  { state, of: harness, mine, after, limit }: ListOptions,
): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('runs.list', {
    ...(state !== undefined && { state }),
    ...(harness !== undefined && { harness }),
    ...(mine && { mine: 'true' }),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit }),
  })
  const now = Date.now()
  const rows = () =>
    answer.runs.map((one) => [
      one.id,
      stateInWords(one.state),
      one.harness,
      one.for.name,
      one.credential?.name ?? '',
      relativeTime(one.createdAt, now),
      one.title.length > TITLE_AT_MOST ? `${one.title.slice(0, TITLE_AT_MOST - 1)}…` : one.title,
    ])
  const headings = ['ID', 'STATE', 'HARNESS', 'FOR', 'CREDENTIAL', 'BEGUN', 'MESSAGE']
  context.ui.table(
    answer,
    headings,
    rows,
    'There are no runs. Start one: claviger run --harness claude --prompt TEXT',
  )
  if (answer.next !== null) context.ui.note(`There are more: claviger run list --after ${answer.next}`)
  return 0
}
