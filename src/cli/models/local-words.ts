// What the use-cases tell people to type is for a server; over profiles of a machine the same is done by other commands. There
// are no pages there either: where one is named on a server, a command is named here.

import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { type Context, MAIN_AGENT } from '../context.ts'

/** The same client, whose hints name what can be typed without a server. */
export function inLocalWords(client: Client, agent: string): Client {
  return {
    server: client.server,
    async call(name, input, signal) {
      return sayingLocally({ agent }, async () =>
        withLocalWords(await client.call(name, input, signal), agent),
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
export function localWords(text: string, agent: string): string {
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

const [SERVER, STATUS, LOGIN] = [
  'claviger credential',
  'claviger models status',
  'claviger models auth login',
]
const OWNER = '(?: --org| --personal| --team \\S+| --agent \\S+)?'

// The first that fits a command is the one that is said.
const COMMANDS: readonly (readonly [RegExp, Command])[] = [
  [new RegExp(`${SERVER} login${OWNER} ([^\\s,;]*[^\\s,;.])`, 'g'), signInAgain],
  [/claviger credential create (claude|codex) oauth NAME/g, (agent, harness = '') => signIn(harness) + agent],
  [new RegExp(`${SERVER} create (claude|codex) api-key${OWNER} NAME`, 'g'), storeOne],
  [
    new RegExp(`${SERVER} list( --harness \\w+)?${OWNER}`, 'g'),
    (agent, harness) => `${STATUS}${harness ?? ''}${agent}`,
  ],
  [/claviger credential delete/g, () => 'claviger models auth logout'],
  [/claviger credential import/g, () => 'claviger models auth import'],
  // Whatever else there is of it works here too.
  [/claviger (credential|secret) /g, (_, group) => `claviger --local ${group} `],
]

const PROVIDER: Readonly<Record<HarnessName, { readonly login: string; readonly key: string }>> = {
  claude: { login: 'anthropic', key: 'anthropic' },
  codex: { login: 'openai-codex', key: 'openai' },
}

function providerOf(harness: string) {
  return PROVIDER[HARNESSES.find((one) => one === harness) ?? 'codex']
}

function signIn(harness: string): string {
  return `${LOGIN} --provider ${providerOf(harness).login}`
}

function storeOne(agent: string, harness = ''): string {
  const paste = `claviger models auth paste-api-key --provider ${providerOf(harness).key}${agent}`
  return `${paste}, or sign in: ${signIn(harness)}${agent}`
}

function signInAgain(agent: string, name = ''): string {
  const [provider = ''] = name.split(':')
  if (!name.includes(':')) return `${LOGIN} --provider PROVIDER${agent}`
  return `${LOGIN} --provider ${provider} --profile-id ${name}${agent}`
}

function inWords(error: ClavigerError, agent: string): ClavigerError {
  const { code, message, hint, retryAfter, missing, cause } = error
  return new ClavigerError(code, localWords(message, agent), {
    ...(hint !== undefined && { hint: localWords(hint, agent) }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(missing !== undefined && { missing }),
    cause,
  })
}

function withLocalWords<T>(answer: T, agent: string): T {
  if (typeof answer !== 'object' || answer === null) return answer
  const { hint, link, harness } = answer as { hint?: unknown; link?: unknown; harness?: unknown }
  const where = `${STATUS} --harness ${String(harness)}${whose(agent)}`
  return {
    ...answer,
    ...(typeof hint === 'string' && { hint: localWords(hint, agent) }),
    // That one is there says that credentials are lacking.
    ...(typeof link === 'string' && typeof harness === 'string' && { link: where }),
  }
}
