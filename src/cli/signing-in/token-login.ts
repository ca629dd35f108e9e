// `claviger login --token`: saves a token for this state directory, after the server has accepted it.

import { ClavigerError } from '../../domain/errors.ts'
import { tokenKind } from '../../domain/token.ts'
import { clientFor, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { loginFile, readPiped, readToken, saveLogin } from '../secrets.ts'
import { warnOfVariable } from './keep-login.ts'
import { recognise, remember } from './known-servers.ts'

export async function loginWithToken(context: Context, acceptServer: boolean): Promise<number> {
  const { stateDirectory, ...settings } = context.settings()
  const server = await findServer({ stateDirectory, ...settings })
  const installation = await recognise(context, server, acceptServer)
  const token = readToken(await enterToken(context, server), 'What was entered')
  const who = await clientFor(server, token).call('whoami', {})
  await saveLogin(stateDirectory, { server, token })
  await remember(context, server, installation)
  const fingerprint = installation?.fingerprint ?? null
  context.ui.answer({ server, fingerprint, ...who }, () => [
    `Signed in to ${server} as ${who.name} (${who.role}).`,
    `Saved in ${loginFile(stateDirectory)}.`,
  ])
  warnOfVariable(context)
  return 0
}

async function enterToken({ ui, dependencies }: Context, server: string): Promise<string> {
  if (dependencies.stdin.isTTY !== true) return readPiped(dependencies.stdin)
  if (ui.interactive) {
    const check = (text: string) =>
      tokenKind(text.trim()) === null ? 'That is not a Claviger token; one starts with clv_api_.' : undefined
    return ui.askSecret(`Token for ${server}`, check)
  }
  throw new ClavigerError('invalid', 'There is no terminal to ask for the token on.', {
    hint: 'Pipe it to standard input.',
  })
}
