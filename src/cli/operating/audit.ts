// `claviger audit list`: who did what to what, oldest first.

import type { Output } from '../../api/schemas.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'

const HEADINGS = ['AT', 'ACTOR', 'ACTION', 'OBJECT', 'OUTCOME', 'DETAILS']

type Entry = Output<'audit.list'>['entries'][number]

export async function run(context: Context): Promise<number> {
  const { client } = await connect(context)
  const entries: Entry[] = []
  let after: string | undefined
  do {
    const page = await client.call('audit.list', { limit: 1000, ...(after !== undefined && { after }) })
    entries.push(...page.entries)
    after = page.next ?? undefined
  } while (after !== undefined)
  context.ui.table({ entries }, HEADINGS, () => entries.map(row), 'Nothing was done yet.')
  return 0
}

function row({ at, actor, action, object, outcome, details }: Entry): string[] {
  const texts = Object.entries(details).map(([name, value]) => `${name}=${value}`)
  return [at, actor.name, action, `${object.kind} ${object.name}`, outcome, texts.join(', ')]
}
