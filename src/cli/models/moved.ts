// What is said of a profile that was pushed to a server.

import { ClavigerError } from '../../domain/errors.ts'
import type { MovedProfile, OpenedProfiles } from '../dependencies.ts'

/** One line for people. */
export function movedInWords({ profile, server, name }: MovedProfile): string {
  return `${profile} was pushed to ${server}: it is ${name} there.`
}

/** Throws `not_found`, saying where it is, for a profile that was pushed. */
export async function mustBeHere({ moves }: OpenedProfiles, profile: string): Promise<void> {
  const gone = (await moves.moved()).find((one) => one.profile === profile)
  if (gone === undefined) return
  throw new ClavigerError('not_found', movedInWords(gone), {
    hint: `Use it there: --server ${gone.server} --credential ${gone.name}. Or bring it back: claviger models pull ${gone.name} --profile-id ${profile}`,
  })
}
