import { resolve } from 'node:path'
import type { Output } from '../../api/schemas.ts'
import { checkNameOrProfile } from '../../domain/names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { checkDescription, mustBeFree, settlePolicy } from '../credential/create.ts'
import { mustManage } from '../find-credential.ts'
import { type OwnerFlags, ownerOf, self, takeNames } from '../owner-flags.ts'
import { readFileOfProgram } from '../secrets.ts'
import { loginFiles } from './login-files.ts'
import { warnOfTwins, withAccount } from './say.ts'

export interface ImportOptions extends OwnerFlags {
  readonly from: string
  readonly description?: string
  readonly acceptNotice?: boolean
}

interface Source {
  readonly from: 'codex' | 'claude'
  readonly path: string
  readonly file: string
}

export async function run(
  context: Context,
  options: ImportOptions,
  words: readonly string[],
): Promise<number> {
  const source = await read(context, options.from)
  const isNamed = words.length > 0 || typeof options.team === 'string'
  const { names, flags } = takeNames(options, isNamed ? words : [source.from], ['NAME'])
  const [name = ''] = names
  checkDescription(flags.description)
  checkNameOrProfile(name)
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = ownerOf(flags, who) ?? self(who)
  mustManage(who, owner)
  await mustBeFree(client, name, owner, who)
  const type = source.from === 'codex' ? 'codex/oauth' : 'claude/oauth'
  const acceptNotice = await settlePolicy(context, client, type, owner, flags.acceptNotice === true)
  const imported = await client.call('logins.import', {
    ...{ from: source.from, file: source.file, owner: formatOwner(owner), name, acceptNotice },
    description: flags.description ?? '',
  })
  context.ui.answer(imported, () => [`Imported ${withAccount(imported.credential, who)}.`])
  for (const line of whatOfTheCopy(source, imported)) context.ui.note(line)
  warnOfTwins(context, imported.twins, who)
  return 0
}

async function read({ dependencies: { env } }: Context, from: string): Promise<Source> {
  if (from === 'codex' || from === 'claude') {
    const path = loginFiles(env)[from]
    return { from, path, file: await readFileOfProgram(path, signInHint(from)) }
  }
  const place = resolve(from)
  const file = await readFileOfProgram(place, 'Name codex, claude or the path of a file: --from PATH')
  return { from: file.includes('"claudeAiOauth"') ? 'claude' : 'codex', path: place, file }
}

function signInHint(from: 'codex' | 'claude'): string {
  return `${from} is not signed in with a file on this machine. Sign in instead: claviger credential create ${from} oauth NAME`
}

function whatOfTheCopy(
  { from, path }: Source,
  { renewed, why, credential }: Output<'logins.import'>,
): string[] {
  switch (renewed) {
    case 'static':
      return [`The same value is still in ${path}.`]
    case 'yes':
      return [
        `The copy in ${path} is dead: a login has one holder, and that is the server now.`,
        removal({ from, path }),
        `To use it here: claviger exec --harness ${from} --credential ${credential.name} -- ${from}, or claviger restore --harness ${from} --credential ${credential.name}`,
        `For a login of its own this machine then signs in again: ${from} ${from === 'codex' ? 'login' : 'auth login'}`,
      ]
    case 'later':
      return [
        `warning: the provider could not renew it now. The server will; until then do not use the copy in ${path}: whoever renews first ends the other.${why === undefined ? '' : ` The server says: ${why}`}`,
        removal({ from, path }),
      ]
  }
}

// A program that renews with a token that was used, or revokes it before it signs in or when it signs out, ends the whole
// login for its provider: what the server has as well. Claude keeps the logins of MCP servers in the same file.
function removal({ from, path }: Pick<Source, 'from' | 'path'>): string {
  if (from === 'claude')
    return `Remove claudeAiOauth from it: claude would end the login of the server with it.`
  return `Remove it, or codex ends the login of the server with it: ${shellCommand(['rm', path])}`
}
