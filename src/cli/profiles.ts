// Whether a verb uses a server or the profiles of this machine, and the connection to either. Profiles are used where they
// are asked for, or where there is no server to ask: never because one did not answer.

import { createClient } from '../client/client.ts'
import { ClavigerError } from '../domain/errors.ts'
import { type Connection, connect } from './connection.ts'
import type { Context } from './context.ts'
import { readAdminToken, readLogin } from './secrets.ts'

export const MAIN_AGENT = 'main'

export interface ProfileFlags {
  readonly local?: boolean
  /** One profile and no other. */
  readonly profile?: string
  readonly credential?: string
  readonly team?: string
  readonly agent?: string
}

/** What a request says of whose run it is and what may serve it. */
interface Choice {
  readonly credential?: string
  readonly team?: string
  readonly agent?: string
}

export interface ChosenConnection extends Connection {
  readonly isLocal: boolean
  readonly choice: Choice
}

/** Connects to what these flags, the settings and the state directory say. Throws `invalid` for flags that exclude each other. */
export async function connectToEither(
  context: Context,
  flags: ProfileFlags,
  withAliases = false,
): Promise<ChosenConnection> {
  const { profile, credential, team, agent } = flags
  if (!(await usesProfiles(context, flags, withAliases))) {
    const choice = {
      ...(credential !== undefined && { credential }),
      ...(team !== undefined && { team }),
      ...(agent !== undefined && { agent }),
    }
    return { ...(await connect(context, withAliases)), isLocal: false, choice }
  }
  if (team !== undefined) throw exclusive('--team', 'teams are on a server')
  if (profile !== undefined && credential !== undefined) throw exclusive('--credential', '--profile names it')
  const { url, token, fetch } = await context.profiles(agent ?? MAIN_AGENT)
  const named = profile ?? credential
  return {
    ...{
      client: createClient({ server: url, token, fetch }),
      server: url,
      token,
      tokenSource: 'this process',
    },
    ...{ isLocal: true, choice: named === undefined ? {} : { credential: named } },
  }
}

/** Whether the profiles of this machine are meant. Throws `invalid` when a server is named as well. */
export async function usesProfiles(
  context: Context,
  { local, profile }: ProfileFlags,
  withAliases = false,
): Promise<boolean> {
  const { server, token, stateDirectory } = context.settings(withAliases)
  if (local === true || profile !== undefined) return true
  if (server !== null || token !== null) return false
  return (await readLogin(stateDirectory)) === null && (await readAdminToken(stateDirectory)) === null
}

function exclusive(flag: string, why: string): ClavigerError {
  return new ClavigerError('invalid', `${flag} means nothing with profiles of this machine: ${why}.`, {
    hint: `Leave out ${flag}.`,
  })
}
