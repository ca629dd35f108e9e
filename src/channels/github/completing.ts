// The call as GitHub itself tells it now. A delivery says too little (whether a pull request comes from a fork), and whoever
// knows the signing secret could make one up.

import type { Call, Checkout, Repository } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isObject, type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { identityOf, READING, tokenFor } from './access.ts'
import { askObject, type GithubApi, isGone, unreliable } from './api.ts'
import { ASKED_IN, type AskedIn, threadKey } from './deliveries.ts'
import { accountIn, numberOf, objectOf, repositoryIn } from './reading.ts'

export async function completed(
  api: GithubApi,
  accounts: string,
  { thread: { place } }: Call,
  means: Means,
): Promise<Call> {
  const { repository: repositoryId, number, id, asked } = placeOf(place)
  const { token, installation } = await tokenFor(api, await identityOf(means), repositoryId, READING)
  // By number: a name may be somebody else's by now.
  const base = `/repositories/${repositoryId}`
  const get = (path: string) => askObject(api, { method: 'GET', path: `${base}${path}`, token })
  const [repository, issue] = [repositoryIn(await get('')), await get(`/issues/${number}`)]
  if (repository === null || repository.id !== repositoryId) throw unreliable(200)
  const pull = isObject(issue['pull_request']) ? await get(`/pulls/${number}`) : null
  const path = pathOf(asked, number, id)
  const what = path === null ? issue : await get(path)
  mustBeThere(what, path, { number, id, isPull: pull !== null, asked })
  const author = accountIn(objectOf(what, 'user'), accounts)
  if (author === null) throw isGone()
  const text = textAfterMention(textOf(what['body']), means.settings['handle'] ?? '')
  if (text === null) throw isChanged()
  return {
    thread: {
      ...{ key: threadKey(repositoryId, number), title: textOf(issue['title']) },
      ...{ url: textOf(issue['html_url']), text: path === null ? '' : textOf(issue['body']) },
      place: { ...place, ...(installation !== null && { installation }) },
    },
    ...{ author, text, checkout: checkoutOf(repository, pull, accounts) },
  }
}

function checkoutOf(repository: Repository, pull: JsonObject | null, accounts: string): Checkout {
  if (pull === null) return { repository, ref: null, pull: null }
  const author = accountIn(objectOf(pull, 'user'), accounts)
  if (author === null) throw isGone()
  const head = objectOf(pull, 'head')
  // Of a fork that was deleted GitHub says nothing any more.
  const isFork = numberOf(objectOf(head, 'repo')['id']) !== repository.id
  // What a fork has is in no branch of ours, and a branch is often deleted with its pull request.
  const isOurs = !isFork && pull['state'] === 'open'
  const ref = textOf((isOurs ? head : objectOf(pull, 'base'))['ref'])
  return { repository, ref: ref === '' ? null : ref, pull: { isFork, author } }
}

interface Asked {
  readonly asked: AskedIn
  readonly number: string
  readonly id: string
}

function placeOf(place: Call['thread']['place']): Asked & { readonly repository: string } {
  const { repository = '', number = '', id = '' } = place
  const asked = ASKED_IN.find((one) => one === place['asked'])
  if (asked === undefined || ![repository, number, id].every((one) => /^\d+$/.test(one))) throw isGone()
  return { repository, number, id, asked }
}

// Where it is read; null: it is the issue or pull request itself.
function pathOf(asked: AskedIn, number: string, id: string): string | null {
  switch (asked) {
    case 'issue':
    case 'pull':
      return null
    case 'issue-comment':
      return `/issues/comments/${id}`
    case 'review-comment':
      return `/pulls/comments/${id}`
    case 'review':
      return `/pulls/${number}/reviews/${id}`
  }
}

function mustBeThere(
  what: JsonObject,
  path: string | null,
  { asked, number, id, isPull }: Asked & { readonly isPull: boolean },
): void {
  // An issue and its pull request have numbers of their own; the one in the address counts.
  const isIt = path === null ? isPull === (asked === 'pull') : numberOf(what['id']) === id
  const place = textOf(what['issue_url']) || textOf(what['pull_request_url'])
  const isHere = path === null || place.endsWith(`/${number}`)
  if (!isIt || !isHere) throw isGone()
  // Others than its author may edit a comment, and it stays in the author's name.
  const [created, updated] = [textOf(what['created_at']), textOf(what['updated_at'])]
  if (path !== null && asked !== 'review' && created !== updated) throw isChanged()
}

function isChanged(): ClavigerError {
  return new ClavigerError('invalid', 'What was asked for has been edited since: it asks for nothing now.', {
    hint: 'Ask again in a new comment.',
  })
}
