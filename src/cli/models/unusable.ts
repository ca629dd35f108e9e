// What is said of a profile that is in the file and serves nobody: a copy of a login, or one of a kind that is not known.

import { ClavigerError } from '../../domain/errors.ts'
import { MAIN_AGENT } from '../context.ts'
import type { OpenedProfiles } from '../dependencies.ts'

/** What somebody wants of it. */
type Wish = 'use' | 'choose' | 'push' | 'logout'

/** `agent`: the one whose own file it must be in; null: it may be read through. */
interface Wanted {
  readonly profile: string
  readonly agent: string | null
  readonly wish: Wish
}

// What to type about the one that serves instead.
const INSTEAD: Readonly<Record<Wish, (profile: string, whose: string) => string>> = {
  use: (profile) => `Use that one: --profile ${profile}`,
  choose: (profile) => `Choose that one: /model @${profile}`,
  push: (profile, whose) => `Push that one: claviger models push ${whose}${profile}`,
  logout: (profile, whose) => `A logout would end both: claviger models auth logout ${whose}${profile}`,
}

/** Throws `no_credential` or `conflict` for such a profile. Whoever asks knows that there is no other of that name. */
export function mustNotBeUnusable(
  { unusable }: Pick<OpenedProfiles, 'unusable'>,
  { profile, agent, wish }: Wanted,
): void {
  const found = unusable().find((one) => one.profile === profile && (agent === null || one.agent === agent))
  if (found === undefined) return
  const { why, copyOf } = found
  const isElsewhere = copyOf !== undefined && copyOf.agent !== found.agent
  const whose = isElsewhere && found.agent !== MAIN_AGENT ? `--agent ${copyOf.agent} ` : ''
  const code = wish === 'use' || wish === 'choose' ? 'no_credential' : 'conflict'
  throw new ClavigerError(code, asSentence(why), {
    hint:
      copyOf === undefined
        ? 'See how all of them stand: claviger models status'
        : INSTEAD[wish](copyOf.profile, whose),
  })
}

/** Why a profile cannot be used, as a sentence of its own. */
export function asSentence(why: string): string {
  return why.endsWith('.') ? why : `${why}.`
}
