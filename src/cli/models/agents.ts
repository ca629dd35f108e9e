// `agents add|list|remove`: agents of this machine.

import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { goesOnInWords } from './providers.ts'

export async function list({ dependencies, ui }: Context): Promise<number> {
  const agents = await (await dependencies.agentFolders()).list()
  const rows = () => agents.map(({ agent, directory, profiles }) => [agent, String(profiles), directory])
  ui.table({ agents }, ['AGENT', 'PROFILES', 'DIRECTORY'], rows, 'There are no agents.')
  return 0
}

export async function add(
  { dependencies, ui }: Context,
  _: object,
  words: readonly string[],
): Promise<number> {
  const agent = nameIn(words, 'add')
  const { directory } = await (await dependencies.agentFolders()).add(agent)
  ui.answer({ agent, directory }, () => [
    `Added ${agent}, in ${directory}.`,
    `It uses the profiles of the main agent too. One of its own: claviger models auth login --agent ${agent} --provider …`,
  ])
  return 0
}

export async function remove(
  { dependencies, ui }: Context,
  { force }: { readonly force?: boolean },
  words: readonly string[],
): Promise<number> {
  const agent = nameIn(words, 'remove')
  const folders = await dependencies.agentFolders()
  await folders.mustBeRemovable(agent)
  const logins = await folders.loginsOf(agent)
  if (force !== true) {
    if (!ui.interactive)
      throw new ClavigerError('invalid', `Refusing to remove ${agent} without confirmation; use --force`, {
        hint: `Type: claviger agents remove --force ${agent}. It cannot be undone.`,
      })
    if (logins.length > 0) ui.note(`Its own logins: ${logins.join(', ')}.`)
    if (!(await ui.confirm(`Remove ${agent} with its profiles and sessions? This cannot be undone.`)))
      throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was removed.' })
  }
  await folders.remove(agent)
  ui.answer({ removed: agent, logins }, () => [`Removed ${agent}.`])
  for (const line of goesOnInWords(logins)) ui.note(line)
  return 0
}

function nameIn([name]: readonly string[], verb: string): string {
  if (name !== undefined) return name
  throw new ClavigerError('invalid', 'The name is missing.', { hint: `Type: claviger agents ${verb} NAME` })
}
