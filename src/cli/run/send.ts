// `claviger run send`: a message to a run.

import { connect } from '../connection.ts'
import type { Context, GlobalOptions } from '../context.ts'
import { follow } from './follow.ts'
import { mustBeSaid, textFrom } from './input.ts'

interface SendOptions extends GlobalOptions {
  readonly once?: string
  readonly follow?: boolean
}

export async function run(
  context: Context,
  { once, follow: follows, json = false }: SendOptions,
  [id = '', given]: readonly string[],
): Promise<number> {
  const text = given === undefined ? await textFrom(context) : mustBeSaid(given)
  const connection = await connect(context)
  const { client } = connection
  const after = follows ? (await client.call('runs.read', { id })).lastEvent : 0
  const answer = await client.call('runs.send', { id, text, ...(once !== undefined && { message: once }) })
  if (follows) return follow(context, connection, { id, after, until: answer.message.id, json })
  context.ui.answer(answer, () => [answer.message.id])
  context.ui.note(answer.state === 'queued' ? 'It goes on as soon as a worker takes it.' : 'It is queued.')
  return 0
}
