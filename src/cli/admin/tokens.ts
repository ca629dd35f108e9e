// `claviger admin tokens`: tokens for people's other machines and for programs.

import type { Role } from '../../domain/caller.ts'
import { checkName } from '../../domain/names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { relativeTime } from '../text.ts'
import { type LifetimeOptions, lifeOf } from './lifetime.ts'

export interface CreateTokenOptions extends LifetimeOptions {
  readonly name: string
  readonly role: Exclude<Role, 'agent' | 'worker'>
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
    answer.tokens.map(({ name, role, holderName, createdAt, lastUsedAt, expiresAt, revokedAt }) => [
      name,
      role,
      holderName,
      relativeTime(createdAt, now),
      lastUsedAt === null ? 'never' : relativeTime(lastUsedAt, now),
      expiresAt === null ? 'never' : relativeTime(expiresAt, now),
      revokedAt === null ? '' : `revoked ${relativeTime(revokedAt, now)}`,
    ])
  const headings = ['NAME', 'ROLE', 'HOLDER', 'CREATED', 'USED', 'EXPIRES', '']
  context.ui.table(answer, headings, rows, 'There are no tokens.')
  return 0
}

export async function revoke(context: Context, _: unknown, [name = '']: readonly string[]): Promise<number> {
  checkName(name)
  const { client } = await connect(context)
  const answer = await client.call('tokens.revoke', { name })
  context.ui.answer(answer, () => [`Revoked ${name}.`])
  return 0
}
