// `claviger whoami`: who this terminal is, and to which server.

import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import type { WhoAmI } from '../owner-flags.ts'
import { lookAt, sayOther } from '../signing-in/known-servers.ts'
import { labelled } from '../text.ts'
import { asWorkerHere } from './machine-words.ts'

export async function run(given: Context): Promise<number> {
  const context = given.agent === null ? await asWorkerHere(given) : given
  const { client, server, tokenSource } = await connect(context)
  const who = await client.call('whoami', {})
  // Where it listens in this process is nobody else's business.
  const profiles = context.agent === null ? null : (await context.profiles()).file
  const look = profiles === null ? await lookAt(context.settings().stateDirectory, server) : null
  const fingerprint = look?.now?.fingerprint ?? null
  const where = profiles === null ? { server, fingerprint } : { server: null, profiles }
  context.ui.answer({ ...where, tokenSource, ...who }, () =>
    labelled([
      ['name', who.name],
      ['role', who.role],
      ['organization', who.organization.name],
      ...(who.kind === 'person'
        ? [['teams', who.teams.length === 0 ? 'none' : who.teams.join(', ')] as const]
        : [['draws on', drawsOn(who)] as const]),
      profiles === null ? (['server', server] as const) : (['profiles', profiles] as const),
      ['fingerprint', fingerprint ?? undefined],
      ['signed in by', tokenSource ?? undefined],
    ]),
  )
  const other = look === null ? null : sayOther(server, look)
  if (other !== null) context.ui.note(`warning: ${other}`)
  return 0
}

// Whose credentials a machine gets.
function drawsOn({ kind, agent }: WhoAmI): string {
  if (kind === 'agent') return 'its own credentials, and those attached to it'
  return agent === null
    ? "the organization's credentials"
    : `the credentials of the agent ${agent}, and those attached to it`
}
