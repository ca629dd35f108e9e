// Which server, and which token for it. A token is never sent to a server it was not made or saved for.

import { type Client, createClient } from '../client/client.ts'
import { overNodeHttp } from '../client/node-http.ts'
import type { CommandLineSettings } from '../config.ts'
import { ClavigerError } from '../domain/errors.ts'
import { printable } from '../domain/names.ts'
import type { Secret } from '../domain/secret.ts'
import { tokenKind } from '../domain/token.ts'
import { type Context, MAIN_AGENT } from './context.ts'
import type { OpenedProfiles } from './dependencies.ts'
import { inLocalWords, localHint } from './models/local-words.ts'
import { mustBeHere } from './models/moved.ts'
import { mustNotBeUnusable } from './models/unusable.ts'
import { lastAddress, readAdminToken, readLogin, readServerFile, readToken } from './secrets.ts'

const STANDARD_SERVER = 'http://127.0.0.1:7717'

export interface Connection {
  readonly client: Client
  readonly server: string
  readonly token: Secret | null
  /** Where the token comes from, for people; null when there is none. */
  readonly tokenSource: string | null
  /** What to type, in the words for where this is; missing: as it is. */
  readonly hint?: (text: string) => string
}

/** The server to talk to: flag or variable, else the saved login's, else the one of this state directory. */
export async function findServer(settings: CommandLineSettings): Promise<string> {
  if (settings.server !== null) return settings.server
  const login = await readLogin(settings.stateDirectory)
  return login?.server ?? (await lastAddress(settings.stateDirectory)) ?? STANDARD_SERVER
}

/**
 * Connects as whoever this terminal is; to the profiles of this machine where the context says so. `withAliases` also takes
 * Agent Swarm's variables, for the verbs of workers.
 */
export async function connect(context: Context, withAliases = false): Promise<Connection> {
  if (context.agent !== null) return connectToProfiles(context)
  const found = await connectToServer(context, withAliases)
  const mayBeNone = found.token === null && context.settings(withAliases).server === null
  return mayBeNone ? { ...found, client: tellingOfProfiles(context, found.client) } : found
}

/** Connects to a server, for what profiles of this machine cannot do instead. */
export async function connectToServer(context: Context, withAliases = false): Promise<Connection> {
  const settings = context.settings(withAliases)
  const server = await findServer(settings)
  const { token, tokenSource } = await findToken(context, settings, server)
  const isIgnored = withAliases && settings.token !== null && token === null
  const client = signedIn(clientFor(server, token), token, isIgnored ? IGNORED : '')
  return { client, server, token, tokenSource }
}

/** What a verb takes that can do without a server. */
export interface ProfileFlags {
  /** One profile and no other. */
  readonly profile?: string
  readonly credential?: string
  readonly team?: string
  readonly agent?: string
}

/** A connection, and what a request says of whose run it is and what may serve it. */
export interface ChosenConnection extends Connection {
  readonly choice: { readonly credential?: string; readonly team?: string; readonly agent?: string }
  /** Null: it is a server. */
  readonly profiles: OpenedProfiles | null
  readonly hint: (text: string) => string
}

/**
 * Connects to a server, or to the profiles of this machine: where flags ask for them, or where there is no server to ask,
 * never because one did not answer. Throws `invalid` for flags that mean nothing there.
 */
export async function connectToEither(
  context: Context,
  flags: ProfileFlags,
  withAliases = false,
): Promise<ChosenConnection> {
  const { profile, credential, team, agent } = flags
  if (!(await usesProfiles(context, flags, withAliases))) {
    const choice = {
      ...(credential !== undefined && { credential }),
      ...(team !== undefined && { team }),
      ...(agent !== undefined && { agent }),
    }
    return { ...(await connect(context, withAliases)), choice, profiles: null, hint: (text) => text }
  }
  if (team !== undefined) throw meaningless('--team', 'teams are on a server')
  if (profile !== undefined && credential !== undefined)
    throw meaningless('--credential', '--profile names it')
  const named = profile ?? credential
  const local = context.over(agent ?? context.agent ?? MAIN_AGENT)
  const profiles = await local.profiles()
  if (named !== undefined) await mustBeHere(profiles, named)
  const connection = await connect(local)
  if (named !== undefined) await mustServe(profiles, connection.client, named)
  if (profile !== undefined) await mustExist(connection.client, profile)
  return {
    ...connection,
    profiles,
    choice: named === undefined ? {} : { credential: named },
    hint: (text) => localHint(text, local.agent ?? MAIN_AGENT),
  }
}

// One of another agent may have the name of a copy.
async function mustServe(profiles: OpenedProfiles, client: Client, profile: string): Promise<void> {
  if (profiles.unusable().every((one) => one.profile !== profile)) return
  if ((await client.call('credentials.list', { name: profile })).credentials.length > 0) return
  mustNotBeUnusable(profiles, { profile, agent: null, wish: 'use' })
}

async function mustExist(client: Client, profile: string): Promise<void> {
  const { credentials } = await client.call('credentials.list', { limit: 500 })
  if (credentials.some(({ id, name, owner }) => [id, name, `${owner}/${name}`].includes(profile))) return
  throw new ClavigerError('no_credential', `There is no profile ${printable(profile)}.`, {
    hint:
      credentials.length === 0
        ? 'There are none yet. Sign in: claviger models auth login --provider PROVIDER'
        : `There are: ${credentials.map(({ name }) => name).join(', ')}`,
  })
}

/** Whether the profiles of this machine are meant: they were asked for, or there is no server to ask. */
export async function usesProfiles(
  context: Context,
  { profile }: ProfileFlags = {},
  withAliases = false,
): Promise<boolean> {
  if (context.agent !== null || profile !== undefined) return true
  const { server, token, stateDirectory } = context.settings(withAliases)
  if (server !== null || token !== null) return false
  return (await readLogin(stateDirectory)) === null && (await readAdminToken(stateDirectory)) === null
}

async function connectToProfiles(context: Context): Promise<Connection> {
  const { url, token, fetch } = await context.profiles()
  const client = inLocalWords(createClient({ server: url, token, fetch }), context.agent ?? MAIN_AGENT)
  return { client, server: url, token, tokenSource: 'the profiles of this machine' }
}

function meaningless(flag: string, why: string): ClavigerError {
  return new ClavigerError('invalid', `${flag} means nothing with profiles of this machine: ${why}.`, {
    hint: `Leave out ${flag}.`,
  })
}

/** A client for this token, which may be one that is being tried out. */
export function clientFor(server: string, token: Secret | null): Client {
  return createClient({ server, token, send: overNodeHttp })
}

async function findToken(context: Context, settings: CommandLineSettings, server: string) {
  const { stateDirectory } = settings
  const variable = tokenVariable(context, settings)
  if (variable !== null) return variable
  const saved = await savedLogin(stateDirectory, server)
  if (saved !== null) return { token: saved, tokenSource: 'the saved login' }
  const own = await readServerFile(stateDirectory)
  const admin = own !== null && sameOrigin(own, server) ? await readAdminToken(stateDirectory) : null
  return admin === null
    ? { token: null, tokenSource: null }
    : { token: admin, tokenSource: 'admin.token of the state directory' }
}

/** The token that was saved for this server, or null. */
export async function savedLogin(stateDirectory: string, server: string): Promise<Secret | null> {
  const login = await readLogin(stateDirectory)
  return login !== null && sameOrigin(login.server, server) ? login.token : null
}

// API_KEY is too common a name: it counts only when it holds a token of ours.
function tokenVariable({ dependencies: { env } }: Context, { token }: CommandLineSettings) {
  if (token === null) return null
  const own = env['CLAVIGER_TOKEN'] ?? ''
  if (own !== '') return { token: readToken(own, 'CLAVIGER_TOKEN'), tokenSource: 'CLAVIGER_TOKEN' }
  return tokenKind((env['API_KEY'] ?? '').trim()) === 'api' ? { token, tokenSource: 'API_KEY' } : null
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}

const IGNORED = 'API_KEY is set, and holds no token of Claviger (clv_api_…). '

// Who has profiles only, and types what is for a server, is told of them: no server was named, and none is there.
function tellingOfProfiles({ dependencies }: Context, client: Client): Client {
  return saying(client, async (thrown) => {
    if (thrown.code !== 'unreachable') return thrown
    const agents = await (await dependencies.agentFolders()).list()
    if (agents.every(({ profiles }) => profiles === 0)) return thrown
    const hint = `The accounts of this machine need none: claviger models status, or this with --local. ${thrown.hint ?? ''}`
    return new ClavigerError('unreachable', thrown.message, { hint, cause: thrown })
  })
}

// Without a token the server would explain how HTTP does it; a person at a terminal needs other words.
function signedIn(client: Client, token: Secret | null, more = ''): Client {
  if (token !== null) return client
  return saying(client, async (thrown) => {
    if (thrown.code !== 'unauthenticated') return thrown
    return new ClavigerError('unauthenticated', `You are not signed in to ${client.server}.`, {
      hint: `${more}Type: claviger login --server ${client.server}`,
      cause: thrown,
    })
  })
}

// The same client, whose errors are said in other words.
function saying(client: Client, inWords: (thrown: ClavigerError) => Promise<ClavigerError>): Client {
  return {
    server: client.server,
    async call(name, input, signal) {
      try {
        return await client.call(name, input, signal)
      } catch (thrown) {
        throw thrown instanceof ClavigerError ? await inWords(thrown) : thrown
      }
    },
  }
}
