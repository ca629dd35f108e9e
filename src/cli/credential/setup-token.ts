// A setup token of Claude is printed by `claude setup-token`, which wants the user's own terminal: offered before the token
// is asked for.

import { ClavigerError } from '../../domain/errors.ts'
import { findCommand } from '../../runner/programs.ts'
import { pastedSetupToken, runSetupToken } from '../../runner/setup-token.ts'
import type { Context } from '../context.ts'

/** What is wrong with a token that was pasted; it is never repeated. */
export function setupTokenFault(text: string): string | undefined {
  const pasted = pastedSetupToken(text)
  return 'fault' in pasted ? pasted.fault : undefined
}

/** Runs it here when the person wants that. Throws `conflict` when it failed. */
export async function offerSetupToken(context: Context): Promise<void> {
  const { ui, dependencies } = context
  if (!ui.interactive) return
  const { env } = dependencies
  const program = await findCommand(context.settings().claudeBin ?? 'claude', env, process.cwd())
  if (program === null) {
    ui.note('The claude program is not here. Run `claude setup-token` where it is, and paste what it prints.')
    return
  }
  if (!(await ui.confirm('Run `claude setup-token` here now? It signs you in and prints the token.'))) return
  const exitCode = await runSetupToken(program, env, process.cwd())
  if (exitCode === 0) return
  throw new ClavigerError(
    'conflict',
    `claude setup-token ended with exit code ${exitCode}; nothing was stored.`,
    {
      hint: 'Run it again, or store an API key instead: claviger credential create claude api-key NAME',
    },
  )
}
