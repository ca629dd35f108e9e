// Where an agent works: a directory of its own, one that a person named, or a clone of a repository.

import { ClavigerError } from '../errors.ts'
import { holdsKey } from '../secret.ts'

export type Workspace =
  /** Empty, and the run's own. */
  | { readonly kind: 'fresh' }
  /** A directory of one machine, as it is. */
  | { readonly kind: 'directory'; readonly path: string }
  /** A clone of the run's own; `ref` null: the branch that the repository begins with. */
  | { readonly kind: 'git'; readonly url: string; readonly ref: string | null }

/** The directory of the worker's machine that it reads; null: it needs none. */
export function directoryOf(workspace: Workspace): string | null {
  if (workspace.kind === 'directory') return workspace.path
  return workspace.kind === 'git' && workspace.url.startsWith(FILE) ? workspace.url.slice(FILE.length) : null
}

/** Whether another machine can have it too. What was not committed and pushed stays behind. */
export function isMovable({ kind }: Workspace): boolean {
  return kind === 'git'
}

const FILE = 'file://'

// biome-ignore lint/suspicious/noControlCharactersInRegex: no name has them
const REF = /^(?!-)(?!.*(\.\.|@\{|\/\/|[\s~^:?*[\\\x00-\x1f\x7f]))[^/.][^\x00]{0,250}$/
const SCP = /^[A-Za-z0-9._-]{1,64}@[A-Za-z0-9.-]{1,255}:[^\s-][^\s]{0,1000}$/

/** Throws `invalid` for what no program should be given as a place to work in. */
export function checkWorkspace(workspace: Workspace): void {
  const directory = directoryOf(workspace)
  if (directory !== null) checkDirectory(directory)
  if (workspace.kind === 'git') checkRepository(workspace.url, workspace.ref)
}

function checkDirectory(path: string): void {
  const parts = path.split('/').slice(1)
  const isPlain = path === '/' || parts.every((part) => part !== '' && part !== '.' && part !== '..')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (path.startsWith('/') && isPlain && !/[\x00-\x1f\x7f]/.test(path)) return
  throw new ClavigerError('invalid', 'A directory is named by its whole path, without . or .. in it.', {
    hint: 'For example --workspace /home/me/project',
  })
}

function checkRepository(url: string, ref: string | null): void {
  if (holdsKey(url) || hasPassword(url))
    throw new ClavigerError('invalid', 'There is a password in the URL of the repository.', {
      hint: 'Give it to git on the machine of the worker: a credential helper, or an SSH key.',
    })
  // No others: git runs programs for some.
  if (!/^(https|ssh|http|git|file):\/\/[^\s-][^\s]*$/.test(url) && !SCP.test(url))
    throw new ClavigerError('invalid', 'This is not the URL of a git repository.', {
      hint: 'For example https://github.com/acme/shop.git or git@github.com:acme/shop.git',
    })
  if (ref !== null && !REF.test(ref))
    throw new ClavigerError('invalid', 'This cannot be a branch, tag or commit of a repository.', {
      hint: 'For example main, v1.2 or a commit id.',
    })
}

function hasPassword(url: string): boolean {
  return /^[a-z]+:\/\/[^/@\s]*:[^/@\s]*@/i.test(url)
}

/** Whether a path is in one of these directories, or one of them itself. */
export function isWithin(path: string, directories: readonly string[]): boolean {
  return directories.some((root) => root === '/' || path === root || path.startsWith(`${root}/`))
}
