// What is said of a profile that was pushed to a server.

import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { MovedProfile, OpenedProfiles } from '../dependencies.ts'

/** One line for people. */
export function movedInWords(moved: MovedProfile): string {
  return `${moved.profile} ${whereItIs(moved)}.`
}

/** The same without its name. */
export function whereItIs({ server, name }: MovedProfile): string {
  return `was pushed to ${server}: it is ${name} there`
}

/** Throws `not_found`, saying where it is, for a profile that was pushed. */
export async function mustBeHere({ moves }: OpenedProfiles, profile: string): Promise<void> {
  const gone = (await moves.moved()).find((one) => one.profile === profile)
  if (gone === undefined) return
  throw new ClavigerError('not_found', movedInWords(gone), {
    hint: `Use it there: --server ${gone.server} --credential ${gone.name}. Or bring it back: claviger models pull ${gone.name} --profile-id ${profile}`,
  })
}

/** Those that were pushed to this organization. */
export async function movedTo(
  { moves }: OpenedProfiles,
  server: string,
  organization: string,
): Promise<MovedProfile[]> {
  const isThere = (one: MovedProfile) =>
    one.organization === undefined ? one.server === server : one.organization === organization
  return (await moves.moved()).filter(isThere)
}

/** What is wrong with this name on a server, where no credential of one's own has it. What is gone for good is forgotten. */
export async function notPersonal(
  profiles: OpenedProfiles,
  client: Client,
  organization: string,
  name: string,
): Promise<ClavigerError> {
  const gone = (await movedTo(profiles, client.server, organization)).find((one) => one.name === name)
  const there = gone && (await stillThere(client, gone))
  if (gone !== undefined && there === undefined) await profiles.moves.cameBack(gone)
  if (there !== undefined && there.name !== name)
    return new ClavigerError('not_found', `${name} is called ${there.name} there now.`, {
      hint: `Type: claviger models pull ${there.name}`,
    })
  return new ClavigerError('not_found', `You have no personal credential ${name} on the server.`, {
    hint: `Only your own can be pulled. See them: claviger credential list --personal. One of a team can be made yours: claviger credential move ${name} --to personal`,
  })
}

async function stillThere(
  client: Client,
  { credential: id, name }: MovedProfile,
): Promise<{ readonly name: string } | undefined> {
  if (id === undefined) return (await client.call('credentials.list', { name })).credentials[0]
  return client.call('credentials.get', { id }).catch((thrown: unknown) => {
    if (thrown instanceof ClavigerError && thrown.code === 'not_found') return undefined
    throw thrown
  })
}
