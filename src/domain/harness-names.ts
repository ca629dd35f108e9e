// The coding agent programs we know, by id and by the name people see, and what is said when one is switched off.

import { ClavigerError } from './errors.ts'

export const HARNESSES = ['claude', 'codex'] as const

export type HarnessName = (typeof HARNESSES)[number]

export const HARNESS_TITLE: Record<HarnessName, string> = { claude: 'Claude Code', codex: 'Codex' }

/** What installs its program. */
export const INSTALL_COMMAND: Record<HarnessName, string> = {
  claude: 'npm install -g @anthropic-ai/claude-code',
  codex: 'npm install -g @openai/codex',
}

/** Why no credential serves a harness that an admin has switched off, as a clause. */
export function disabledClause(harness: HarnessName): string {
  return `${HARNESS_TITLE[harness]} is disabled for this organization`
}

/** The error for a run of such a harness. */
export function harnessDisabled(harness: HarnessName): ClavigerError {
  return new ClavigerError(
    'forbidden',
    `${disabledClause(harness)}. Ask an admin, or choose another harness.`,
  )
}
