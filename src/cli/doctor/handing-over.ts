// Whether the agent program sees what it would be handed: a credential is leased and written as for a run, in a private
// directory, and the program's own status command is asked. Then the lease ends.

import type { Client } from '../../client/client.ts'
import { asClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { runCommand } from '../commands/exec.ts'
import type { Context } from '../context.ts'
import { type Finding, ok } from './finding.ts'

const LIMIT_MS = 30_000

export async function checkHandingOver(context: Context, client: Client, harness: Harness): Promise<Finding> {
  const what = `${HARNESS_TITLE[harness.name]} handed over`
  const command = [harness.program, ...harness.statusArguments]
  const asked = command.join(' ')
  try {
    const exit = await runCommand(
      context,
      { client, choice: {} },
      { harness: harness.name, ambient: false },
      {
        ...{ command, cwd: process.cwd(), report: () => undefined },
        aside: { limitMs: LIMIT_MS, heard: () => undefined },
      },
    )
    if (exit === 0) return ok(what, `the program sees it (${asked})`)
    return {
      level: 'fail',
      what,
      said: `the program does not see it: ${asked} ended with exit code ${exit}.`,
    }
  } catch (thrown) {
    const { message, hint, code } = asClavigerError(thrown)
    return { level: 'fail', what, said: message, code, ...(hint !== undefined && { hint }) }
  }
}
