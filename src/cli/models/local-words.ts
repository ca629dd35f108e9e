// What the use-cases tell people to type is for a server; over profiles of a machine the same is done by other commands. There
// are no pages there either: where one is named on a server, a command is named here.

import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type Context, MAIN_AGENT } from '../context.ts'

/** The same client, whose hints name what can be typed without a server. */
export function inLocalWords(client: Client, agent: string): Client {
  return {
    server: client.server,
    async call(name, input, signal) {
      return sayingLocally({ agent }, async () =>
        withLocalHints(await client.call(name, input, signal), agent),
      )
    },
  }
}

/** Does what a verb of a server does too; what it throws names what can be typed without one. */
export async function sayingLocally<T>(
  { agent }: Pick<Context, 'agent'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw thrown instanceof ClavigerError ? inWords(thrown, agent ?? MAIN_AGENT) : thrown
  }
}

/** A text that may name commands of a server. */
export function localHint(text: string, agent = MAIN_AGENT): string {
  return COMMANDS.reduce(
    (words, [pattern, command]) =>
      words.replace(pattern, (_, ...found: string[]) => command(whose(agent), ...found)),
    text,
  )
}

function whose(agent: string): string {
  return agent === MAIN_AGENT ? '' : ` --agent ${agent}`
}

/** `agent`: the flag that names it, or nothing. */
type Command = (agent: string, ...found: string[]) => string

const [SERVER, STATUS, LOGIN, LOGOUT, ACCEPT] = [
  'claviger credential',
  'claviger models status',
  'claviger models auth login',
  'claviger models auth logout',
  'claviger models auth accept-notice',
]
const OWNER = '(?: --org| --personal| --team \\S+| --agent \\S+)?'

// The first that fits a command is the one that is said.
const COMMANDS: readonly (readonly [RegExp, Command])[] = [
  [new RegExp(`${SERVER} login${OWNER} ([^\\s,;]*[^\\s,;.])`, 'g'), signInAgain],
  [
    new RegExp(`${SERVER} create (claude|codex) [^,.]*NAME`, 'g'),
    (agent, harness) => `${LOGIN} --provider ${harness === 'claude' ? 'anthropic' : 'openai-codex'}${agent}`,
  ],
  [
    new RegExp(`${SERVER} list( --harness \\w+)?${OWNER}`, 'g'),
    (agent, harness) => `${STATUS}${harness ?? ''}${agent}`,
  ],
  [
    new RegExp(`${SERVER} delete( --force)?${OWNER}`, 'g'),
    (agent, force) => `${LOGOUT}${force ?? ''}${agent}`,
  ],
  [/claviger credential import/g, () => 'claviger models auth import'],
  [/claviger explain\b/g, (agent) => `claviger --local explain${agent}`],
  [
    /off for a person who has not accepted the notice/g,
    (agent) => `off until you have accepted the notice: ${ACCEPT}${agent}`,
  ],
  [/say so: --personal --accept-notice/g, () => 'say so: --accept-notice'],
  [/on your own server/g, () => 'on this machine'],
  // Whatever else there is of it works here too.
  [/claviger (credential|secret)\b/g, (_, group) => `claviger --local ${group}`],
]

function signInAgain(agent: string, name = ''): string {
  const [provider = ''] = name.split(':')
  if (!name.includes(':')) return `${LOGIN} --provider PROVIDER${agent}`
  return `${LOGIN} --provider ${provider} --profile-id ${name}${agent}`
}

function inWords(error: ClavigerError, agent: string): ClavigerError {
  const { code, message, detail, hint, retryAfter, missing } = error
  return new ClavigerError(code, localHint(message, agent), {
    ...(hint !== undefined && { hint: localHint(hint, agent) }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(missing !== undefined && { missing }),
    ...(detail !== undefined && { detail }),
    cause: error,
  })
}

interface Telling {
  readonly hint?: unknown
  /** What the provider says to a credential that was tested, with its result. */
  readonly message?: unknown
  readonly result?: unknown
  readonly link?: unknown
  readonly harness?: unknown
  readonly decisions?: readonly { readonly reason: string }[]
}

function withLocalHints<T>(answer: T, agent: string): T {
  if (typeof answer !== 'object' || answer === null) return answer
  const { hint, message, result, link, harness, decisions } = answer as Telling
  const where = `${STATUS} --harness ${String(harness)}${whose(agent)}`
  return {
    ...answer,
    ...(Array.isArray(decisions) && {
      decisions: decisions.map((one) => ({ ...one, reason: localHint(one.reason, agent) })),
    }),
    ...(typeof hint === 'string' && { hint: localHint(hint, agent) }),
    ...(typeof message === 'string' && typeof result === 'string' && { message: localHint(message, agent) }),
    // That one is there says that credentials are lacking.
    ...(typeof link === 'string' && typeof harness === 'string' && { link: where }),
  }
}
