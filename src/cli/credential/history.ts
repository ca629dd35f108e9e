// `credential history NAME`: the versions of its value, newest first.

import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { relativeTime } from '../text.ts'

const HEADINGS = ['VERSION', 'CREATED', 'BY', 'ENDS IN', 'NOTE']

export async function run(context: Context, options: OwnerFlags, words: readonly string[]): Promise<number> {
  const { client, credential } = await findCredential(context, options, words)
  const answer = await client.call('credentials.versions', { id: credential.id })
  const now = Date.now()
  const rows = () =>
    answer.versions.map(({ version, createdAt, createdBy, suffix, note, current }) => [
      `${version}${current ? ' (current)' : ''}`,
      relativeTime(createdAt, now),
      createdBy,
      suffix === '' ? '' : `…${suffix}`,
      note,
    ])
  context.ui.table(answer, HEADINGS, rows, `${credential.name} has no versions.`)
  return 0
}
