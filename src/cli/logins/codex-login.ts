// `claviger codex-login`: Agent Swarm's spelling of signing in with ChatGPT. It asks for the server and the key when they
// are missing, makes the credential or gives it a new login, and says where that went.

import type { Client } from '../../client/client.ts'
import { mayCredential } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { formatOwner, type Owner } from '../../domain/owner.ts'
import { clientFor, connect, findServer } from '../connection.ts'
import type { Context } from '../context.ts'
import { listCredentials, mustManage } from '../find-credential.ts'
import { callerOf, type OwnerFlags, ownerOf, self, type WhoAmI } from '../owner-flags.ts'
import { readToken } from '../secrets.ts'
import { type Installation, recognise, remember } from '../signing-in/known-servers.ts'
import { warnOfTwins, withAccount } from './say.ts'
import { methodOf, type SignInOptions, signIn } from './sign-in.ts'

export interface CodexLoginOptions extends OwnerFlags, SignInOptions {
  readonly apiUrl?: string
  readonly apiKey?: string
  readonly acceptServer?: boolean
}

const STANDARD_NAME = 'codex'

export async function run(
  context: Context,
  options: CodexLoginOptions,
  words: readonly string[],
): Promise<number> {
  const [name = STANDARD_NAME, ...more] = words
  if (more.length > 0)
    throw new ClavigerError('invalid', 'One name is enough.', { hint: 'Leave out the others.' })
  checkName(name)
  methodOf('codex/oauth', options)
  const { client, installation } = await reach(context, options)
  const who = await client.call('whoami', {})
  const owner = ownerOf(options, who) ?? standardOwner(who)
  mustManage(who, owner)
  const [there] = await listCredentials(client, { name, owner: formatOwner(owner) })
  const target = there ? { credential: there.id } : { owner: formatOwner(owner), name }
  const request = { type: 'codex/oauth' as const, ...target, replaceAccount: options.replaceAccount === true }
  const login = await signIn(context, client, request, options)
  const { credential, twins } = login
  await remember(context, client.server, installation)
  const fingerprint = installation?.fingerprint ?? null
  const stored = { server: client.server, fingerprint, organization: who.organization, ...credential, twins }
  context.ui.answer(stored, () => [
    `Stored ${withAccount(credential, who)}.`,
    `On ${client.server}, in the organization ${who.organization.name}.`,
    ...(fingerprint === null ? [] : [`Fingerprint of the server: ${fingerprint}`]),
  ])
  warnOfTwins(context, twins, who)
  return 0
}

// What a team's workers use belongs to the organization, where whoever signs in may say so.
function standardOwner(who: WhoAmI): Owner {
  return mayCredential(callerOf(who), 'manage', { kind: 'org' }) ? { kind: 'org' } : self(who)
}

interface Reached {
  readonly client: Client
  readonly installation: Installation | null
}

async function reach(context: Context, options: CodexLoginOptions): Promise<Reached> {
  const server = await serverOf(context, options.apiUrl)
  const installation = await recognise(context, server, options.acceptServer === true)
  return { client: await signedInTo(context, server, options), installation }
}

async function signedInTo(context: Context, server: string, { apiKey }: CodexLoginOptions): Promise<Client> {
  if (apiKey !== undefined) {
    context.ui.note(
      'warning: a key on the command line is seen by others on this machine, and kept by the shell.',
    )
    return clientFor(server, readToken(apiKey, '--api-key'))
  }
  const settings: Context['settings'] = (aliases) => ({ ...context.settings(aliases), server })
  const { client, token } = await connect({ ...context, settings }, true)
  if (token !== null || !context.ui.interactive) return client
  const check = (text: string) => (text.trim() === '' ? 'The key is missing.' : undefined)
  return clientFor(
    server,
    readToken(await context.ui.askSecret(`API key for ${server}`, check), 'What was entered'),
  )
}

async function serverOf({ ui, settings }: Context, apiUrl: string | undefined): Promise<string> {
  const known = await findServer(settings(true))
  const url =
    apiUrl ?? (ui.interactive && settings(true).server === null ? await askServer(ui, known) : known)
  if (isServer(url)) return url.replace(/\/+$/, '')
  throw new ClavigerError('invalid', 'The address of the server is no http or https URL.', {
    hint: 'For example: --api-url https://claviger.example',
  })
}

async function askServer(ui: Context['ui'], known: string): Promise<string> {
  const check = (text: string) =>
    text.trim() === '' || isServer(text.trim()) ? undefined : 'That is no http or https URL.'
  const answer = (await ui.askText(`Server (Enter for ${known})`, check, known)).trim()
  return answer === '' ? known : answer
}

function isServer(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
