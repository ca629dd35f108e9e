// Cloning a workspace through git itself, with the settings and credentials that git has on this machine. Nobody is asked
// for a password, no other transport than those named runs, and what a URL holds of a password is repeated nowhere.

import { ClavigerError } from '../../domain/errors.ts'
import { isRef } from '../../domain/runs/workspace.ts'
import { CannotStart, startProgram } from '../../lib/programs/bounded-program.ts'
import { findCommand } from '../programs.ts'
import type { Handover } from './clone-access.ts'

export interface GitOptions {
  /** The worker's own, without settings of ours. */
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Ends git: nobody wants it any more. */
  readonly signal?: AbortSignal
  /** What it is cloned with, beside what git has here. */
  readonly handover?: Handover
}

export interface Repository {
  readonly url: string
  /** A branch, a tag, a commit or a whole ref (`refs/…`); null: what the repository says. */
  readonly ref: string | null
}

// `ext::` and others run commands.
const TRANSPORTS = 'https:http:ssh:git:file'

const MAX_OUTPUT = 16 * 1024 * 1024

/** Clones into a directory that is not there yet. Throws `invalid` with what git says, `not_found` without git. */
export async function cloneRepository(
  repository: Repository,
  directory: string,
  options: GitOptions,
): Promise<void> {
  const { url, ref } = repository
  if (!isUrl(url)) throw refused(url, 'It is no git URL.', 'Such as https://github.com/owner/name')
  if (ref !== null && !isRef(ref)) throw refused(url, `There cannot be a ref ${ref} in it.`)
  const { handover, ...others } = options
  // What is in no branch or tag is brought along.
  const along = ref?.startsWith('refs/') ? ['--config', `remote.origin.fetch=+${ref}:${ref}`] : []
  const clone = ['clone', '--quiet', '--no-checkout', ...along, '--', url, directory]
  try {
    await git([...(handover?.words ?? []), ...clone], '/', repository, options)
  } catch (thrown) {
    if (ref !== null && isMissing(thrown, ref)) throw noSuchRef(url, ref)
    throw thrown
  }
  await checkOut(repository, directory, handover === undefined ? others : withoutLargeFiles(others))
}

function isMissing(thrown: unknown, ref: string): boolean {
  return thrown instanceof ClavigerError && thrown.message.includes(`couldn't find remote ref ${ref}`)
}

/**
 * Large files are elsewhere, where nobody here has a token for them, and the repository itself says where: they stay what stands
 * in it for them.
 */
export function withoutLargeFiles<T extends GitOptions>(options: T): T {
  return { ...options, environment: { ...options.environment, GIT_LFS_SKIP_SMUDGE: '1' } }
}

async function checkOut(repository: Repository, directory: string, options: GitOptions): Promise<void> {
  const { url, ref } = repository
  const wanted = ref ?? 'HEAD'
  // A branch is followed, anything else is looked at where it is.
  const isBranch =
    ref !== null &&
    (await succeeds(['show-ref', '--verify', '--quiet', `refs/remotes/origin/${ref}`], directory, options))
  const words = isBranch
    ? ['checkout', '--quiet', wanted, '--']
    : ['checkout', '--quiet', '--detach', wanted, '--']
  if (ref !== null && !isBranch && !(await succeeds(commitNamed(ref), directory, options)))
    throw noSuchRef(url, ref)
  await git(ref === null ? ['checkout', '--quiet'] : words, directory, repository, options)
}

// A URL, or as scp(1) writes it. What begins with a dash would be an option.
function isUrl(url: string): boolean {
  return /^(https?|ssh|git|file):\/\/[^\s-][^\s]*$/i.test(url) || /^[\w.-]+@[\w.-]+:[^\s-][^\s]*$/.test(url)
}

function commitNamed(ref: string): string[] {
  return ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]
}

async function succeeds(words: readonly string[], cwd: string, options: GitOptions): Promise<boolean> {
  return (await finished(words, cwd, options)).code === 0
}

async function git(
  words: readonly string[],
  cwd: string,
  { url }: Repository,
  options: GitOptions,
): Promise<void> {
  const { how, code, output } = await finished(words, cwd, options)
  if (how === 'timeout') throw refused(url, 'It took too long.')
  if (how === 'stopped') throw refused(url, 'It was interrupted.')
  if (code !== 0) throw refused(url, reasonIn(output, url))
}

async function finished(words: readonly string[], cwd: string, options: GitOptions) {
  const { signal } = options
  if (signal?.aborted) return { how: 'stopped', code: null, output: '' } as const
  const program = await started(words, cwd, options)
  const stop = () => void program.stop()
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return { ...(await program.ended), output: program.output() }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

async function started(
  words: readonly string[],
  cwd: string,
  { environment, timeoutMs, handover }: GitOptions,
) {
  const program = await findCommand('git', environment, cwd)
  if (program === null) throw noGit()
  const silent = { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', SSH_ASKPASS: 'true' }
  const bounds = { GIT_ALLOW_PROTOCOL: TRANSPORTS, GIT_SSH_COMMAND: 'ssh -oBatchMode=yes' }
  const own = {
    ...bounds,
    ...environment,
    ...silent,
    ...handover?.environment,
    GIT_ALLOW_PROTOCOL: TRANSPORTS,
  }
  try {
    return await startProgram({
      ...{ program, words, cwd, timeoutMs, environment: own },
      maxOutputBytes: MAX_OUTPUT,
    })
  } catch (error) {
    if (error instanceof CannotStart) throw noGit()
    throw error
  }
}

// The last line that says what is wrong.
function reasonIn(output: string, url: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const said =
    lines.findLast((line) => /^(fatal|error|ERROR):/.test(line)) ?? lines.findLast(Boolean) ?? 'It failed.'
  return said.replaceAll(url, withoutPassword(url)).slice(0, 300)
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, '$1')
}

function refused(
  url: string,
  reason: string,
  hint = 'Check that git can clone it on the machine of the worker.',
) {
  return new ClavigerError('invalid', `${withoutPassword(url)} cannot be cloned: ${reason}`, { hint })
}

function noSuchRef(url: string, ref: string): ClavigerError {
  return new ClavigerError(
    'invalid',
    `There is no branch, tag or commit ${ref} in ${withoutPassword(url)}.`,
    {
      hint: 'Start another run with one that is there: --ref',
    },
  )
}

function noGit(): ClavigerError {
  return new ClavigerError('not_found', 'There is no git on this machine.', {
    hint: 'Install git, or name a directory: --workspace DIR',
  })
}
