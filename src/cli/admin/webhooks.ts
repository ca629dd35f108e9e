// `claviger admin webhook`: where the organization is told of what happens to its logins.

import { ClavigerError } from '../../domain/errors.ts'
import { EVENT_NAMES, type EventName } from '../../domain/telling/events.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { relativeTime } from '../text.ts'

export interface AddWebhookOptions {
  readonly description?: string
  readonly event?: readonly string[]
}

/** Prints the secret, once. */
export async function add(
  context: Context,
  { description, event }: AddWebhookOptions,
  [url = '']: readonly string[],
): Promise<number> {
  const events = event?.map(checkedName)
  const { client } = await connect(context)
  const made = await client.call('webhooks.create', {
    url,
    ...(description !== undefined && { description }),
    ...(events !== undefined && { events }),
  })
  context.ui.answer(made, () => [made.secret])
  context.ui.note(
    `Secret of the webhook ${made.id}, shown this once. Check signatures with it: https://www.standardwebhooks.com`,
  )
  context.ui.note(`Next: claviger admin webhook test ${made.id}`)
  return EXIT.ok
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('webhooks.list', {})
  const now = Date.now()
  const rows = () =>
    answer.webhooks.map(({ id, url, events, createdAt, description }) => [
      ...[id, url, events === null ? 'all' : events.join(' '), relativeTime(createdAt, now), description],
    ])
  context.ui.table(answer, ['ID', 'URL', 'EVENTS', 'ADDED', ''], rows, 'There are no webhooks.')
  return EXIT.ok
}

export async function remove(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('webhooks.remove', { id })
  context.ui.answer(answer, () => [`Removed the webhook ${id}.`])
  return EXIT.ok
}

/** Exit 1 when the webhook did not take it. */
export async function test(context: Context, _: unknown, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('webhooks.test', { id })
  const said = answer.delivered ? 'Delivered' : 'Not delivered'
  context.ui.answer(answer, () => [`${said}: ${answer.status}`])
  return answer.delivered ? EXIT.ok : EXIT.failed
}

function checkedName(text: string): EventName {
  const name = EVENT_NAMES.find((one) => one === text)
  if (name !== undefined) return name
  throw new ClavigerError('invalid', `There is no event ${text}.`, {
    hint: `These there are: ${EVENT_NAMES.join(', ')}`,
  })
}
