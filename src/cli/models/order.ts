// `models auth order get|set|clear`: which profile of a provider is tried first. The order of other providers of the same
// agent program stays, after it.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { formatOwner, type OwnerText } from '../../domain/owner.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { listCredentials } from '../find-credential.ts'
import { self } from '../owner-flags.ts'
import { over } from './login.ts'
import { isBuiltIn } from './providers.ts'

export interface OrderOptions {
  /** Built in, or the name of a plugin. */
  readonly provider: string
  readonly agent?: string
}

interface Desk {
  readonly client: Client
  readonly owner: OwnerText
  readonly provider: string
  /** All profiles, those of other providers too. */
  readonly all: readonly CredentialView[]
}

type Placed = Pick<CredentialView, 'id' | 'name'>

export async function get(context: Context, options: OrderOptions): Promise<number> {
  return answer(context, await open(context, options))
}

export async function set(
  context: Context,
  options: OrderOptions,
  names: readonly string[],
): Promise<number> {
  const { provider } = options
  if (names.length === 0)
    throw new ClavigerError('invalid', 'Give the profiles in the order you want.', {
      hint: `For example: claviger models auth order set --provider ${provider} ${provider}:work ${provider}:home`,
    })
  const desk = await open(context, options)
  const wanted = names.map((name) => profileNamed(desk, name))
  await place(desk, wanted)
  await forgetPlaces(context, options)
  return answer(context, desk)
}

export async function clear(context: Context, options: OrderOptions): Promise<number> {
  const desk = await open(context, options)
  await place(desk, [])
  await forgetPlaces(context, options)
  return answer(context, desk)
}

// Whoever sets an order decides anew: what is on a server meanwhile gets no place back.
async function forgetPlaces(context: Context, options: OrderOptions): Promise<void> {
  await (await over(context, options).profiles()).moves.forgetPlaces(options.provider)
}

async function open(context: Context, options: OrderOptions): Promise<Desk> {
  const { provider } = options
  const local = over(context, options)
  const { client } = await connect(local)
  const owner = formatOwner(self(await client.call('whoami', {})))
  const desk = { client, owner, provider, all: await listCredentials(client, { owner }) }
  if (isBuiltIn(provider) || ownIn(desk).length > 0) return desk
  const plugins = await (await local.profiles()).plugins.list()
  if (plugins.some(({ name }) => name === provider)) return desk
  throw new ClavigerError('invalid', `There is no provider ${provider}.`, {
    hint: 'See which there are: claviger models providers',
  })
}

function ownIn({ all, provider }: Desk): CredentialView[] {
  return all.filter(({ name }) => name.startsWith(`${provider}:`))
}

function profileNamed(desk: Desk, name: string): CredentialView {
  const found = ownIn(desk).find((one) => one.name === name || one.name === `${desk.provider}:${name}`)
  if (found !== undefined) return found
  throw new ClavigerError('not_found', `There is no profile ${name} of ${desk.provider}.`, {
    hint: 'See what there is: claviger models auth list',
  })
}

// Those of a plugin may be for either agent program.
async function place(desk: Desk, wanted: readonly CredentialView[]): Promise<void> {
  const { client, owner } = desk
  const own = new Set(ownIn(desk).map(({ id }) => id))
  for (const harness of harnessesOf(desk)) {
    const first = wanted.filter((one) => one.type.startsWith(`${harness}/`)).map(({ id }) => id)
    const others = (await placedIn(desk, harness)).map(({ id }) => id).filter((id) => !own.has(id))
    await client.call('credentials.setOrder', { owner, harness, credentials: [...first, ...others] })
  }
}

function harnessesOf(desk: Desk): HarnessName[] {
  return HARNESSES.filter((harness) => ownIn(desk).some(({ type }) => type.startsWith(`${harness}/`)))
}

async function placedIn({ client, owner }: Desk, harness: HarnessName): Promise<Placed[]> {
  return (await client.call('credentials.getOrder', { owner, harness })).credentials
}

async function answer({ ui }: Context, desk: Desk): Promise<number> {
  const { provider } = desk
  const own = new Set(ownIn(desk).map(({ id }) => id))
  const credentials: Placed[] = []
  for (const harness of harnessesOf(desk))
    credentials.push(...(await placedIn(desk, harness)).filter(({ id }) => own.has(id)))
  ui.answer({ provider, order: credentials.map(({ name }) => name) }, () =>
    credentials.length === 0
      ? [
          `No order is set for ${provider}: sign-ins before tokens before keys, then the one used longest ago.`,
        ]
      : [`Order for ${provider}:`, ...credentials.map(({ name }, index) => `  ${index + 1}. ${name}`)],
  )
  return 0
}
