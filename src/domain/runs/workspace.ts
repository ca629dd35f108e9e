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

/** Whether a branch, tag, commit or whole ref can be called so, and git reads nothing else in it. */
export function isRef(ref: string): boolean {
  return REF.test(ref)
}

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
  // git takes %2e for a dot, and whoever compares directories does not.
  if (url.startsWith(FILE) && url.includes('%'))
    throw new ClavigerError('invalid', 'The directory in a file:// URL is named as it is, without % in it.', {
      hint: 'For example --workspace file:///srv/checkouts/shop',
    })
  checkForSecrets(url)
  // No others: git runs programs for some.
  if (!/^(https|ssh|http|git|file):\/\/[^\s-][^\s]*$/.test(url) && !SCP.test(url))
    throw new ClavigerError('invalid', 'This is not the URL of a git repository.', {
      hint: 'For example https://github.com/acme/shop.git or git@github.com:acme/shop.git',
    })
  if (ref !== null && !isRef(ref))
    throw new ClavigerError('invalid', 'This cannot be a branch, tag or commit of a repository.', {
      hint: 'For example main, v1.2 or a commit id.',
    })
}

const WEB = /^https?:\/\//i

// Tokens of GitHub, GitLab and Bitbucket, wherever they stand.
const GIT_TOKEN = /gh[oprsu]_\w{16}|github_pat_\w{16}|gl[a-z]{2,5}-[\w-]{16}|ATBB\w{16}|ATCTT\w{16}/

// A workspace is shown to everybody who may see that there is a run. Over http a name before the @ is as often a token, and
// git asks for it anyway; what comes after a ? can be anything.
function checkForSecrets(url: string): void {
  const plain = decoded(url)
  const isToken = plain === null || [url, plain].some((text) => holdsKey(text) || GIT_TOKEN.test(text))
  const authority = authorityOf(url)
  const isMore = WEB.test(url) ? /[?#]/.test(url) || /[@%]/.test(authority) : /:.*@/.test(authority)
  if (!isToken && !isMore) return
  throw new ClavigerError('invalid', 'There may be a secret in the URL of the repository.', {
    hint: 'Leave out what is before the @ or after a ?. Give it to git on the machine of the worker: a credential helper, or an SSH key.',
  })
}

function decoded(url: string): string | null {
  try {
    return decodeURIComponent(url)
  } catch {
    // Nothing that anybody writes.
    return null
  }
}

function authorityOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? ''
}

/** The URL of a repository as it may be shown, whatever somebody has put into it. */
export function withoutPassword(url: string): string {
  const authority = authorityOf(url)
  const [host = '', ...names] = authority.split('@').reverse()
  const name = names.at(-1)?.split(':')[0] ?? ''
  if (!WEB.test(url)) return url.replace(authority, name === '' ? host : `${name}@${host}`)
  return url.replace(authority, host).replace(/[?#].*$/, '')
}

/** Whether a path is in one of these directories, or one of them itself. */
export function isWithin(path: string, directories: readonly string[]): boolean {
  return directories.some((root) => root === '/' || path === root || path.startsWith(`${root}/`))
}
