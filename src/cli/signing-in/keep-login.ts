// Keeping the token that a server has just handed to this terminal, and saying where it leads.

import { hostname } from 'node:os'
import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'
import { loginFile, readToken, saveLogin } from '../secrets.ts'
import { relativeTime } from '../text.ts'
import { type Installation, remember } from './known-servers.ts'

type HandedOver = Pick<
  Output<'device.poll'>,
  'organization' | 'person' | 'token' | 'tokenName' | 'tokenExpiresAt'
>

/** Saves the token for the server it came from, and for no other. */
export async function keepLogin(
  context: Context,
  { server, installation }: { readonly server: string; readonly installation: Installation | null },
  { organization, person, token = '', tokenName = '', tokenExpiresAt = '' }: HandedOver,
): Promise<void> {
  const { stateDirectory } = context.settings()
  if (organization === undefined || person === undefined)
    throw new ClavigerError('unavailable', `${server} let this terminal in, but did not say as whom.`)
  await saveLogin(stateDirectory, { server, token: readToken(token, 'The answer of the server') })
  const expires = relativeTime(tokenExpiresAt, Date.now())
  await remember(context, server, installation)
  const fingerprint = installation?.fingerprint ?? null
  const answer = { server, fingerprint, organization, person, tokenName, tokenExpiresAt }
  context.ui.answer(answer, () => [
    `Signed in to ${server} as ${person.email} (${person.role}) of ${organization.name}.`,
    `Saved in ${loginFile(stateDirectory)}.`,
  ])
  context.ui.note(
    `Its token is ${tokenName}, and expires ${expires}. To end it: claviger admin tokens revoke ${tokenName}`,
  )
  warnOfVariable(context)
}

/** Says so when the environment has a token, which wins over the one that was saved. */
export function warnOfVariable({ ui, dependencies }: Context): void {
  if ((dependencies.env['CLAVIGER_TOKEN'] ?? '') !== '') ui.note('CLAVIGER_TOKEN is set and wins over it.')
}

/** What this machine calls itself. */
export function clientName(): string {
  return hostname().slice(0, 64) || 'terminal'
}
