// `models auth order get|set|clear`: which profile of a provider is tried first. Each provider has an order of its own, and
// each agent, which may name profiles of the main agent too.

import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { formatOwner } from '../../domain/owner.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { listCredentials } from '../find-credential.ts'
import { self } from '../owner-flags.ts'
import { over } from './login.ts'
import { type ProviderId, wordsOf } from './providers.ts'

export interface OrderOptions {
  readonly provider: ProviderId
  readonly agent?: string
}

export async function get(context: Context, options: OrderOptions): Promise<number> {
  return show(context, options, (await open(context, options)).order)
}

export async function set(
  context: Context,
  options: OrderOptions,
  profiles: readonly string[],
): Promise<number> {
  const { provider } = options
  if (profiles.length === 0)
    throw new ClavigerError('invalid', 'Give the profiles in the order you want.', {
      hint: `For example: claviger models auth order set --provider ${provider} ${provider}:work ${provider}:home`,
    })
  return put(context, options, profiles)
}

export function clear(context: Context, options: OrderOptions): Promise<number> {
  return put(context, options, [])
}

async function put(context: Context, options: OrderOptions, profiles: readonly string[]): Promise<number> {
  const { client, owner, order } = await open(context, options)
  const { harness } = wordsOf(options.provider)
  const all = await listCredentials(client, { owner, harness })
  const ids = profiles.map((name) => {
    const found = all.find((one) => one.name === name && isOf(options.provider, name))
    if (found !== undefined) return found.id
    throw new ClavigerError('not_found', `There is no profile ${name} of ${options.provider}.`, {
      hint: 'See what there is: claviger models auth list',
    })
  })
  // Those of the other providers of this harness keep theirs.
  const others = order.filter(({ name }) => !isOf(options.provider, name)).map(({ id }) => id)
  const { credentials } = await client.call('credentials.setOrder', {
    ...{ owner, harness, credentials: [...ids, ...others] },
  })
  return show(context, options, credentials)
}

interface Opened {
  readonly client: Client
  readonly owner: string
  readonly order: readonly Ordered[]
}

interface Ordered {
  readonly id: string
  readonly name: string
}

async function open(context: Context, options: OrderOptions): Promise<Opened> {
  const { client } = await connect(over(context, options))
  const owner = formatOwner(self(await client.call('whoami', {})))
  const { harness } = wordsOf(options.provider)
  const { credentials } = await client.call('credentials.getOrder', { owner, harness })
  return { client, owner, order: credentials }
}

function show({ ui }: Context, { provider }: OrderOptions, order: readonly Ordered[]): number {
  const profiles = order.map(({ name }) => name).filter((name) => isOf(provider, name))
  ui.answer({ provider, order: profiles }, () =>
    profiles.length === 0
      ? [
          `No order is set for ${provider}: sign-ins before tokens before keys, then the one used longest ago.`,
        ]
      : [`Order for ${provider}:`, ...profiles.map((name, i) => `  ${i + 1}. ${name}`)],
  )
  return 0
}

function isOf(provider: ProviderId, name: string): boolean {
  return name.startsWith(`${provider}:`)
}
