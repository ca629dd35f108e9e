// Which commit of a pull request somebody has asked about.

import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject } from '../../lib/json/ask-json.ts'
import { ask, type GithubApi, isGone, unreliable } from './api.ts'
import { commitIn } from './reading.ts'

// GitHub lists 250 commits of a pull request at most.
const PAGE = 100
const PAGES = 3

interface Looking {
  readonly api: GithubApi
  readonly token: Secret
  /** Path of the pull request. */
  readonly path: string
}

/**
 * The commit that it was at when somebody asked: what was pushed on it meanwhile is not who this was asked about. `delivered`:
 * where the delivery says it; else the one that it is at. Throws `invalid` when that was replaced.
 */
export async function commitAsked(
  looking: Looking,
  pull: JsonObject,
  delivered: string | undefined,
): Promise<string> {
  const now = commitIn(pull)
  if (now === '') throw unreliable(200)
  if (delivered === undefined || delivered === now) return now
  // What is not among its commits was replaced, or made up.
  if (await isAmong(looking, delivered)) return delivered
  throw new ClavigerError(
    'invalid',
    'Something else was pushed to this pull request since it was asked for.',
    {
      hint: 'Ask again in a new comment.',
    },
  )
}

async function isAmong({ api, token, path }: Looking, commit: string): Promise<boolean> {
  for (let page = 1; page <= PAGES; page += 1) {
    const of = `${path}/commits?per_page=${PAGE}&page=${page}`
    const { status, json } = await ask(api, { method: 'GET', path: of, token })
    if (status >= 400) throw isGone()
    if (!Array.isArray(json)) throw unreliable(status)
    if (json.some((one) => isObject(one) && one['sha'] === commit)) return true
    if (json.length < PAGE) return false
  }
  return false
}
