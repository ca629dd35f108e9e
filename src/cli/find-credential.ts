// From a name and owner flags to the one credential meant; and whole lists, page by page.

import type { CredentialView, Output, Request } from '../api/schemas.ts'
import type { Client } from '../client/client.ts'
import { mayCredential } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { checkNameOrProfile } from '../domain/names.ts'
import { formatOwner, type Owner, parseOwner } from '../domain/owner.ts'
import { connect } from './connection.ts'
import type { Context } from './context.ts'
import {
  callerOf,
  flagFor,
  type OwnerFlags,
  ownerOf,
  ownerTitle,
  takeNames,
  type WhoAmI,
} from './owner-flags.ts'

/** A signed-in terminal, and the credential it means. */
export interface Found {
  readonly client: Client
  readonly who: WhoAmI
  readonly credential: CredentialView
  /** The words after the credential's name. */
  readonly rest: readonly string[]
}

/** What a list has in all of its pages. */
export type WholeList = Omit<Output<'credentials.list'>, 'next'>

/** All credentials the filter lets through, every page of them, and what else is known to exist. */
export async function listWhole(client: Client, filter: Request<'credentials.list'>): Promise<WholeList> {
  const all: WholeList = { credentials: [], others: [] }
  let after: string | undefined
  do {
    const page = await client.call('credentials.list', { ...filter, limit: 500, ...(after && { after }) })
    all.credentials.push(...page.credentials)
    all.others.push(...page.others)
    after = page.next ?? undefined
  } while (after !== undefined)
  return all
}

/** All credentials the filter lets through. */
export async function listCredentials(
  client: Client,
  filter: Request<'credentials.list'>,
): Promise<CredentialView[]> {
  return (await listWhole(client, filter)).credentials
}

/**
 * Signs in and finds the credential that flags and the first word name; `labels` are the words the verb takes. Throws
 * `not_found`, `invalid` when several owners have one of that name, `forbidden` when it must be managed and may not be.
 */
export async function findCredential(
  context: Context,
  options: OwnerFlags,
  words: readonly string[],
  { labels = ['NAME'], manage = false }: { labels?: readonly string[]; manage?: boolean } = {},
): Promise<Found> {
  const { names, flags } = takeNames(options, words, labels)
  const [name = '', ...rest] = names
  checkNameOrProfile(name)
  const { client } = await connect(context)
  const who = await client.call('whoami', {})
  const owner = ownerOf(flags, who)
  const filter = { name, ...(owner !== null && { owner: formatOwner(owner) }) }
  const credential = theOne(await listCredentials(client, filter), name, owner, who)
  if (manage) mustManage(who, parseOwner(credential.owner))
  return { client, who, credential, rest }
}

/** Throws `forbidden` when the caller may not manage credentials of that owner. */
export function mustManage(who: WhoAmI, owner: Owner): void {
  if (mayCredential(callerOf(who), 'manage', owner)) return
  const whose = ownerTitle(formatOwner(owner), who)
  throw new ClavigerError(
    'forbidden',
    `You may not manage credentials of ${whose}; your role is ${who.role}.`,
    {
      hint: 'Ask an admin of the organization.',
    },
  )
}

function theOne(
  found: readonly CredentialView[],
  name: string,
  owner: Owner | null,
  who: WhoAmI,
): CredentialView {
  const [first, ...others] = found
  if (!first) {
    const whose = owner === null ? '' : ` of ${ownerTitle(formatOwner(owner), who)}`
    throw new ClavigerError('not_found', `There is no credential ${name}${whose}.`, {
      hint: 'See what there is: claviger credential list',
    })
  }
  if (others.length === 0) return first
  throw new ClavigerError('invalid', `Several owners have a credential named ${name}.`, {
    hint: `Say whose, before the name: ${found.map((one) => flagFor(one.owner, who)).join(', or ')}`,
  })
}
