// `claviger whoami`: who this terminal is, and to which server.

import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { labelled } from '../text.ts'

export async function run(context: Context): Promise<number> {
  const { client, server, tokenSource } = await connect(context)
  const who = await client.call('whoami', {})
  context.ui.answer({ server, tokenSource, ...who }, () =>
    labelled([
      ['name', who.name],
      ['role', who.role],
      ['organization', who.organization.name],
      ['teams', who.teams.length === 0 ? 'none' : who.teams.join(', ')],
      ['server', server],
      ['signed in by', tokenSource ?? undefined],
    ]),
  )
  return 0
}
