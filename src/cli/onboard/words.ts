// What was found, a line each.

import { counted } from '../../domain/counted.ts'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { HARNESS_TITLE, INSTALL_COMMAND } from '../../domain/harness-names.ts'
import { type Elsewhere, isNew, type Other, type Seen, variableOf } from './looking.ts'
import type { Place } from './place.ts'

export const OTHER_TITLE: Readonly<Record<Other, string>> = {
  claude: 'Claude Code',
  codex: 'Codex',
  openclaw: 'OpenClaw',
  coderclaw: 'coderClaw',
}

/** Where accounts are kept from now on. */
export function placeInWords({ local, who, client }: Place): string {
  if (local === null)
    return `Accounts are kept by ${client.server} (${who.organization.name}), where you are ${who.name}. For the profiles of this machine instead: --local`
  const whose = local.agent === 'main' ? '' : `, for the agent ${local.agent}`
  return `Accounts are kept on this machine${whose}, without a server: ${local.profiles.file}`
}

/** The program, what serves it, and what the environment has for it. */
export function seenInWords({ harness, program, finding, serving, idle, environment }: Seen): string[] {
  const title = HARNESS_TITLE[harness]
  const where =
    program.path === null ? `not installed; to install it: ${INSTALL_COMMAND[harness]}` : finding.said
  const [first, ...others] = serving
  const more = others.length === 0 ? '' : `, then ${counted(others.length, 'other')}`
  const served =
    first === undefined ? 'no account serves it yet' : `${first.name} (${first.type}) serves it${more}`
  return [
    `${title}: ${where}`,
    `  ${served}`,
    ...idle.map(({ account, why }) => `  ${account.name} (${account.type}) does not: ${why}`),
    ...environment.map(
      (type) => `  ${variableOf(type)} is set here (${CREDENTIAL_TYPES[type].title}): it can be stored`,
    ),
  ]
}

export function elsewhereInWords(found: Elsewhere): string {
  const { from, path, accounts, fault } = found
  const title = OTHER_TITLE[from]
  if (fault !== '') return `${title}: ${fault}`
  if (accounts === null && (from === 'openclaw' || from === 'coderclaw'))
    return `${title} keeps accounts in ${path}: they go to profiles of this machine first (--local)`
  if (accounts === null) return `${title} keeps a login of its own: ${path}`
  const names = accounts.map(({ theirs }) => theirs).join(', ')
  if (isNew(found)) return `${title} keeps ${names} in ${path}: it can be taken over`
  return `${title} keeps a copy of ${names} in ${path}, which is here already: do not use that copy`
}

/** What a person agrees to who takes one over. */
export function oneHolder(path: string): string {
  return `A login has one holder. Once it is taken over, what is in ${path} must not be used any more: it is dead, and using it ends the login here too. A key may stay.`
}
