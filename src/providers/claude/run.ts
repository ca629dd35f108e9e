// One run of the unmodified claude program for a login: in a private directory that is its home, with an environment
// made from nothing, within bounds. It does not judge what the program says.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Secret } from '../../domain/secret.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { type BoundedProgram, startProgram } from '../../lib/programs/bounded-program.ts'
import { holdsTokens, readEmail } from './login-file.ts'

const LOGIN_WORDS = ['auth', 'login', '--claudeai']
const MAX_OUTPUT_BYTES = 64 * 1024
const MAX_FILE_BYTES = 1024 * 1024
const POLL_MS = 25

// How the way to Anthropic may be told to the program; its whole environment besides what is set below.
const WAY_OUT = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'NODE_EXTRA_CA_CERTS'] as const

export interface ClaudeProgramSettings {
  /** Full path of the program. */
  readonly program: string
  /** Where each run gets a private directory of its own; made if missing. On a disk, not shared with other machines. */
  readonly directory: string
  /** Our own environment, of which only the proxy and its authority are passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface LoginRun {
  readonly program: BoundedProgram
  /**
   * The text of the login file as soon as it is there and holds tokens; null when the program has ended without one.
   * Rejects only for faults of our own disk.
   */
  readonly file: Promise<Secret | null>
  /** Whether there is a login file, tokens or not: it is written as soon as the token endpoint has answered with 200. */
  hasAnswer(): Promise<boolean>
  /** The e-mail address the program has noted, once it has. */
  email(): Promise<string | null>
}

/** Starts `claude auth login` with `home` for its own. Rejects with CannotStart. */
export async function startLogin(
  settings: ClaudeProgramSettings,
  home: string,
  timeoutMs: number,
  more: Readonly<Record<string, string>> = {},
): Promise<LoginRun> {
  const configuration = join(home, 'config')
  const program = await startProgram({
    program: settings.program,
    words: LOGIN_WORDS,
    environment: { ...environmentOf(settings, home, configuration), ...more },
    cwd: home,
    timeoutMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  })
  const path = loginFileIn(home)
  const file = tokensAt(path, () => Promise.race([program.ended.then(() => true), sleep(POLL_MS, false)]))
  // Awaited by whoever wants it; a failure must not count as unhandled until then.
  file.catch(() => undefined)
  return {
    program,
    file,
    hasAnswer: async () => (await readWhole(path)) !== null,
    email: async () => readEmail((await readWhole(join(configuration, '.claude.json'))) ?? ''),
  }
}

function environmentOf(
  { environment }: ClaudeProgramSettings,
  home: string,
  configuration: string,
): Record<string, string> {
  const wayOut = WAY_OUT.map((name) => [name, environment[name]] as const)
  return {
    ...Object.fromEntries(wayOut.filter((pair): pair is [(typeof WAY_OUT)[number], string] => !!pair[1])),
    // Nothing is found here, a browser to open neither: the person's is on another machine.
    PATH: home,
    HOME: home,
    TMPDIR: home,
    CLAUDE_CONFIG_DIR: configuration,
    TERM: 'dumb',
    NO_COLOR: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  }
}

/** Where the program writes its login. */
export function loginFileIn(home: string): string {
  return join(home, 'config', '.credentials.json')
}

/**
 * The text of a login file as soon as it is there and holds tokens; null when `isOver`, which is asked between looks and
 * takes its time, says that nobody writes it any more.
 */
// Polled, because watching a directory that is yet to be made is no easier, and a missed event would be a lost login.
export async function tokensAt(path: string, isOver: () => Promise<boolean>): Promise<Secret | null> {
  for (let isLastLook = false; ; ) {
    const text = await readWhole(path)
    if (text !== null && holdsTokens(text)) return new Secret(text)
    if (isLastLook) return null
    // Written just before the end, it is found by one more look.
    isLastLook = await isOver()
  }
}

async function readWhole(path: string): Promise<string | null> {
  try {
    return (await stat(path)).size > MAX_FILE_BYTES ? null : await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}
