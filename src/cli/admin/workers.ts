// `claviger admin worker`: machines that run agents, each with a token of its own.

import { checkName } from '../../domain/names.ts'
import { ownDirectoryLine } from '../commands/enrolling.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { relativeTime } from '../text.ts'
import { ended } from './agents.ts'
import { secondsOf } from './lifetime.ts'

export interface EnrolOptions {
  readonly agent?: string
  readonly expiresIn?: string
}

/** Prints the code that enrols one machine, once. */
export async function enrol(
  context: Context,
  { agent, expiresIn = '1h' }: EnrolOptions,
  [name = '']: readonly string[],
): Promise<number> {
  checkName(name)
  const expiresInSeconds = secondsOf(expiresIn)
  const { client, server: here } = await connect(context)
  const made = await client.call('workers.enrol', {
    name,
    expiresInSeconds,
    ...(agent !== undefined && { agent }),
  })
  const server = made.server ?? here
  context.ui.answer(made, () => [made.code])
  const as = agent === undefined ? '' : `, as the agent ${agent}`
  context.ui.note(
    `Code for the worker ${name}${as}, shown this once. It works once, and expires ${relativeTime(made.expiresAt, Date.now())}.`,
  )
  context.ui.note(`On that machine: claviger worker --server ${server} --enrol`)
  context.ui.note(`Beside the login of a person, as on this one: ${ownDirectoryLine(server)}`)
  return 0
}

const INSTEAD = 'Carry out runs on another machine or as another user: claviger admin worker enrol NAME'

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('workers.list', {})
  const now = Date.now()
  const rows = () =>
    answer.workers.map(
      ({ name, state, off, agent, enrolledAt, lastSeenAt, programs, runs, version, server }) => [
        name,
        off === null ? state : 'off',
        agent ?? '',
        enrolledAt === null ? '' : relativeTime(enrolledAt, now),
        lastSeenAt === null ? '' : relativeTime(lastSeenAt, now),
        (programs ?? []).map(({ harness, version }) => [harness, version ?? ''].join(' ').trim()).join(', '),
        runs.length === 0 ? '' : String(runs.length),
        version ?? '',
        server ?? '',
      ],
    )
  const columns = ['NAME', 'STATE', 'AGENT', 'ENROLLED', 'SEEN', 'PROGRAMS', 'RUNS', 'VERSION', 'SERVER']
  context.ui.table(answer, columns, rows, 'There are no workers.')
  for (const { name, off } of answer.workers) {
    if (off !== null) context.ui.note(`${name} is off, because ${off}. ${INSTEAD}`)
  }
  return 0
}

export async function revoke(context: Context, _: unknown, [name = '']: readonly string[]): Promise<number> {
  checkName(name)
  const { client } = await connect(context)
  const answer = await client.call('workers.revoke', { name })
  context.ui.answer(answer, () => [`Revoked the worker ${name}.${ended(answer.ended)}`])
  return 0
}
