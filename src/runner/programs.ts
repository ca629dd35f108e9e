// Finds the program of a harness and asks it things: which version it is, and whether it sees a credential. The answer
// about the version is remembered per file, so that it costs nothing at the next start. It does not run agents.

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, realpath, stat } from 'node:fs/promises'
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path'
import { ClavigerError } from '../domain/errors.ts'
import { HARNESS_TITLE } from '../domain/harness-names.ts'
import type { Secret } from '../domain/secret.ts'
import type { DeliverableCredential, Harness } from '../harnesses/harness.ts'
import { readIfThere, writeFileAtomically } from '../lib/atomic-file.ts'
import type { Environment } from './materialize.ts'

const VERSION_TIMEOUT_MS = 10_000
const STATUS_TIMEOUT_MS = 30_000

const MAX_QUOTE = 400
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

export interface Answer {
  /** Null when the program was ended by a signal or our time limit. */
  readonly exitCode: number | null
  readonly output: string
  /** What it wrote to standard error. */
  readonly errors: string
}

/** Whether a command is the harness's own program (and not a script around it, which we cannot see into). */
export function isHarnessProgram(harness: Harness, command: string): boolean {
  return basename(command) === harness.program
}

/**
 * The path of the program a command names. The harness's own name is looked up by `override` (the setting
 * CLAVIGER_CLAUDE_BIN or CLAVIGER_CODEX_BIN) first, anything else on PATH. Null when there is none.
 */
export async function findCommand(
  command: string,
  environment: Environment,
  cwd: string,
): Promise<string | null> {
  if (command.includes('/')) {
    const path = isAbsolute(command) ? command : resolve(cwd, command)
    return (await isExecutable(path)) ? path : null
  }
  for (const directory of (environment['PATH'] ?? '').split(delimiter)) {
    // An empty entry of PATH means the working directory.
    const path = resolve(cwd, directory === '' ? '.' : directory, command)
    if (await isExecutable(path)) return path
  }
  return null
}

/** The harness's program by its setting, else on PATH; null when there is none. */
export async function findProgram(
  harness: Harness,
  environment: Environment,
  cwd: string,
  override?: string,
): Promise<string | null> {
  return findCommand(override === undefined || override === '' ? harness.program : override, environment, cwd)
}

/** The error for a program that is not there, with what to type. */
export function programMissing(harness: Harness): ClavigerError {
  return new ClavigerError('not_found', `The ${harness.program} program was not found.`, {
    hint: `Install it (${harness.installHint}), or set ${harness.programSetting} to where it is.`,
  })
}

/**
 * Refuses a program that is older than we have tried. One whose version cannot be learned is let through: it may be a
 * build of the user's own.
 */
export async function checkVersion(
  harness: Harness,
  program: string,
  environment: Environment,
  stateDirectory: string,
): Promise<void> {
  const version = await versionOf(program, environment, stateDirectory)
  if (version === null || !isOlder(version, harness.minimumVersion)) return
  const { name, minimumVersion, installHint, programSetting } = harness
  throw new ClavigerError(
    'invalid',
    `${HARNESS_TITLE[name]} ${version} is too old: ${minimumVersion} is needed.`,
    {
      hint: `Update it (${installHint}), or set ${programSetting} to a newer one.`,
    },
  )
}

/** Runs the harness's own status command. Never throws for what the program answers. */
export async function askStatus(
  harness: Harness,
  program: string,
  environment: Environment,
): Promise<Answer> {
  return ask(program, harness.statusArguments, environment, STATUS_TIMEOUT_MS)
}

/**
 * Throws `invalid` when the program does not start at all, and `rejected` unless the harness's own status command sees the kind of credential that was delivered. The message
 * ends with the last line the program said, in which no value of the credential stands.
 */
export async function checkStatus(
  harness: Harness,
  { type, fields }: Pick<DeliverableCredential, 'type' | 'fields'>,
  program: string,
  environment: Environment,
): Promise<void> {
  const first = await askStatus(harness, program, environment)
  // What was ended before it answered has not said that it sees another.
  const { exitCode, output, errors } =
    first.exitCode === null ? await askStatus(harness, program, environment) : first
  if (exitCode === 0 && harness.statusAgrees(type, output, errors)) return
  if (exitCode !== null && exitCode !== 0) await mustStart(harness, program, environment, fields)
  const command = [harness.program, ...harness.statusArguments].join(' ')
  const outcome =
    exitCode === null ? 'did not answer' : exitCode === 0 ? 'sees another one' : `exit ${exitCode}`
  const last = lastLine(`${output}\n${errors}`, fields)
  const said = last === '' ? '.' : `: ${last}`
  throw new ClavigerError(
    'rejected',
    `${HARNESS_TITLE[harness.name]} does not see the ${type} credential (${outcome})${said}`,
    {
      hint: `Its own check is \`${command}\`. Run claviger doctor to see why.`,
    },
  )
}

// One that fails at this, too, fails at everything: whatever it says, it says nothing about a credential.
async function mustStart(
  { name, program: called, installHint }: Harness,
  program: string,
  environment: Environment,
  fields: Readonly<Record<string, Secret>>,
): Promise<void> {
  const { exitCode, output, errors } = await ask(program, ['--version'], environment, STATUS_TIMEOUT_MS)
  if (exitCode === 0) return
  const first = linesOf(`${errors}\n${output}`, fields)[0] ?? ''
  const outcome = exitCode === null ? 'it did not answer' : `exit ${exitCode}`
  throw new ClavigerError(
    'invalid',
    `${HARNESS_TITLE[name]} does not start on this machine (${outcome})${first === '' ? '.' : `: ${first}`}`,
    { hint: `Try \`${called} --version\` there, or install it again (${installHint}).` },
  )
}

// What a program says goes to a terminal: without values of ours, and unable to steer it.
function lastLine(output: string, fields: Readonly<Record<string, Secret>>): string {
  return linesOf(output, fields).at(-1) ?? ''
}

function linesOf(output: string, fields: Readonly<Record<string, Secret>>): string[] {
  const values = Object.values(fields).map((value) => value.expose())
  const clean = values
    .filter((value) => value !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, '(redacted)'), output)
  const lines = clean.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines.map((line) =>
    line
      .trim()
      .slice(0, MAX_QUOTE)
      .replace(CONTROL, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`),
  )
}

/** The version a program says it has; null when it says none. */
export async function versionOf(
  program: string,
  environment: Environment,
  stateDirectory: string,
): Promise<string | null> {
  const file = await realpath(program)
  const { mtimeMs, size } = await stat(file)
  const key = `${file}:${mtimeMs}:${size}`
  const cache = join(stateDirectory, 'cache', 'programs.json')
  const known = parseCache(await readIfThere(cache).catch(() => null))
  if (known[key] !== undefined) return known[key]
  const { exitCode, output, errors } = await ask(program, ['--version'], environment, VERSION_TIMEOUT_MS)
  const version = exitCode === 0 ? (/\d+\.\d+\.\d+/.exec(`${output}\n${errors}`)?.[0] ?? null) : null
  if (version !== null) await remember(cache, { ...entriesOfOtherFiles(known, file), [key]: version })
  return version
}

// A cache that cannot be written costs a few milliseconds at the next start, nothing else.
async function remember(cache: string, entries: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(join(cache, '..'), { recursive: true, mode: 0o700 })
    await writeFileAtomically(cache, JSON.stringify(entries))
  } catch {
    return
  }
}

function entriesOfOtherFiles(known: Readonly<Record<string, string>>, file: string): Record<string, string> {
  return Object.fromEntries(Object.entries(known).filter(([key]) => !key.startsWith(`${file}:`)))
}

function parseCache(text: string | null): Readonly<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}')
    const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []
    return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'))
  } catch {
    return {}
  }
}

function ask(
  program: string,
  words: readonly string[],
  environment: Environment,
  timeout: number,
): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { env: { ...environment }, timeout, killSignal: 'SIGKILL', maxBuffer: 1 << 20 } as const
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ exitCode: code, output: stdout, errors: stderr })
    })
    child.stdin?.end()
  })
}

function isOlder(version: string, minimum: string): boolean {
  const [found, needed] = [version, minimum].map((text) => text.split('.').map(Number))
  for (let index = 0; index < 3; index++) {
    const difference = (found?.[index] ?? 0) - (needed?.[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
