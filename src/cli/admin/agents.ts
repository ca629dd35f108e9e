// `claviger admin agent`: identities without a person, and what they may use.

import type { Output } from '../../api/schemas.ts'
import { counted } from '../../domain/counted.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { checkDescription } from '../credential/create.ts'
import { shortly } from '../credential/describe.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { labelled, relativeTime } from '../text.ts'
import { type LifetimeOptions, lifeOf } from './lifetime.ts'

type Agent = Output<'agents.get'>

export async function create(
  context: Context,
  { description = '' }: { readonly description?: string },
  [name = '']: readonly string[],
): Promise<number> {
  checkName(name)
  checkDescription(description)
  const { client } = await connect(context)
  const agent = await client.call('agents.create', { name, description })
  context.ui.answer(agent, () => [`Made the agent ${name}.`])
  context.ui.note(
    `Next: claviger admin agent attach ${name} CREDENTIAL, and for its runs: claviger admin agent token ${name} --name NAME --expires-in 30d`,
  )
  return 0
}

export async function list(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('agents.list', {})
  const rows = () =>
    answer.agents.map(({ name, createdAt, createdBy, description }) => [
      name,
      relativeTime(createdAt, Date.now()),
      createdBy,
      description,
    ])
  context.ui.table(answer, ['NAME', 'CREATED', 'BY', 'DESCRIPTION'], rows, 'There are no agents.')
  return 0
}

export async function show(context: Context, _: unknown, [name = '']: readonly string[]): Promise<number> {
  checkName(name)
  const { client } = await connect(context)
  const agent = await client.call('agents.get', { agent: name })
  context.ui.answer(agent, () => inWords(agent))
  return 0
}

export async function attach(
  context: Context,
  options: OwnerFlags,
  words: readonly string[],
): Promise<number> {
  const { client, agent, credential, what } = await agentAndCredential(context, options, words)
  const answer = await client.call('agents.attach', { agent, credential })
  context.ui.answer(answer, () => [
    answer.attached ? `Attached ${what} to the agent ${agent}.` : `${what} was attached to ${agent} already.`,
  ])
  return 0
}

export async function detach(
  context: Context,
  options: OwnerFlags,
  words: readonly string[],
): Promise<number> {
  const { client, agent, credential, what } = await agentAndCredential(context, options, words)
  const answer = await client.call('agents.detach', { agent, credential })
  context.ui.answer(answer, () => [`Detached ${what} from the agent ${agent}.${ended(answer.ended)}`])
  return 0
}

async function agentAndCredential(
  context: Context,
  options: OwnerFlags,
  [agent = '', ...words]: readonly string[],
) {
  checkName(agent)
  const { client, who, credential } = await findCredential(context, options, words, {
    labels: ['CREDENTIAL'],
  })
  return { client, agent, credential: credential.id, what: shortly(credential, who) }
}

export async function token(
  context: Context,
  options: LifetimeOptions & { readonly name: string },
  [agent = '']: readonly string[],
): Promise<number> {
  checkName(agent)
  checkName(options.name)
  const expiresInSeconds = lifeOf(options)
  const { client } = await connect(context)
  const made = await client.call('agents.token', { agent, name: options.name, expiresInSeconds })
  context.ui.answer(made, () => [made.token])
  const end =
    made.expiresAt === null ? 'It never expires' : `It expires ${relativeTime(made.expiresAt, Date.now())}`
  context.ui.note(
    `Token ${made.name} of the agent ${agent}, shown this once. ${end}; end it with: claviger admin tokens revoke ${made.name}`,
  )
  return 0
}

/** Names what goes with the agent, asks, and says what was cleared. */
export async function remove(
  context: Context,
  { force }: { readonly force?: boolean },
  [name = '']: readonly string[],
): Promise<number> {
  checkName(name)
  const { ui } = context
  const { client } = await connect(context)
  if (force !== true) {
    const agent = await client.call('agents.get', { agent: name })
    for (const line of inWords(agent)) ui.note(line)
    if (!ui.interactive) {
      throw new ClavigerError('invalid', `Refusing to delete ${name} without confirmation; use --force`, {
        hint: `Type: claviger admin agent delete --force ${name}. Its tokens and workers are revoked.`,
      })
    }
    if (!(await ui.confirm(`Delete the agent ${name}? Its tokens and workers are revoked.`)))
      throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was deleted.' })
  }
  const { cleared } = await client.call('agents.delete', { agent: name })
  ui.answer({ deleted: { name }, cleared }, () => [
    `Deleted the agent ${name}.`,
    ...cleared.map((one) => `Cleared: ${one}.`),
  ])
  return 0
}

/** What ended along with something, as the end of a sentence. */
export function ended(leases: number): string {
  return leases === 0 ? '' : ` Ended ${counted(leases, 'running lease')}.`
}

function inWords({
  name,
  description,
  owns,
  attached,
  tokens,
  workers,
  createdAt,
  createdBy,
}: Agent): string[] {
  const now = Date.now()
  return labelled([
    ['name', name],
    ['description', description],
    ['created', `${relativeTime(createdAt, now)} by ${createdBy}`],
    ['owns', counted(owns, 'credential')],
    ...listed('attached', attached, (one) => `${one.type} ${one.name} of ${one.owner}, ${one.state}`),
    ...listed('token', tokens, (one) =>
      one.expiresAt === null
        ? `${one.name}, never expires`
        : `${one.name}, expires ${relativeTime(one.expiresAt, now)}`,
    ),
    ...listed('worker', workers, (one) => one),
  ])
}

function listed<T>(
  label: string,
  all: readonly T[],
  text: (one: T) => string,
): (readonly [string, string])[] {
  return all.length === 0 ? [[label, 'none']] : all.map((one) => [label, text(one)] as const)
}
