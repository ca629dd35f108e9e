// `claviger admin harness`: which coding agent programs the organization may use.

import { ClavigerError } from '../../domain/errors.ts'
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

/** Without a word it says what holds. `none`: nothing does. */
export async function prefer(
  context: Context,
  { model }: { readonly model?: string },
  [harness]: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  const wanted = harness === 'none' ? null : (harness as HarnessName | undefined)
  if (model !== undefined && (wanted === undefined || wanted === null))
    throw new ClavigerError('invalid', 'Of which harness is this the model?', {
      hint: 'For example: claviger admin harness default claude --model opus',
    })
  const models = wanted && model !== undefined ? { models: { [wanted]: model === '' ? null : model } } : {}
  const answer =
    wanted === undefined
      ? await client.call('defaults.get', {})
      : await client.call('defaults.set', { harness: wanted, ...models })
  context.ui.answer(answer, () => [
    answer.harness === null
      ? 'Runs that do not say, of people who prefer nothing, are refused.'
      : `Runs that do not say, of people who prefer nothing, are of ${answer.harness}, model: ${answer.models[answer.harness] ?? 'its own choice'}.`,
  ])
  return 0
}
