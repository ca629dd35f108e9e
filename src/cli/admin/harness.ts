// `claviger admin harness`: which coding agent programs the organization may use.

import type { HarnessName } from '../../domain/harness-names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { relativeTime } from '../text.ts'

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('harnesses.list', {})
  const now = Date.now()
  const rows = () =>
    answer.harnesses.map(({ harness, title, enabled, since, by }) => [
      harness,
      title,
      enabled ? 'enabled' : 'disabled',
      since === null ? '' : relativeTime(since, now),
      by ?? '',
    ])
  context.ui.table(answer, ['HARNESS', 'NAME', 'STATE', 'SINCE', 'BY'], rows, 'There are no harnesses.')
  return 0
}

export function enable(context: Context, _: unknown, words: readonly string[]): Promise<number> {
  return turn(context, words, true)
}

export function disable(context: Context, _: unknown, words: readonly string[]): Promise<number> {
  return turn(context, words, false)
}

async function turn(context: Context, [harness]: readonly string[], enabled: boolean): Promise<number> {
  const { client } = await connect(context)
  // Which words are harnesses is checked by the parser, and by the server.
  const answer = await client.call('harnesses.set', { harness: harness as HarnessName, enabled })
  context.ui.answer(answer, () => [
    enabled
      ? `${answer.title} is enabled for this organization.`
      : `${answer.title} is disabled for this organization: no run of it gets a credential.`,
  ])
  return 0
}
