// `models auth login|setup-token|paste-token|paste-api-key|logout`: accounts of this machine. They are stored as
// credentials are on a server; what is different is what they are called.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isProfileId } from '../../domain/names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { connect } from '../connection.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import { create, enterAllowed, settlePolicy, showNotice } from '../credential/create.ts'
import { run as deleteCredential } from '../credential/delete.ts'
import { shortly } from '../credential/describe.ts'
import type { OpenedProfiles } from '../dependencies.ts'
import { listCredentials } from '../find-credential.ts'
import { warnOfTwins, withAccount } from '../logins/say.ts'
import { type CompleteLogin, methodOf, type SignInOptions, signIn } from '../logins/sign-in.ts'
import { self, type WhoAmI } from '../owner-flags.ts'
import { besideInWords, freeName, isCalledBy } from './names.ts'
import { loginWithPlugin } from './plugins.ts'
import { goesOnInWords, isBuiltIn, type ProviderId, typeOf } from './providers.ts'
import { mustNotBeUnusable } from './unusable.ts'

export interface AuthOptions extends SignInOptions {
  readonly provider: ProviderId
  readonly profileId?: string
  readonly agent?: string
  readonly acceptNotice?: boolean
  readonly valueFile?: string
  readonly test?: boolean
}

/** Signs in. Without a name the profile is called by the e-mail of the account; one that is there is signed in again. */
export async function login(
  context: Context,
  asked: Omit<AuthOptions, 'provider'> & { readonly provider: string },
): Promise<number> {
  const { provider } = asked
  if (!isBuiltIn(provider)) return loginWithPlugin(context, { ...asked, provider })
  const { login: kept, isNew, beside, who } = await signInToProfile(context, { ...asked, provider })
  context.ui.answer({ ...kept.credential, twins: kept.twins }, () => [
    `${isNew ? 'Created' : 'Signed in again for'} ${withAccount(kept.credential, who)}.`,
  ])
  if (beside !== null) context.ui.note(beside)
  warnOfTwins(context, kept.twins, who)
  return 0
}

/** A login that was stored, as a profile or on a server. */
export interface ProfileLogin {
  readonly login: CompleteLogin
  readonly isNew: boolean
  /** What is to be said of another profile that has the e-mail of this one; null: none has. */
  readonly beside: string | null
  readonly who: WhoAmI
}

/** The same, and says nothing. */
export async function signInToProfile(context: Context, options: AuthOptions): Promise<ProfileLogin> {
  const type = typeOf(options.provider, 'login')
  methodOf(type, options)
  const named = profileId(options, null)
  const local = over(context, options)
  const { client } = await connect(local)
  const who = await client.call('whoami', {})
  const acceptNotice = await settlePolicy(local, client, type, self(who), options.acceptNotice === true)
  const [there] = named === null ? [] : await listCredentials(client, { name: named })
  if (there !== undefined) await mustBeOwn(local, there)
  const request = there
    ? { type, credential: there.id, replaceAccount: options.replaceAccount === true, acceptNotice }
    : { type, ...(await placeFor(local, client, who, options, named)), acceptNotice }
  const login = await signIn(local, client, request, options)
  const isNew = (login.credential.version ?? 1) === 1
  if (named !== null || !isNew) return { login, isNew, beside: null, who }
  return { ...(await byEmail(local, client, options.provider, login)), isNew, who }
}

export function setupToken(context: Context, options: AuthOptions): Promise<number> {
  return store(context, options, typeOf(options.provider, 'token'))
}

export function pasteToken(context: Context, options: AuthOptions): Promise<number> {
  // Whoever pastes one has it.
  const { dependencies } = context
  const isPiped = options.valueFile !== undefined || dependencies.stdin.isTTY !== true
  return store(
    context,
    { ...options, valueFile: options.valueFile ?? (isPiped ? '-' : undefined) } as AuthOptions,
    typeOf(options.provider, 'token'),
  )
}

export function pasteApiKey(context: Context, options: AuthOptions): Promise<number> {
  return store(context, options, typeOf(options.provider, 'key'))
}

/** Forgets a profile. A plugin tells its provider that the login is over; of any other it is said that it goes on there. */
export async function logout(
  context: Context,
  options: { readonly agent?: string; readonly force?: boolean },
  words: readonly string[],
): Promise<number> {
  const local = over(context, options)
  const found = await mustLogOutHere(local, words[0])
  // What the profile holds is gone with it.
  const end = words[0] === undefined ? null : (await local.profiles()).plugins.endOf(words[0])
  const force = options.force === true && { force: true }
  const code = await deleteCredential(local, { ...force }, words)
  if (code !== 0) return code
  if (end === null) {
    const logins = found.filter(({ type }) => CREDENTIAL_TYPES[type].entry === 'sign-in')
    for (const line of goesOnInWords(logins.map(({ name }) => name))) context.ui.note(line)
  } else if (!(await end()))
    context.ui.note('The provider was not told: its plugin is not there, or could not do it.')
  return code
}

/** The context of the agent that is named. */
export function over(context: Context, { agent }: { readonly agent?: string }): Context {
  return context.over(agent ?? MAIN_AGENT)
}

/** Shows the notice about Claude subscriptions, and accepts it: for those that other programs have stored here. */
export async function acceptNotice(context: Context, options: { readonly agent?: string }): Promise<number> {
  const local = over(context, options)
  const profiles = await local.profiles()
  showNotice(local, 'claude')
  if (context.ui.interactive && !(await context.ui.confirm('Do you accept this?')))
    throw new ClavigerError('forbidden', 'The notice was not accepted.', { hint: 'Nothing was changed.' })
  await profiles.acceptNotice()
  context.ui.answer({ noticeAccepted: true }, () => ['Accepted.'])
  return 0
}

// What is there under that name gets the new value, as in OpenClaw; the one before is an older version.
async function store(context: Context, options: AuthOptions, type: CredentialType): Promise<number> {
  const { valueFile, test, acceptNotice } = options
  const name = profileId(options, 'default') ?? ''
  const local = over(context, options)
  const { client } = await connect(local)
  const [there] = await listCredentials(client, { name })
  if (there !== undefined) {
    await mustBeOwn(local, there)
    return replace(local, client, there, { ...options, type })
  }
  const given = {
    ...(valueFile !== undefined && { valueFile }),
    ...(test === true && { test }),
    ...(acceptNotice === true && { acceptNotice }),
  }
  return create(type, local, given, [name])
}

async function replace(
  local: Context,
  client: Client,
  { id, name, type: present }: CredentialView,
  { type, valueFile, test, acceptNotice: accepted = false }: AuthOptions & { readonly type: CredentialType },
): Promise<number> {
  if (present !== type)
    throw new ClavigerError('conflict', `${name} is there already, and it is ${present}.`, {
      hint: `Choose another name: --profile-id. Or forget that one first: claviger models auth logout ${name}`,
    })
  const who = await client.call('whoami', {})
  const wanted = { type, name, given: {}, valueFile, owner: self(who), accepted }
  const { acceptNotice, fields } = await enterAllowed(local, client, wanted)
  if (acceptNotice) await (await local.profiles()).acceptNotice()
  const updated = await client.call('credentials.update', { id, fields, clear: [], test: test === true })
  local.ui.answer(updated, () => [`Replaced the value of ${shortly(updated, who)}.`])
  return 0
}

// Null: nobody has said, and there is no name to fall back on.
function profileId({ provider, profileId: given }: AuthOptions, standard: string | null): string | null {
  const name = given ?? standard
  if (name === null) return null
  const id = name.includes(':') ? name : `${provider}:${name}`
  if (isProfileId(id) && id.startsWith(`${provider}:`)) return id
  throw new ClavigerError('invalid', `"${id}" cannot be the name of a profile of ${provider}.`, {
    hint: `For example: --profile-id ${provider}:work`,
  })
}

// Nobody knows yet who will sign in: where no name is given, a profile of the same account that has none of its own either
// is signed in again.
async function placeFor(
  local: Context,
  client: Client,
  who: WhoAmI,
  { provider }: Pick<AuthOptions, 'provider'>,
  named: string | null,
) {
  const place = { owner: formatOwner(self(who)), description: '' }
  if (named !== null) return { ...place, name: named }
  const { agentOf } = await local.profiles()
  const standard = `${provider}:default`
  const own = (await listCredentials(client, {})).filter(({ id }) => agentOf(id) === local.agent)
  const byEmail = own.filter(({ name, fields = {} }) => isCalledBy(`${provider}:${fields['email']}`, name))
  const others = own.filter(({ name }) => isCalledBy(standard, name))
  return {
    ...place,
    name: freeName(standard, await takenNames(local, client)),
    orInto: [...byEmail, ...others].map(({ id }) => id).slice(0, 100),
  }
}

async function takenNames(local: Context, client: Client): Promise<string[]> {
  const unusable = (await local.profiles()).unusable().map(({ profile }) => profile)
  return [...unusable, ...(await listCredentials(client, {})).map(({ name }) => name)]
}

// What has that name already is of another account: an e-mail can have several.
async function byEmail(
  local: Context,
  client: Client,
  provider: ProviderId,
  found: CompleteLogin,
): Promise<Pick<ProfileLogin, 'login' | 'beside'>> {
  const { id, fields = {} } = found.credential
  const wanted = `${provider}:${fields['email'] ?? ''}`
  const [before] = await listCredentials(client, { name: wanted })
  const isElsewhere = before !== undefined && (await agentWith(local, before)) !== null
  const name = freeName(wanted, await takenNames(local, client))
  if (!isProfileId(wanted) || !isProfileId(name) || isElsewhere) return { login: found, beside: null }
  const credential = await client.call('credentials.rename', { id, name })
  return {
    login: { ...found, credential },
    beside: before === undefined ? null : besideInWords(before, credential, local.agent ?? MAIN_AGENT),
  }
}

// The other agent whose profile this one only reads; null: it is its own.
async function agentWith(local: Context, { id }: { readonly id: string }): Promise<string | null> {
  const agent = (await local.profiles()).agentOf(id)
  return agent === local.agent ? null : agent
}

async function mustBeOwn(
  local: Context,
  found: { readonly id: string; readonly name: string },
): Promise<void> {
  const agent = await agentWith(local, found)
  if (agent === null) return
  throw new ClavigerError(
    'conflict',
    `${found.name} is a profile of the agent ${agent}, which is only read here.`,
    {
      hint: `Say --agent ${agent} if that one is meant. For a profile of its own choose another name.`,
    },
  )
}

/** What is to be ended. Throws for what cannot be ended here, or when nothing is named. */
async function mustLogOutHere(local: Context, profile: string | undefined): Promise<CredentialView[]> {
  const { client } = await connect(local)
  const profiles = await local.profiles()
  const agent = local.agent ?? MAIN_AGENT
  if (profile === undefined) throw nothingNamed(await listCredentials(client, {}), profiles, agent)
  mustNotBeUnusable(profiles, { profile, agent, wish: 'logout' })
  const found = await listCredentials(client, { name: profile })
  for (const one of found) await mustBeOwn(local, one)
  return found
}

// Which it could be; what is only read here is not forgotten from here.
function nothingNamed(
  found: readonly CredentialView[],
  { agentOf }: Pick<OpenedProfiles, 'agentOf'>,
  agent: string,
): ClavigerError {
  const own = found.filter(({ id }) => agentOf(id) === agent).map(({ name }) => name)
  const whose = agent === MAIN_AGENT ? '' : `--agent ${agent} `
  return new ClavigerError('invalid', 'PROFILE is missing.', {
    hint:
      own.length === 0
        ? `The agent ${agent} has none of its own. See which agents have some: claviger agents list`
        : `Type: claviger models auth logout ${whose}${own.length === 1 ? own[0] : 'PROFILE'}. There are: ${own.join(', ')}`,
  })
}
