// Claude logins by the unmodified claude program, which Anthropic's terms ask for: it signs in and it renews, we carry
// links and codes to it and take the file it writes. We have no login of our own with its client id.

import { leftBehind } from './claude/left-behind.ts'
import { readLoginFile } from './claude/login-file.ts'
import { RENEWAL_LIMIT_MS, renewByProgram } from './claude/renew.ts'
import type { ClaudeProgramSettings } from './claude/run.ts'
import { signInByProgram } from './claude/sign-in.ts'
import type { LoginProgram } from './login-program.ts'

export function claudeProgram(settings: ClaudeProgramSettings): LoginProgram {
  return {
    signIn: () => signInByProgram(settings),
    renew: (asked) => renewByProgram(settings, asked),
    leftBehind: () => leftBehind(settings.directory, RENEWAL_LIMIT_MS),
    renewalLimitMs: RENEWAL_LIMIT_MS,
    read: readLoginFile,
  }
}
