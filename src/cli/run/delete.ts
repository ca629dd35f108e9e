// `claviger run delete ID`: asks, and removes it for good.

import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'

export interface DeleteRunOptions {
  readonly force?: boolean
}

export async function run(
  context: Context,
  { force }: DeleteRunOptions,
  [id = '']: readonly string[],
): Promise<number> {
  const { ui } = context
  const { client } = await connect(context)
  if (force !== true) {
    if (!ui.interactive) {
      throw new ClavigerError('invalid', 'Refusing to delete a run without confirmation; use --force', {
        hint: `Type: claviger run delete --force ${id}. It cannot be undone.`,
      })
    }
    const { title } = await client.call('runs.read', { id })
    const what = title === '' ? `the run ${id}` : `the run “${title}”`
    if (!(await ui.confirm(`Delete ${what} and all that was said in it? This cannot be undone.`))) {
      throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was deleted.' })
    }
  }
  await client.call('runs.delete', { id })
  ui.answer({ deleted: { id } }, () => [`Deleted the run ${id}.`])
  return 0
}
