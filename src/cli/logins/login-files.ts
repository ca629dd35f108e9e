// Where the agent programs keep their own logins, by their own variables.

import { homedir } from 'node:os'
import { join } from 'node:path'

/** Of whoever has this environment. */
export function loginFiles(env: Readonly<Record<string, string>>): {
  readonly codex: string
  readonly claude: string
} {
  const home = env['HOME'] || homedir()
  return {
    codex: join(env['CODEX_HOME'] || join(home, '.codex'), 'auth.json'),
    claude: join(env['CLAUDE_CONFIG_DIR'] || join(home, '.claude'), '.credentials.json'),
  }
}
