// Renews a Claude login by the unmodified program: the refresh token goes in by the environment, the new login comes out
// as the file it writes. Nothing is tried twice here.

import { ClavigerError } from '../../domain/errors.ts'
import { INSTALL_COMMAND } from '../../domain/harness-names.ts'
import type { Secret } from '../../domain/secret.ts'
import { CannotStart } from '../../lib/programs/bounded-program.ts'
import { makePrivateHome, removePrivateHome } from '../../lib/programs/private-home.ts'
import type { LoginProgram, RenewalOutcome } from '../login-program.ts'
import { noteProgram, noteRenewal } from './left-behind.ts'
import { type ClaudeProgramSettings, type LoginRun, startLogin } from './run.ts'
import { type Failure, failureOf } from './verdict.ts'

/**
 * Measured with 2.1.330: it gives the token endpoint 30 s, and then, with the old token used up already, asks for the
 * profile for up to 20 s before it writes the file. Ending it earlier would lose logins.
 */
export const RENEWAL_LIMIT_MS = 75_000

const MESSAGES: Readonly<Record<Exclude<Failure, 'refused' | 'too_old'>, string>> = {
  limited: 'Anthropic is asked too often right now.',
  server: 'Anthropic could not renew the login right now.',
  blocked: 'Anthropic does not take requests from the network or country of this server.',
  unreachable: 'Anthropic could not be reached, or its certificate is not trusted here.',
  broken: 'Anthropic did not answer.',
  unknown: 'The claude program ended without a login and without a reason that we know.',
}

// In these cases the provider may have answered with a new token that never got here.
const MAY_BE_USED_UP: readonly Failure[] = ['broken', 'unknown']

type Asked = Parameters<LoginProgram['renew']>[0]

/** See LoginProgram.renew. */
export async function renewByProgram(settings: ClaudeProgramSettings, asked: Asked): Promise<RenewalOutcome> {
  const fault = faultOf(asked)
  if (fault !== null) throw new ClavigerError('invalid', fault)
  // What is left there of others may be all there is of their logins.
  const home = await makePrivateHome(settings.directory, null)
  const remove = () => removePrivateHome(home)
  try {
    const outcome = await renewIn(home, settings, asked)
    if (outcome.outcome === 'tokens') return { ...outcome, remove }
    await remove()
    return outcome
  } catch (error) {
    // Our own disk has failed us: what the program has written stays for the next start.
    if (!(error instanceof CannotStart)) throw error
    await remove()
    return unavailable()
  }
}

type Unanswered = Exclude<RenewalOutcome, { outcome: 'tokens' }>

type Ended = Unanswered | { readonly outcome: 'tokens'; readonly file: Secret }

async function renewIn(home: string, settings: ClaudeProgramSettings, asked: Asked): Promise<Ended> {
  await noteRenewal(home, asked.note ?? '')
  const run = await startLogin(settings, home, RENEWAL_LIMIT_MS, {
    CLAUDE_CODE_OAUTH_REFRESH_TOKEN: asked.refresh.expose(),
    CLAUDE_CODE_OAUTH_SCOPES: asked.scopes.join(' '),
  })
  try {
    noteProgram(home, run.program.pid, RENEWAL_LIMIT_MS)
    return await outcomeOf(run)
  } finally {
    // With the file in hand there is nothing to wait for; it may still be asking for things we do not want.
    await run.program.stop()
  }
}

async function outcomeOf({ program, file, hasAnswer }: LoginRun): Promise<Ended> {
  const written = await file
  if (written !== null) return { outcome: 'tokens', file: written }
  const { how, code } = await program.ended
  if (how !== 'exit') return { outcome: 'transient', message: MESSAGES.broken, mayBeUsedUp: true }
  // What it says then may be about a later call, and nothing about the renewal.
  if (code === 0 || (await hasAnswer())) return lost()
  const failure = failureOf(program.output())
  if (failure === 'too_old') return unavailable()
  if (failure === 'refused') {
    return {
      outcome: 'refused',
      message: 'Anthropic refuses to renew the login: it was ended, used up or is too old.',
    }
  }
  return { outcome: 'transient', message: MESSAGES[failure], mayBeUsedUp: MAY_BE_USED_UP.includes(failure) }
}

function faultOf({ refresh, scopes }: { refresh: Secret; scopes: readonly string[] }): string | null {
  // A variable cannot hold a NUL, and the program would wait for a person when one of them is empty.
  if (!/^[\x21-\x7e]+$/.test(refresh.expose())) return 'The refresh token is not one.'
  const areWords = scopes.length > 0 && scopes.every((scope) => /^[\w:./-]+$/.test(scope))
  return areWords ? null : 'The scopes of the login are missing or malformed.'
}

function lost(): Unanswered {
  const message = 'Anthropic answered with something that the claude program could not use.'
  return { outcome: 'lost', message }
}

function unavailable(): Unanswered {
  const message = `There is no claude program here that can renew logins. Install one (${INSTALL_COMMAND.claude}), or name it: CLAVIGER_CLAUDE_BIN.`
  return { outcome: 'unavailable', message }
}
