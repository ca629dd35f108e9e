// The call as GitHub itself tells it now. A delivery says too little (whether a pull request comes from a fork), and whoever
// knows the signing secret could make one up.

import type { Call, Checkout, Passage, Repository } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isObject, type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import { ASKED_WITHIN, isOld, type Means } from '../channel.ts'
import { identityOf, READING, tokenFor } from './access.ts'
import { askObject, type GithubApi, isGone, unreliable } from './api.ts'
import { commitAsked } from './commits.ts'
import { ASKED_IN, type AskedIn, threadKey } from './deliveries.ts'
import { isEditedByOthers } from './edits.ts'
import { accountIn, isByApp, numberOf, objectOf, repositoryIn } from './reading.ts'

export async function completed(
  api: GithubApi,
  accounts: string,
  delivered: Call,
  means: Means,
): Promise<Call> {
  const { place } = delivered.thread
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
  mustBeThere(what, path, { number, id, pull, asked })
  if (isByApp(what)) throw isOfApp()
  await mustBeRecent(what, means.now, (review) => get(`/pulls/${number}/reviews/${review}`))
  const author = accountIn(objectOf(what, 'user'), accounts)
  if (author === null) throw isGone()
  const text = textAfterMention(textOf(what['body']), means.settings['handle'] ?? '')
  // What was delivered says what its author wrote, and GitHub says who has written since: each could be wrong alone.
  if (text === null || text !== delivered.text) throw isChanged()
  if (await isEditedByOthers(api, token, textOf(what['node_id']), author.accountId)) throw isChanged()
  const looking = { api, token, path: `${base}/pulls/${number}` }
  const commit = () => commitAsked(looking, pull ?? {}, place['commit'])
  return {
    thread: {
      ...{ key: threadKey(repositoryId, number), title: textOf(issue['title']) },
      ...{ url: textOf(issue['html_url']), text: path === null ? '' : textOf(issue['body']) },
      place: { ...place, ...(installation !== null && { installation }) },
    },
    ...{ author, text, checkout: await checkoutOf(repository, pull, { number, accounts, commit }) },
    ...(asked === 'review-comment' && { passage: passageOf(what) }),
  }
}

// Of what a comment of a review is about.
function passageOf(comment: JsonObject): Passage {
  const line = [comment['line'], comment['original_line']].map(numberOf).find((one) => one !== null)
  return {
    path: textOf(comment['path']),
    line: line === undefined ? null : Number(line),
    diff: textOf(comment['diff_hunk']),
  }
}

interface Pulled {
  readonly number: string
  readonly accounts: string
  /** The one that was asked about. */
  readonly commit: () => Promise<string>
}

async function checkoutOf(
  repository: Repository,
  pull: JsonObject | null,
  { number, accounts, commit }: Pulled,
): Promise<Checkout> {
  if (pull === null) return { repository, ref: null, pull: null }
  const author = accountIn(objectOf(pull, 'user'), accounts)
  if (author === null) throw isGone()
  const head = objectOf(pull, 'head')
  // Of a fork that was deleted GitHub says nothing any more.
  const isFork = numberOf(objectOf(head, 'repo')['id']) !== repository.id
  return { repository, ref: await refOf(pull, { number, isFork, commit }), pull: { isFork, author } }
}

async function refOf(
  pull: JsonObject,
  { number, isFork, commit }: Pick<Pulled, 'number' | 'commit'> & { readonly isFork: boolean },
): Promise<string | null> {
  // A branch is often deleted with its pull request.
  if (pull['state'] !== 'open') return textOf(objectOf(pull, 'base')['ref']) || null
  // What a fork has is in no branch of the repository, but here.
  return isFork ? `refs/pull/${number}/head` : commit()
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

// Where it stands, and what it is: each thing that is asked for has one id, and is asked for once by it.
function mustBeThere(
  what: JsonObject,
  path: string | null,
  { asked, number, id, pull }: Asked & { readonly pull: JsonObject | null },
): void {
  // An issue and its pull request have ids of their own.
  const isKind = path !== null || (pull !== null) === (asked === 'pull')
  const isIt = numberOf((asked === 'pull' ? pull : what)?.['id']) === id
  const place = textOf(what['issue_url']) || textOf(what['pull_request_url'])
  const isHere = path === null || place.endsWith(`/${number}`)
  if (!isKind || !isIt || !isHere) throw isGone()
}

// Deliveries are forgotten some day; until then what was written is too old to be asked for again.
async function mustBeRecent(
  what: JsonObject,
  now: number,
  reviewOf: (id: string) => Promise<JsonObject>,
): Promise<void> {
  const isRecent = ({ submitted_at, created_at }: JsonObject) =>
    now - Date.parse(textOf(submitted_at) || textOf(created_at)) <= ASKED_WITHIN
  if (isRecent(what)) return
  // A comment may have waited for its review to be submitted, and was nothing to anybody before.
  const review = numberOf(what['pull_request_review_id'])
  if (review !== null && isRecent(await reviewOf(review))) return
  throw isOld()
}

function isOfApp(): ClavigerError {
  return new ClavigerError('invalid', 'An App has written this in the name of somebody: it asks for nothing.')
}

function isChanged(): ClavigerError {
  return new ClavigerError('invalid', 'What was asked for has been edited since: it asks for nothing now.', {
    hint: 'Ask again in a new comment.',
  })
}
