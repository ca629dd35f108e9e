// `claviger run list`: runs, newest first.

import type { HarnessName } from '../../domain/harness-names.ts'
import { type RunState, stateInWords } from '../../domain/runs/run.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { relativeTime } from '../text.ts'
import { wholeNumber } from '../usage.ts'

interface ListOptions {
  readonly state?: RunState
  readonly harness?: HarnessName
  readonly mine?: boolean
  readonly after?: string
  readonly limit?: string
}

const TITLE_AT_MOST = 50

export async function run(context: Context, options: ListOptions): Promise<number> {
  const { state, harness, mine, after, limit } = options
  const { client } = await connect(context)
  const answer = await client.call('runs.list', {
    ...(state !== undefined && { state }),
    ...(harness !== undefined && { harness }),
    ...(mine && { mine: 'true' }),
    ...(after !== undefined && { after }),
    ...(limit !== undefined && { limit: String(wholeNumber('--limit', limit)) }),
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
  if (answer.next !== null) context.ui.note(`There are more: ${lineOf({ ...options, after: answer.next })}`)
  return 0
}

// What to type for the same list from there on.
function lineOf({ state, harness, mine, limit, after }: ListOptions): string {
  const values = Object.entries({ state, harness, limit, after })
  const given = values.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
  return shellCommand(['claviger', 'run', 'list', ...(mine ? ['--mine'] : []), ...given])
}
