// A machine for end-to-end tests of Codex's sign-in: a home directory in which everything lies that it writes, the real
// program pointed at the sandbox, and our command line pointed at a server.

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Ended, filesWith, MAIN, run } from './program-run.ts'

export interface CodexMachine {
  readonly home: string
  /** `claviger WORDS`. */
  claviger(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>
  /** `codex WORDS`, without us around it, in this configuration home under the home directory. */
  codex(home: string, ...words: readonly string[]): Promise<Ended>
  /** A copy of a configuration home under the home directory. */
  copy(from: string, to: string): Promise<void>
  readLogin(home: string): Promise<{ tokens: Record<string, string> }>
  /** Names of files in which a refresh token stands that the sandbox gave. */
  leaks(): Promise<string[]>
}

export interface MachineOptions {
  readonly home: string
  readonly program: string
  readonly sandbox: Sandbox
  /** Ours, and a token for it. */
  readonly url: string
  readonly token: string
  /** What `codex` finds in its environment when it is run without us around it. */
  readonly steering: Readonly<Record<string, string>>
}

export async function codexMachine(options: MachineOptions): Promise<CodexMachine> {
  const { home, program, url, token } = options
  await mkdir(join(home, '.codex'), { recursive: true, mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(options.sandbox))
  const own = { PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb' }
  return {
    home,
    claviger: (words, environment = {}) =>
      run(process.execPath, [MAIN, ...words], home, {
        ...{ ...own, CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token, CLAVIGER_CODEX_BIN: program },
        ...{ CLAVIGER_STATE_DIR: join(home, 'claviger'), ...environment },
      }),
    codex: (codexHome, ...words) =>
      run(program, words, home, { ...own, ...options.steering, CODEX_HOME: join(home, codexHome) }),
    copy: (from, to) => cp(join(home, from), join(home, to), { recursive: true }),
    readLogin: async (codexHome) => JSON.parse(await readFile(join(home, codexHome, 'auth.json'), 'utf8')),
    leaks: () => filesWith(home, 'rt_sandbox_'),
  }
}

// Codex takes the ChatGPT routes over plain http only if its two base URLs have different origins.
export function configFor({ issuerUrl }: Sandbox): string {
  const other = issuerUrl.replace('127.0.0.1', 'localhost')
  return [
    `openai_base_url = "${issuerUrl}/backend-api/codex"`,
    `chatgpt_base_url = "${other}/backend-api/"`,
    'check_for_update_on_startup = false',
    '[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n',
  ].join('\n')
}
