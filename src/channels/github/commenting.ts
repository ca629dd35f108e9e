// Our comment in a conversation. To GitHub a pull request is an issue too, so there is one way.

import type { Thread } from '../../domain/channels/call.ts'
import { isObject, type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { type Identity, identityOf, tokenFor, WRITING } from './access.ts'
import { ask, askObject, type GithubApi, isGone, isMissing, unreliable } from './api.ts'
import { numberOf, objectOf } from './reading.ts'

type Place = Thread['place']

// So many comments are looked through, in so many pages at most, of those that were written in the last day.
const PAGE = 30
const PAGES = 10
const BACK = 24 * 3_600_000

/** Writes it, or edits the one of this id; returns its id. */
export async function commented(
  api: GithubApi,
  place: Place,
  text: string,
  id: string | null,
  means: Means,
): Promise<string> {
  const { base, number, token } = await wayTo(api, place, means)
  const body = { body: text }
  if (id !== null && /^\d+$/.test(id)) {
    const path = `${base}/issues/comments/${id}`
    // Of another account since the App or the token is another's. Where nothing may be written, writing it anew says so.
    const { status } = await ask(api, { method: 'PATCH', path, token, body, mayBeForbidden: true })
    if (status < 300) return id
  }
  const path = `${base}/issues/${number}/comments`
  const written = numberOf((await askObject(api, { method: 'POST', path, token, body }))['id'])
  if (written === null) throw unreliable(201)
  return written
}

/** Ours, with this text in it; null: there is none. */
export async function foundComment(
  api: GithubApi,
  place: Place,
  mark: string,
  means: Means,
): Promise<string | null> {
  const { base, number, token, identity } = await wayTo(api, place, means)
  const isOurs = await ours(api, identity, means)
  const since = new Date(means.now - BACK).toISOString()
  for (let page = 1; page <= PAGES; page += 1) {
    const path = `${base}/issues/${number}/comments?since=${since}&per_page=${PAGE}&page=${page}`
    const answer = await ask(api, { method: 'GET', path, token })
    if (isMissing(answer)) return null
    const { status, json } = answer
    if (!Array.isArray(json)) throw unreliable(status)
    const found = json.filter(isObject).find((one) => textOf(one['body']).includes(mark) && isOurs(one))
    if (found !== undefined) return numberOf(found['id'])
    if (json.length < PAGE) return null
  }
  return null
}

async function wayTo(api: GithubApi, { repository = '', number = '', installation }: Place, means: Means) {
  if (!/^\d+$/.test(repository) || !/^\d+$/.test(number)) throw isGone()
  const identity = await identityOf(means)
  const { token } = await tokenFor(api, identity, repository, WRITING, installation)
  return { base: `/repositories/${repository}`, number, token, identity }
}

type Whose = (comment: JsonObject) => boolean

// By the number of the App, which its account is not; of an account by its own.
async function ours(api: GithubApi, identity: Identity, means: Means): Promise<Whose> {
  const [me, by] =
    identity.is === 'app'
      ? [identity.id, 'performed_via_github_app']
      : [(await whoIs(api, means)).accountId, 'user']
  return (comment) => numberOf(objectOf(comment, by)['id']) === me
}

/** Who we are over there. Of an App that is not an account: accounts of programs ask for nothing anyway. */
export async function whoIs(
  api: GithubApi,
  means: Means,
): Promise<{ readonly name: string; readonly accountId: string }> {
  const identity = await identityOf(means)
  const [path, token, name] =
    identity.is === 'app'
      ? (['/app', identity.jwt, 'slug'] as const)
      : (['/user', identity.token, 'login'] as const)
  const answer = await askObject(api, { method: 'GET', path, token })
  const id = numberOf(answer['id'])
  if (id === null) throw unreliable(200)
  return { name: textOf(answer[name]), accountId: identity.is === 'app' ? `app:${id}` : id }
}
