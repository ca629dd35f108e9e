// What a repository has by now, fetched into a place of its own. The clone that a run works in was in the hands of an agent:
// its settings may send git elsewhere (`url.….insteadOf`, `http.proxy`), or run what the agent wants where a token is at hand
// (`core.sshCommand`, `credential.helper`, hooks). So it is never fetched there, and this place is gone afterwards.

import { isRef } from '../../domain/runs/workspace.ts'
import { finished, type GitOptions, git, PLAIN, type Repository } from './git.ts'

/** What is fetched is found under this name. */
export const NEWEST = 'refs/claviger/newest'

/** Whether it names one commit for ever. */
export function isCommit(ref: string): boolean {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(ref)
}

type Wanted = Repository & { readonly ref: string }

/** Words that make a repository with nothing in it, not even what this machine puts into each; `like`: a commit of its kind. */
export function wordsToMake(directory: string, like: string): readonly string[] {
  const format = like.length === 64 ? 'sha256' : 'sha1'
  return [...PLAIN, 'init', '--quiet', '--template=', `--object-format=${format}`, directory]
}

/** The commit that this is now; null: there is no such thing. */
export async function commitOf({ url, ref }: Wanted, options: GitOptions): Promise<string | null> {
  if (isCommit(ref)) return ref
  if (!isRef(ref)) return null
  const words = [...wordsOf(options), 'ls-remote', '--quiet', '--', url, nameOf(ref)]
  const lines = (await git(words, '/', { url }, options)).split('\n')
  const [commit] = lines.find((line) => line.endsWith(`\t${nameOf(ref)}`))?.split('\t') ?? []
  return commit !== undefined && isCommit(commit) ? commit : null
}

/** Fetches all of it into a new repository, and returns the commit. Throws `invalid` with what git says. */
export async function fetchAll(
  { url, ref }: Wanted,
  directory: string,
  options: GitOptions,
): Promise<string> {
  const name = `+${nameOf(ref)}:${NEWEST}`
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
  await git([...wordsOf(options), ...fetch, '--', url, name], directory, { url }, options)
  const { output } = await finished(['rev-parse', '--verify', `${NEWEST}^{commit}`], directory, options)
  return output.trim()
}

function wordsOf({ handover }: GitOptions): readonly string[] {
  return [...PLAIN, ...(handover?.words ?? [])]
}

// What is no whole ref is a branch.
function nameOf(ref: string): string {
  return ref === 'HEAD' || ref.startsWith('refs/') || isCommit(ref) ? ref : `refs/heads/${ref}`
}
