// Whose run is explained: kept in the address, so that an explanation can be sent.

import type { Request } from '../../../../src/api/schemas.ts'
import { textIn } from '../../next.ts'

type Input = Request<'explain'>

export interface Asked {
  readonly harness?: Input['harness']
  /** An id; `nobody` for a run without a person; without it oneself. */
  readonly user?: string
  readonly team?: string
  readonly agent?: string
  /** The id of the credential that is asked about; without it all of them. */
  readonly credential?: string
}

export const HARNESSES: readonly Input['harness'][] = ['claude', 'codex']

export const NOBODY = 'nobody'

/** What an address asks; what is none of it is passed over. */
export function askedIn(search: Record<string, unknown>): Asked {
  const harness = HARNESSES.find((one) => one === search['harness'])
  const user = textIn(search, 'user')
  const team = textIn(search, 'team')
  const agent = textIn(search, 'agent')
  const credential = textIn(search, 'credential')
  return {
    ...(harness !== undefined && { harness }),
    ...(user !== undefined && { user }),
    ...(team !== undefined && { team }),
    ...(agent !== undefined && { agent }),
    ...(credential !== undefined && { credential }),
  }
}

/** Whether it is a run of whoever asks. */
export function isOwn({ user, agent }: Asked): boolean {
  return user === undefined && agent === undefined
}

/** Null while something is missing: a run without a person is a team's or an agent's. */
export function inputOf({ harness = 'claude', user = 'me', team, agent }: Asked): Input | null {
  if (user === NOBODY && team === undefined && agent === undefined) return null
  return {
    harness,
    ...(user !== NOBODY && { user }),
    ...(team !== undefined && { team }),
    ...(agent !== undefined && { agent }),
  }
}
