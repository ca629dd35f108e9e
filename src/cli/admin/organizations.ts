// `claviger admin organizations`: for those who operate the installation.

import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { linkFromHere } from '../signing-in/links.ts'

export interface CreateOrganizationOptions {
  readonly owner: string
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('organizations.list', {})
  const rows = () => answer.organizations.map(({ name, id }) => [name, id])
  context.ui.table(answer, ['NAME', 'ID'], rows, 'There are no organizations.')
  return 0
}

export async function create(
  context: Context,
  { owner }: CreateOrganizationOptions,
  [name = '']: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  const made = await client.call('organizations.create', { name, owner })
  context.ui.answer(made, () => [
    `Made ${made.name} (${made.id}); its owner is ${made.owner.email}.`,
    ...(made.link === undefined ? [] : [linkFromHere(client.server, made.link)]),
  ])
  if (made.link !== undefined)
    context.ui.note('With this link, shown once, the owner sets a password. It works once, within a day.')
  return 0
}
