// `claviger login --approve CODE`: lets another terminal in as whoever this terminal is, or turns it away.

import { ClavigerError } from '../../domain/errors.ts'
import { readUserCode } from '../../domain/token.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { labelled, relativeTime } from '../text.ts'
import { patiently } from './patience.ts'

export async function approve(context: Context, typed: string, force: boolean): Promise<number> {
  const { ui } = context
  if (readUserCode(typed) === null) {
    throw new ClavigerError('invalid', 'That is not a code that a terminal shows.', {
      hint: 'It is written like BCDF-GHJK.',
    })
  }
  const { client, server } = await connect(context)
  const who = await client.call('whoami', {})
  const terminal = await patiently(ui.note, () => client.call('device.describe', { userCode: typed }))
  const { userCode, address, createdAt } = terminal
  const about = labelled([
    ['machine', terminal.client],
    ['address', address],
    ['asked', relativeTime(createdAt, Date.now())],
    ['would be', `${who.name} of ${who.organization.name}, on ${server}`],
  ])
  for (const line of about) ui.note(line)
  if (!force) {
    ui.note('Let it in only if you typed "claviger login" there just now, and it shows this code.')
    if (!ui.interactive) {
      throw new ClavigerError('invalid', 'Refusing to let it in without confirmation; use --force', {
        hint: `Type: claviger login --approve ${userCode} --force`,
      })
    }
    if (!(await ui.confirm(`Let ${terminal.client} in as ${who.name}?`))) {
      await client.call('device.deny', { userCode })
      throw new ClavigerError('forbidden', `${terminal.client} was turned away.`, {
        hint: 'It can ask again: claviger login',
      })
    }
  }
  await client.call('device.approve', { userCode })
  ui.answer({ approved: terminal }, () => [`${terminal.client} is signed in as ${who.name}.`])
  return 0
}
