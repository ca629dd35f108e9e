// `claviger admin members add|link|invitations|uninvite`: letting people in by links that work once.

import type { Output, Request } from '../../api/schemas.ts'
import { checkEmail } from '../../domain/email.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { linkFromHere } from '../signing-in/links.ts'
import { durationSeconds, relativeTime } from '../text.ts'

// What the server takes.
const SHORTEST_SECONDS = 60
const LONGEST_SECONDS = 30 * 86_400

export interface AddOptions {
  readonly role: Request<'invitations.create'>['role']
  readonly team?: readonly string[]
  readonly expiresIn?: string
}

export async function add(
  context: Context,
  { role, team = [], expiresIn }: AddOptions,
  [given = '']: readonly string[],
): Promise<number> {
  const email = checkEmail(given)
  const life = expiresIn === undefined ? {} : { expiresInSeconds: secondsOf(expiresIn) }
  const { client } = await connect(context)
  const made = await client.call('invitations.create', { email, role, teams: [...team], ...life })
  show(context, client.server, made, `Invited ${made.email} as ${made.role}.`)
  return 0
}

export async function link(context: Context, _: unknown, [member = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const made = await client.call('members.link', { member })
  show(context, client.server, made, `With this link ${made.email} sets a new password.`)
  return 0
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('invitations.list', {})
  const now = Date.now()
  const rows = () =>
    answer.invitations.map(({ email, kind, role, teams, createdBy, expiresAt }) => [
      email,
      kind === 'join' ? 'to join' : 'to sign in',
      role,
      teams.join(', '),
      createdBy,
      relativeTime(expiresAt, now),
    ])
  const headings = ['E-MAIL', 'FOR', 'ROLE', 'TEAMS', 'BY', 'EXPIRES']
  context.ui.table(answer, headings, rows, 'Nobody is invited.')
  return 0
}

export async function uninvite(
  context: Context,
  _: unknown,
  [email = '']: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  const { invitations } = await client.call('invitations.list', {})
  const found = invitations.filter((one) => one.email === email.toLowerCase())
  if (found.length === 0) {
    throw new ClavigerError('not_found', `Nothing that was sent to ${printable(email)} can be used.`, {
      hint: 'See what can: claviger admin members invitations',
    })
  }
  for (const { id } of found) await client.call('invitations.revoke', { id })
  context.ui.answer({ revoked: found.map(({ id }) => id) }, () => [`${email} is not invited any more.`])
  return 0
}

function show({ ui }: Context, server: string, created: Output<'invitations.create'>, what: string): void {
  const made = { ...created, link: linkFromHere(server, created.link) }
  ui.answer(made, () => [made.link])
  ui.note(
    `${what} It is shown this once, works once, and expires ${relativeTime(made.expiresAt, Date.now())}.`,
  )
  ui.note(
    `In a terminal: claviger login --invitation. To end it: claviger admin members uninvite ${made.email}`,
  )
}

function secondsOf(text: string): number {
  const seconds = durationSeconds(text)
  if (seconds !== null && seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS) return seconds
  const what =
    seconds === null ? `"${printable(text)}" is not a duration.` : 'A link works for 60 seconds to 30 days.'
  throw new ClavigerError('invalid', what, { hint: 'Write it like 7d, 12h, 90m or 3600s.' })
}
