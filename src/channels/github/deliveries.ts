// What a delivery of GitHub asks for, in the shapes it publishes. Only what is new asks for something: edits do not. Where it
// stands is kept by numbers, which survive every renaming.

import type { Call, Parsed } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { isObject, type JsonObject, parseObject, textOf } from '../../lib/json/ask-json.ts'
import { accountIn, commitIn, isByApp, numberOf, objectOf, repositoryIn } from './reading.ts'

/** What was written: where `complete` reads it again. */
export const ASKED_IN = ['issue', 'pull', 'issue-comment', 'review-comment', 'review'] as const
export type AskedIn = (typeof ASKED_IN)[number]

interface Written {
  readonly asked: AskedIn
  /** What was written, and by whom. */
  readonly what: JsonObject
  /** The issue or pull request. */
  readonly about: JsonObject
}

type Finding = (payload: JsonObject) => Written

// Event and action → where it stands.
const ASKING: Readonly<Record<string, Finding>> = {
  'issues opened': (payload) => {
    const issue = objectOf(payload, 'issue')
    return { asked: 'issue', what: issue, about: issue }
  },
  'pull_request opened': (payload) => {
    const pull = objectOf(payload, 'pull_request')
    return { asked: 'pull', what: pull, about: pull }
  },
  'issue_comment created': (payload) => ({
    ...{ asked: 'issue-comment', what: objectOf(payload, 'comment'), about: objectOf(payload, 'issue') },
  }),
  'pull_request_review_comment created': (payload) => ({
    ...{ asked: 'review-comment', what: objectOf(payload, 'comment') },
    about: objectOf(payload, 'pull_request'),
  }),
  'pull_request_review submitted': (payload) => ({
    ...{ asked: 'review', what: objectOf(payload, 'review'), about: objectOf(payload, 'pull_request') },
  }),
}

// What is asked for as ids have it: comments of issues and of reviews are counted apart.
const NAMED: Readonly<Record<AskedIn, string>> = {
  ...{ issue: 'issue:', pull: 'pull_request:', review: 'review:' },
  ...{ 'issue-comment': 'comment:issue', 'review-comment': 'comment:pull' },
}

const CLOSING: Readonly<Record<string, string>> = {
  'issues closed': 'issue',
  'pull_request closed': 'pull_request',
}

/** What has to be delivered for all of it. */
export const EVENTS: readonly string[] = [
  ...new Set([...Object.keys(ASKING), ...Object.keys(CLOSING)].map((name) => name.split(' ')[0] ?? '')),
]

export function parsedFrom(
  event: string,
  body: Uint8Array,
  { handle, accounts }: { readonly handle: string; readonly accounts: string },
): Parsed {
  const payload = payloadIn(body)
  if (payload === undefined)
    return nothing('it is no JSON: set the content type of the webhook to application/json')
  const name = `${event} ${textOf(payload['action'])}`
  const closing = CLOSING[name]
  if (closing !== undefined) return overFrom(payload, objectOf(payload, closing), accounts)
  const find = ASKING[name]
  return find === undefined
    ? nothing('it asks for nothing')
    : callFrom(payload, find(payload), { handle, accounts })
}

/** The name of a conversation, for ever. */
export function threadKey(repository: string, number: string): string {
  return `github:${repository}#${number}`
}

/**
 * The id of a delivery, made of what `complete` finds it by: whoever knows the secret could sign the same once more, beside
 * something that nobody reads. Null: it is about nothing that we know of.
 */
export function deliveryId(event: string, body: Uint8Array): string | null {
  const payload = payloadIn(body) ?? {}
  const repository = numberOf(objectOf(payload, 'repository')['id'])
  const action = textOf(payload['action'])
  const name = `${event} ${action}`
  const of = (kind: string, about: JsonObject, once = '') => {
    const id = numberOf(about['id'])
    return id === null || repository === null ? null : [repository, kind, id, action, once].join(':')
  }
  const closing = CLOSING[name]
  if (closing !== undefined) {
    const about = objectOf(payload, closing)
    return of(`${closing}:`, about, textOf(about['closed_at']))
  }
  const written = ASKING[name]?.(payload)
  return written === undefined ? null : of(NAMED[written.asked], written.what)
}

function payloadIn(body: Uint8Array): JsonObject | undefined {
  return parseObject(Buffer.from(body).toString('utf8'))
}

function callFrom(
  payload: JsonObject,
  { asked, what, about }: Written,
  { handle, accounts }: { readonly handle: string; readonly accounts: string },
): Parsed {
  const repository = repositoryIn(objectOf(payload, 'repository'))
  const number = numberOf(about['number'])
  const id = numberOf(what['id'])
  const author = accountIn(objectOf(what, 'user'), accounts)
  if (repository === null || number === null || id === null || author === null)
    return nothing('it does not say who asks, or where')
  // An issue that is moved to another repository is opened there anew, in the name of its author.
  if (isObject(objectOf(payload, 'changes')['old_issue'])) return nothing('it moves an issue')
  if (numberOf(objectOf(payload, 'sender')['id']) !== author.accountId)
    return nothing('it is not of whoever has written it')
  if (isByApp(what)) return nothing('it is written by an App, in the name of somebody')
  const text = textAfterMention(textOf(what['body']), handle)
  if (text === null) return nothing('we are not mentioned')
  const commit = commitIn(about)
  const call: Call = {
    thread: {
      ...{ key: threadKey(repository.id, number), title: textOf(about['title']) },
      url: textOf(about['html_url']),
      text: what === about ? '' : textOf(about['body']),
      place: { repository: repository.id, number, asked, id, ...(commit !== '' && { commit }) },
    },
    ...{ author, text, checkout: { repository, ref: null, pull: null } },
  }
  return { is: 'call', call }
}

function overFrom(payload: JsonObject, about: JsonObject, accounts: string): Parsed {
  const repository = numberOf(objectOf(payload, 'repository')['id'])
  const number = numberOf(about['number'])
  const author = accountIn(objectOf(payload, 'sender'), accounts)
  if (repository === null || number === null || author === null)
    return nothing('it does not say who has closed what')
  return { is: 'over', thread: threadKey(repository, number), author }
}

function nothing(reason: string): Parsed {
  return { is: 'nothing', reason }
}
