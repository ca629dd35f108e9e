// `claviger run logs`: what happened in a run, and with --follow what happens.

import { runNews } from '../../client/run-news.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context, GlobalOptions } from '../context.ts'
import { follow, show } from './follow.ts'
import { saidIn } from './said.ts'

interface LogsOptions extends GlobalOptions {
  readonly follow?: boolean
  readonly after?: string
}

export async function run(
  context: Context,
  { follow: follows, after: text = '0', json = false }: LogsOptions,
  [id = '']: readonly string[],
): Promise<number> {
  if (!/^\d{1,15}$/.test(text))
    throw new ClavigerError('invalid', '--after is the position of an event, a whole number.')
  const [connection, after] = [await connect(context), Number(text)]
  if (follows) return follow(context, connection, { id, after, until: null, json })
  const never = new AbortController()
  const said = saidIn(connection, id)
  for await (const news of runNews({ ...connection, runId: id, after, follow: false }, never.signal))
    await show(context, news, { json, said })
  return 0
}
