// What a helper prints of a profile of this machine: the value that is good now, renewed first when it is due, however many
// helpers ask at the same time.

import type { Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { connectToEither } from '../connection.ts'
import { createContext } from '../context.ts'
import type { CliDependencies } from '../dependencies.ts'
import type { HelperKind, WantedProfile } from '../helper.ts'
import { createUi } from '../ui.ts'

interface Takes {
  readonly harness: HarnessName
  readonly types: readonly CredentialType[]
}

// Claude Code sends what its helper prints as a key: a subscription's token is refused then.
const TAKES: Readonly<Record<HelperKind, Takes>> = {
  'api-key': { harness: 'claude', types: ['claude/api-key'] },
  aws: { harness: 'claude', types: ['claude/bedrock-access-key'] },
  'codex-token': { harness: 'codex', types: ['codex/oauth', 'codex/access-token', 'codex/api-key'] },
}

/** The fields of the profile. Throws `invalid` where a server is used, or for a profile that helpers do not serve. */
export async function fieldsOf(
  dependencies: CliDependencies,
  { kind, profile, agent, local }: WantedProfile,
): Promise<Readonly<Record<string, string>>> {
  const context = createContext(dependencies, createUi(dependencies, false), { ...(local && { local }) })
  const named = { ...(profile !== undefined && { profile }), ...(agent !== undefined && { agent }) }
  try {
    const { client, profiles } = await connectToEither(context, named)
    if (profiles === null) throw needsLease()
    const name = await nameOf(client, kind, profile)
    const { harness } = TAKES[kind]
    const lease = await client.call('leases.create', { harness, credential: name, ambient: 'refused' })
    await client.call('leases.end', { id: lease.id })
    return lease.credential?.fields ?? {}
  } finally {
    await context.close()
  }
}

// Of those that may serve now the first that the helper is for.
async function nameOf(client: Client, kind: HelperKind, profile: string | undefined): Promise<string> {
  const { harness, types } = TAKES[kind]
  const asked = { harness, ambient: 'refused' as const }
  const { decisions } = await client.call('explain', {
    ...asked,
    ...(profile !== undefined && { credential: profile }),
  })
  const all = decisions.flatMap((one) => (one.credential === null ? [] : [{ ...one, ...one.credential }]))
  if (profile !== undefined) {
    const found = all.find(({ name }) => name === profile)
    if (found !== undefined && !types.includes(found.type)) throw wrongType(found, kind)
    // What it lacks is said when it is asked for.
    return profile
  }
  const first = all.find(({ verdict, type }) => verdict !== 'skipped' && types.includes(type))
  if (first !== undefined) return first.name
  throw nothingFits(kind, all)
}

type Passed = Pick<Output<'explain'>['decisions'][number], 'reason'> & {
  readonly name: string
  readonly type: CredentialType
}

function nothingFits(kind: HelperKind, all: readonly Passed[]): ClavigerError {
  const { harness, types } = TAKES[kind]
  const own = all.filter(({ type }) => types.includes(type))
  const why = own.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  const what = types.map((type) => CREDENTIAL_TYPES[type].title).join(', ')
  if (own.length > 0)
    return new ClavigerError('no_credential', `No profile can be used now: ${why}.`, {
      hint: `See the whole list: claviger --local explain --harness ${harness}`,
    })
  return new ClavigerError('no_credential', `There is no profile that a helper can print here (${what}).`, {
    hint: `Start the program with claviger exec --harness ${harness}, which hands over others too.`,
  })
}

function wrongType({ name, type }: Passed, kind: HelperKind): ClavigerError {
  const fits = Object.entries(TAKES).find(([, { types }]) => types.includes(type))
  const { title, harness } = CREDENTIAL_TYPES[type]
  const hint =
    fits === undefined
      ? `Start the program with it: claviger exec --harness ${harness} --profile ${name} -- ${harness}`
      : `Use: claviger helper ${fits[0]} --profile ${name}`
  return new ClavigerError('invalid', `helper ${kind} cannot hand over ${name}, of the type ${title}.`, {
    hint,
  })
}

function needsLease(): ClavigerError {
  return new ClavigerError(
    'invalid',
    'With a server a helper belongs to a run, and claviger exec starts it.',
    {
      hint: 'For a profile of this machine name it: --profile PROVIDER:NAME, or say --local',
    },
  )
}
