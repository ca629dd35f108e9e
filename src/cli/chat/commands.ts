// What is typed in a conversation and is not for the agent: /model, /status, /profiles, /help, /exit.

import { runNews } from '../../client/run-news.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { stateInWords } from '../../domain/runs/run.ts'
import type { OpenedProfiles } from '../dependencies.ts'
import { listWhole } from '../find-credential.ts'
import { mustBeHere } from '../models/moved.ts'
import { mustNotBeUnusable } from '../models/unusable.ts'
import { choiceInWords } from '../run/choose.ts'
import { restingState } from '../run/ending.ts'
import { columns, labelled } from '../text.ts'
import type { Chat } from './opening.ts'
import { showIn } from './turns.ts'

/** Whether the conversation goes on. */
type Command = (chat: Chat, words: string) => Promise<boolean>

const COMMANDS: Readonly<Record<string, Command>> = {
  model: chooseModel,
  status: showStatus,
  profiles: showProfiles,
  help: async ({ context }) => {
    for (const line of HELP) context.ui.note(line)
    return true
  },
  exit: async () => false,
}

const HELP = [
  '/model MODEL@PROFILE  from the next turn on; also /model MODEL, /model @PROFILE, and /model @ for whichever comes first',
  '/status               what serves, and how the conversation stands',
  '/profiles             what could serve it',
  '/exit                 end it, as Ctrl-D does. Ctrl-C breaks off an answer, and ends it when there is none',
  'Everything else is for the agent; what begins with a / and is no command gets a blank before it.',
]

/** Null: it is a message. Else whether the conversation goes on. Throws what the server refuses. */
export async function obey(chat: Chat, line: string): Promise<boolean | null> {
  const [, name, words = ''] = /^\/([a-z]+)(?:\s+(.*?))?\s*$/.exec(line) ?? []
  if (name === undefined) return null
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command !== undefined) return command(chat, words)
  throw new ClavigerError('invalid', `There is no /${name}.`, {
    hint: 'See what there is: /help. For the agent, begin with a blank.',
  })
}

async function chooseModel(chat: Chat, words: string): Promise<boolean> {
  const { connection, context, id } = chat
  if (words === '') {
    const { chosen } = await connection.client.call('runs.read', { id })
    context.ui.note(choiceInWords(chosen))
    return true
  }
  // Ids of profiles have an @ in them too: names of models come first, and have none.
  const at = words.indexOf('@')
  const [model, profile] = at === -1 ? [words, undefined] : [words.slice(0, at), words.slice(at + 1)]
  await connection.client.call('runs.choose', {
    id,
    ...(model !== '' && { model }),
    ...(profile !== undefined && { credential: profile === '' ? null : await profileNamed(chat, profile) }),
  })
  await showWhatIsThere(chat)
  return true
}

// `work` is anthropic:work where no other is called that.
async function profileNamed({ connection, harness }: Chat, name: string): Promise<string> {
  const { client, profiles } = connection
  const { credentials } = await listWhole(client, { harness })
  if (credentials.some((one) => one.name === name || one.id === name)) return name
  const [only, ...others] = credentials.filter((one) => one.name.endsWith(`:${name}`))
  if (only !== undefined && others.length === 0) return only.name
  if (profiles !== null) await mustBeOfUse(profiles, name)
  return name
}

// What is in the file and serves nobody, or is on a server now, is said in better words than that it is not there.
async function mustBeOfUse(profiles: OpenedProfiles, name: string): Promise<void> {
  const isCalled = ({ profile }: { readonly profile: string }) =>
    profile === name || profile.endsWith(`:${name}`)
  const profile = profiles.unusable().find(isCalled)?.profile
  if (profile !== undefined) mustNotBeUnusable(profiles, { profile, agent: null, wish: 'choose' })
  const moved = (await profiles.moves.moved()).find(isCalled)
  if (moved !== undefined) await mustBeHere(profiles, moved.profile)
}

async function showWhatIsThere(chat: Chat): Promise<void> {
  const { connection, id, after } = chat
  const never = new AbortController()
  for await (const news of runNews({ ...connection, runId: id, after, follow: false }, never.signal))
    await showIn(chat, news)
}

async function showStatus(chat: Chat): Promise<boolean> {
  const { connection, context, id, directory, model, session } = chat
  const run = await connection.client.call('runs.read', { id })
  const { reason, credential, usage } = run
  const state = restingState(run)
  const serving = credential === null ? 'nothing yet' : `${credential.name} (${credential.type})`
  const facts = labelled([
    ['state', reason === '' ? stateInWords(state) : `${stateInWords(state)}: ${reason}`],
    ['served by', run.served.length > 0 && credential === null ? "the machine's own login" : serving],
    ['chosen', run.chosen === null ? undefined : choiceInWords(run.chosen)],
    ['model', model ?? undefined],
    ['session', session ?? undefined],
    ['directory', directory ?? undefined],
    ['tokens', `${usage.input} in, ${usage.cachedInput} of them cached, ${usage.output} out`],
    ['run', connection.profiles === null ? id : undefined],
  ])
  for (const line of facts) context.ui.note(line)
  return true
}

async function showProfiles({ connection, context, id, harness }: Chat): Promise<boolean> {
  const { client } = connection
  const { credentials } = await listWhole(client, { harness })
  const { credential } = await client.call('runs.read', { id })
  const cells = credentials.map((one) => [
    one.name,
    one.type,
    one.state,
    one.id === credential?.id ? 'serves' : '',
  ])
  for (const line of columns(['PROFILE', 'TYPE', 'STATE', ''], cells)) context.ui.note(line)
  return true
}
