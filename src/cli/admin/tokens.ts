// `claviger admin tokens`: tokens for people's other machines and for programs.

import type { Role } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName, printable } from '../../domain/names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { durationSeconds, relativeTime } from '../text.ts'

// What the server takes.
const SHORTEST_SECONDS = 60
const LONGEST_SECONDS = 3650 * 86_400

export interface CreateTokenOptions {
  readonly name: string
  readonly role: Exclude<Role, 'agent' | 'worker'>
  readonly expiresIn?: string
  /** False with --no-expiry; commander gives true when neither was said. */
  readonly expiry: boolean
}

export async function create(context: Context, options: CreateTokenOptions): Promise<number> {
  const { name, role } = options
  checkName(name)
  const expiresInSeconds = lifeOf(options)
  const { client } = await connect(context)
  const made = await client.call('tokens.create', { name, role, expiresInSeconds })
  const { token, expiresAt } = made
  context.ui.answer(made, () => [token])
  const end = expiresAt === null ? 'It never expires' : `It expires ${relativeTime(expiresAt, Date.now())}`
  context.ui.note(
    `Token ${name} (${role}), shown this once. ${end}; end it with: claviger admin tokens revoke ${name}`,
  )
  return 0
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('tokens.list', {})
  const now = Date.now()
  const rows = () =>
    answer.tokens.map(({ name, role, holder, createdAt, expiresAt, revokedAt }) => [
      name,
      role,
      holder,
      relativeTime(createdAt, now),
      expiresAt === null ? 'never' : relativeTime(expiresAt, now),
      revokedAt === null ? '' : `revoked ${relativeTime(revokedAt, now)}`,
    ])
  context.ui.table(answer, ['NAME', 'ROLE', 'HOLDER', 'CREATED', 'EXPIRES', ''], rows, 'There are no tokens.')
  return 0
}

export async function revoke(context: Context, _: unknown, [name = '']: readonly string[]): Promise<number> {
  checkName(name)
  const { client } = await connect(context)
  const answer = await client.call('tokens.revoke', { name })
  context.ui.answer(answer, () => [`Revoked ${name}.`])
  return 0
}

// Oz's rule: how long a token lives is always said, never assumed.
function lifeOf({ expiresIn, expiry }: CreateTokenOptions): number | null {
  if ((expiresIn === undefined) === expiry) {
    throw new ClavigerError('invalid', 'Say how long the token lives.', {
      hint: 'Give --expires-in 30d (or 12h, 90m), or --no-expiry; not both.',
    })
  }
  if (expiresIn === undefined) return null
  const seconds = durationSeconds(expiresIn)
  if (seconds !== null && seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS) return seconds
  if (seconds !== null) {
    throw new ClavigerError('invalid', 'A token lives for at least 60 seconds and at most 3650 days.', {
      hint: 'Give for example --expires-in 30d, or --no-expiry.',
    })
  }
  throw new ClavigerError('invalid', `"${printable(expiresIn)}" is not a duration.`, {
    hint: 'Write it like 30d, 12h, 90m or 3600s.',
  })
}
