// Where the accounts of this terminal are kept: in the profiles of an agent of this machine, or by a server. The same client
// speaks to both, so that all steps are the same; what differs is what things are called.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkNameOrProfile, isProfileId, printable } from '../../domain/names.ts'
import { formatOwner } from '../../domain/owner.ts'
import { connectToEither } from '../connection.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import type { OpenedProfiles } from '../dependencies.ts'
import { listCredentials } from '../find-credential.ts'
import { freeName as freeNameAmong, nameOnServer, standardProfile } from '../models/names.ts'
import { self, type WhoAmI } from '../owner-flags.ts'
import type { Ui } from '../ui.ts'
import type { OnboardOptions } from './options.ts'

/** One that is stored. */
export type Account = Pick<CredentialView, 'id' | 'name' | 'type'> & {
  /** It was here before, and nothing was put into it. */
  readonly isKept?: boolean
}

export interface Place {
  /** Over this place. What verbs answer is said beside: the answer is ours. */
  readonly context: Context
  readonly client: Client
  readonly who: WhoAmI
  /** Names of what is stored and was in hand, for whoever breaks it off. */
  readonly inHand: Set<string>
  /** Null: a server keeps them. */
  readonly local: { readonly agent: string; readonly profiles: OpenedProfiles } | null
}

/** Throws what keeps it from being reached. */
export async function openPlace(context: Context, { agent }: OnboardOptions, asks: boolean): Promise<Place> {
  const connection = await connectToEither(context, agent === undefined ? {} : { agent })
  const { client, profiles } = connection
  if (profiles === null && agent !== undefined)
    throw new ClavigerError(
      'invalid',
      `--agent is an agent of this machine, and ${connection.server} keeps its own.`,
      {
        hint: 'Leave out --agent, or say --local for the profiles of this machine.',
      },
    )
  const named = agent ?? context.agent ?? MAIN_AGENT
  const who = await client.call('whoami', {})
  return {
    ...{ client, who, context: beside(profiles === null ? context : context.over(named), asks) },
    inHand: new Set(),
    local: profiles === null ? null : { agent: named, profiles },
  }
}

/** What the accounts of whoever this is are called and how they stand; of an agent, its own ones. */
export async function ownAccounts({ client, who, local }: Place): Promise<CredentialView[]> {
  const all = await listCredentials(client, { owner: formatOwner(self(who)) })
  return local === null ? all : all.filter(({ id }) => local.profiles.agentOf(id) === local.agent)
}

/** What an account of this type is called where nobody says. */
export function standardName({ local }: Place, type: CredentialType): string {
  const profile = standardProfile(type)
  return local === null ? nameOnServer(profile) : profile
}

/** What a name that was given stands for: of a profile the provider may be left out. Throws `invalid`. */
export function wholeName({ local }: Place, type: CredentialType, name: string): string {
  if (local === null) {
    checkNameOrProfile(name)
    return name
  }
  const provider = standardProfile(type).replace(/:.*/, '')
  const id = name.includes(':') ? name : `${provider}:${name}`
  if (isProfileId(id) && id.startsWith(`${provider}:`)) return id
  throw new ClavigerError('invalid', `"${printable(id)}" cannot be the name of a profile of ${provider}.`, {
    hint: `For example: --name ${provider}:work`,
  })
}

/** This name, with a number where it is taken. */
export async function freeName({ client }: Place, standard: string): Promise<string> {
  return freeNameAmong(
    standard,
    (await listCredentials(client, {})).map(({ name }) => name),
  )
}

/** One account by its name. Throws `not_found`. */
export async function accountNamed(place: Place, name: string): Promise<CredentialView> {
  const found = (await ownAccounts(place)).find((one) => one.name === name)
  if (found !== undefined) return found
  const [other] = await listCredentials(place.client, { name })
  if (other !== undefined) return other
  throw new ClavigerError('not_found', `There is no account ${name}.`)
}

// The answers of verbs that are used as steps are lines on the way.
function beside(context: Context, asks: boolean): Context {
  const { ui } = context
  const steps: Ui = {
    ...ui,
    interactive: asks,
    answer: (_, lines) => {
      for (const line of lines()) ui.note(line)
    },
    table: (_, __, rows, empty) => {
      const lines = rows().map((cells) => cells.filter((cell) => cell !== '').join('  '))
      for (const line of lines.length === 0 ? [empty] : lines) ui.note(line)
    },
  }
  return { ...context, ui: steps, over: (agent) => beside(context.over(agent), asks) }
}
