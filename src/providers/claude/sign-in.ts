// A sign-in to Claude by the unmodified program: it prints a link, waits for the code that the person brings back, and
// writes the login file. We carry the two texts and keep the time.

import { setTimeout as sleep } from 'node:timers/promises'
import { ClavigerError } from '../../domain/errors.ts'
import { CannotStart } from '../../lib/programs/bounded-program.ts'
import { makePrivateHome, removePrivateHome } from '../../lib/programs/private-home.ts'
import { inTime } from '../../lib/time/in-time.ts'
import type { ProgramSignIn, SignInOutcome } from '../login-program.ts'
import { pastedCode } from './pasted-code.ts'
import { RENEWAL_LIMIT_MS } from './renew.ts'
import { type ClaudeProgramSettings, type LoginRun, startLogin } from './run.ts'
import { type Failure, failureOf } from './verdict.ts'

const SIGN_IN_MS = 10 * 60_000
const LINK_MS = 30_000
// No sign-in takes longer.
const HOME_LOST_AFTER_MS = 3_600_000
// With the login written, the program still notes whose it is.
const EMAIL_MS = 5_000

const AGAIN = 'Start signing in again.'

type Ending = Exclude<SignInOutcome, { outcome: 'signed_in' }>

/** See LoginProgram.signIn. `lifetimeMs` is for tests. */
export async function signInByProgram(
  settings: ClaudeProgramSettings,
  lifetimeMs = SIGN_IN_MS,
): Promise<ProgramSignIn> {
  const home = await makePrivateHome(settings.directory, HOME_LOST_AFTER_MS)
  try {
    const run = await startLogin(settings, home, lifetimeMs)
    const expiresAt = Date.now() + lifetimeMs
    const url = await linkOf(run)
    return conversation(run, url, expiresAt, () => removePrivateHome(home))
  } catch (error) {
    await removePrivateHome(home)
    throw error instanceof CannotStart ? noProgram(error.code) : error
  }
}

/** The first https URL in what the program printed, once it is there as a whole. */
export function firstLink(output: string): string | null {
  return /https:\/\/[\x21-\x7e]+(?=\s)/.exec(output)?.[0] ?? null
}

async function linkOf({ program }: LoginRun): Promise<string> {
  const late = () => new ClavigerError('unavailable', 'The claude program printed no link in time.')
  try {
    await inTime(
      program.printed((output) => firstLink(output) !== null),
      LINK_MS,
      late,
    )
  } catch (error) {
    await program.stop()
    throw error
  }
  const link = firstLink(program.output())
  if (link !== null) return link
  await program.stop()
  throw new ClavigerError('unavailable', 'The claude program here cannot sign in this way.', {
    hint: 'Update it: npm install -g @anthropic-ai/claude-code@latest',
  })
}

function conversation(
  run: LoginRun,
  url: string,
  expiresAt: number,
  remove: () => Promise<void>,
): ProgramSignIn {
  const { program } = run
  let checking: Promise<SignInOutcome> | null = null
  let over: Ending | null = null
  const finish = async (ending: Ending) => {
    over ??= ending
    await program.stop()
    await remove()
  }
  const check = async (code: string): Promise<SignInOutcome> => {
    program.extend(RENEWAL_LIMIT_MS)
    const outcome = await outcomeOf(run, code)
    if (outcome.outcome === 'incomplete') {
      program.extend(Math.max(0, expiresAt - Date.now()))
      return over ?? outcome
    }
    const cancelled = over
    await finish(outcome.outcome === 'signed_in' ? used() : outcome)
    return cancelled ?? outcome
  }
  // By its deadline, or by itself: while a code is being checked that is for the check to judge.
  void program.ended.then(async ({ how }) => {
    if (checking === null) await finish(how === 'timeout' ? expired() : failed(failureOf(program.output())))
  })
  return {
    url,
    expiresAt,
    async submit(pasted) {
      if (checking !== null) return await checking
      if (over === null && Date.now() >= expiresAt) await finish(expired())
      if (over !== null) return over
      const code = pastedCode(pasted.expose())
      if (code === null) return incomplete()
      checking = check(code)
      try {
        return await checking
      } finally {
        checking = null
      }
    },
    cancel: () => finish(cancelled()),
  }
}

// Measured with 2.1.330: a code without `#` is answered with one sentence and the program goes on waiting; a code that the
// provider refuses ends it. It sends its own state with any code, so a code of another sign-in is for the provider to
// refuse (by its verifier).
async function outcomeOf({ program, file, email }: LoginRun, code: string): Promise<SignInOutcome> {
  const before = program.output().length
  const isIncomplete = (output: string) => /look like the full code/.test(output.slice(before))
  program.write(`${code}\n`)
  await Promise.race([file, program.printed(isIncomplete)])
  if (isIncomplete(program.output())) return incomplete()
  const written = await file
  if (written === null) return failed(failureOf(program.output()))
  await Promise.race([program.ended, sleep(EMAIL_MS, undefined, { ref: false })])
  return { outcome: 'signed_in', file: written, email: await email() }
}

function failed(failure: Failure): Ending {
  if (failure === 'refused') {
    const message =
      'Anthropic did not take the code: it is incomplete, too old, used before, or of another sign-in.'
    return { outcome: 'refused', message, hint: `${AGAIN} Each link has a code of its own.` }
  }
  const message =
    failure === 'unreachable'
      ? 'Anthropic could not be reached from the server.'
      : 'Anthropic could not complete the sign-in.'
  return { outcome: 'failed', message, hint: `${AGAIN} If it goes on, see https://status.claude.com.` }
}

function incomplete(): Ending {
  return {
    outcome: 'incomplete',
    message: 'That is not the whole code.',
    hint: 'Copy all of it, with the # in the middle, and paste it again.',
  }
}

function expired(): Ending {
  return { outcome: 'expired', message: 'The sign-in was not completed in time.', hint: AGAIN }
}

function cancelled(): Ending {
  return { outcome: 'cancelled', message: 'The sign-in was cancelled.', hint: AGAIN }
}

function used(): Ending {
  return { outcome: 'refused', message: 'This sign-in is complete; its code is used.', hint: AGAIN }
}

function noProgram(code: string): ClavigerError {
  return new ClavigerError('unavailable', `The claude program could not be started (${code}).`, {
    hint: 'Install it on the server (npm install -g @anthropic-ai/claude-code), or set CLAVIGER_CLAUDE_BIN.',
  })
}
