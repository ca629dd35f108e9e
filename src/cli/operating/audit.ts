// `claviger audit list` and `acknowledge`: who did what to what, oldest first.

import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { wholeNumber } from '../usage.ts'

const HEADINGS = ['ENTRY', 'AT', 'ACTOR', 'ACTION', 'OBJECT', 'OUTCOME', 'DETAILS']
const PAGE = 1000

type Entry = Output<'audit.list'>['entries'][number]

/** Throws `invalid` over profiles of a machine: what is done there is written down nowhere. */
export function mustHaveLog({ agent }: Pick<Context, 'agent'>): void {
  if (agent === null) return
  throw new ClavigerError('invalid', 'There is no audit log without a server.', {
    hint: 'Keep accounts on a server to have one: claviger models push',
  })
}

export interface ListOptions {
  readonly after?: string
  readonly limit?: string
}

export async function list(context: Context, options: ListOptions): Promise<number> {
  const limit = wholeNumber('--limit', options.limit ?? String(Number.MAX_SAFE_INTEGER))
  mustHaveLog(context)
  let after: string | undefined = String(wholeNumber('--after', options.after ?? '0'))
  const { client } = await connect(context)
  const entries: Entry[] = []
  while (after !== undefined && entries.length < limit) {
    const page: Output<'audit.list'> = await client.call('audit.list', {
      limit: Math.min(PAGE, limit - entries.length),
      after,
    })
    entries.push(...page.entries)
    after = page.next ?? undefined
  }
  const empty =
    options.after === undefined ? 'Nothing was done yet.' : `There is nothing after entry ${options.after}.`
  context.ui.table({ entries }, HEADINGS, () => entries.map(row), empty)
  return 0
}

export async function acknowledge(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('audit.acknowledge', {})
  context.ui.answer(answer, () => [
    answer.acknowledged === 0 ? 'There was nothing to acknowledge.' : 'Acknowledged.',
  ])
  return 0
}

function row({ position, at, actor, action, object, outcome, details }: Entry): string[] {
  const texts = Object.entries(details).map(([name, value]) => `${name}=${value}`)
  return [
    String(position),
    at,
    actor.name,
    action,
    `${object.kind} ${object.name}`,
    outcome,
    texts.join(', '),
  ]
}
