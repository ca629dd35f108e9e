// The same call as Linear itself tells it: the comment and who wrote it, or that the issue is ours and who gave it to us.

import type { Account, Call } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import { ASKED_WITHIN, isOld, type Means } from '../channel.ts'
import { askLinear, type LinearPlace, nodesOf } from './api.ts'
import { objectOf, teamOf, threadKey, threadOf } from './deliveries.ts'
import { checkoutOf } from './repositories.ts'

const ISSUE = 'id identifier title description url team { key }'
const PERSON = '{ id name app }'

const OF_COMMENT = `query($id: String!) {
  comment(id: $id) { id createdAt body user ${PERSON} botActor { id } issue { ${ISSUE} } }
}`

// So many entries of a history are read at most: where the newest stand is not promised, so all of them are.
const PAGE = 100
const PAGES = 10

const OF_ISSUE = `query($id: String!, $after: String) {
  viewer { id }
  issue(id: $id) {
    ${ISSUE} createdAt assignee { id } delegate { id } creator ${PERSON} botActor { id }
    history(first: ${PAGE}, after: $after) {
      nodes { id createdAt actor ${PERSON} botActor { id } toAssigneeId toDelegate { id } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

export interface Asking {
  readonly place: LinearPlace
  /** What linked accounts of Linear are called. */
  readonly accounts: string
}

/** Throws `invalid` when Linear knows of no such thing, or it is of a program. */
export async function completed(asking: Asking, call: Call, means: Means): Promise<Call> {
  const { comment } = call.thread.place
  return comment === undefined ? assigned(asking, call, means) : commented(asking, call, means, comment)
}

async function commented({ place, accounts }: Asking, call: Call, means: Means, id: string): Promise<Call> {
  const data = await askLinear(place, means, OF_COMMENT, { id })
  const comment = objectOf(data['comment'])
  const text = textAfterMention(textOf(comment['body']), means.settings['handle'] ?? '')
  // Nobody but its author can edit it there, so what it says now is theirs too.
  if (text === null) throw notSo('This comment does not mention us any more.')
  mustBeRecent(comment['createdAt'], means)
  const author = personOf(comment['user'], comment['botActor'], accounts)
  return { ...ofIssue(call, objectOf(comment['issue']), means), author, text }
}

async function assigned({ place, accounts }: Asking, call: Call, means: Means): Promise<Call> {
  const hand = call.thread.place['hand'] === 'delegate' ? 'delegate' : 'assignee'
  const { us, issue, entries } = await withHistory(place, means, call.thread.place['issue'] ?? '')
  if (us === '' || objectOf(issue[hand])['id'] !== us) throw notSo('This issue is not assigned to us.')
  const isOurs = (entry: JsonObject) =>
    (hand === 'assignee' ? entry['toAssigneeId'] : objectOf(entry['toDelegate'])['id']) === us
  const giving = givenBy(issue, entries.filter(isOurs), call.author)
  mustBeRecent(giving['createdAt'], means)
  const author = personOf(giving['actor'], giving['botActor'], accounts)
  return { ...ofIssue(call, issue, means), author, text: '', asked: `Giving:${textOf(giving['id'])}` }
}

async function withHistory(place: LinearPlace, means: Means, id: string) {
  const entries: JsonObject[] = []
  let after: string | null = null
  for (let page = 0; page < PAGES; page += 1) {
    const data: JsonObject = await askLinear(place, means, OF_ISSUE, { id, after })
    const [us, issue] = [textOf(objectOf(data['viewer'])['id']), objectOf(data['issue'])]
    const history = objectOf(issue['history'])
    entries.push(...nodesOf(history))
    const { hasNextPage, endCursor } = objectOf(history['pageInfo'])
    if (hasNextPage === false) return { us, issue, entries }
    after = textOf(endCursor)
  }
  throw new ClavigerError('invalid', 'The history of this issue is too long to say who assigned it.', {
    hint: 'Mention us in a comment.',
  })
}

// The entry by which it was given to us last, which has to be of whoever the delivery names: who gave it to us before, or has
// made the issue, asks for nothing by what somebody else did.
function givenBy(issue: JsonObject, givings: readonly JsonObject[], said: Account): JsonObject {
  const byTime = (one: JsonObject, other: JsonObject) =>
    textOf(other['createdAt']).localeCompare(textOf(one['createdAt']))
  const isTheirs = (entry: JsonObject) => objectOf(entry['actor'])['id'] === said.accountId
  // What an issue begins with is in no history.
  const { creator, botActor, createdAt, id } = issue
  const [last = { id, createdAt, actor: creator, botActor }, ...before] = givings.toSorted(byTime)
  if (isTheirs(last)) return last
  if (before.some(isTheirs)) throw notSo('Somebody else has assigned this issue to us since.')
  throw new ClavigerError('unavailable', 'Linear does not say yet who assigned this issue.')
}

function mustBeRecent(at: unknown, { now }: Means): void {
  if (!(now - Date.parse(textOf(at)) <= ASKED_WITHIN)) throw isOld()
}

function personOf(user: unknown, bot: unknown, accounts: string): Account {
  const { id, name, app } = objectOf(user)
  const accountId = textOf(id)
  if (accountId === '' || app === true || (bot ?? null) !== null)
    throw notSo('Linear does not say that a person asks for this.')
  return { accounts, accountId, name: textOf(name), isBot: false }
}

function ofIssue(call: Call, issue: JsonObject, { settings }: Means): Call {
  const id = textOf(issue['id'])
  if (id === '' || threadKey(id) !== call.thread.key) throw notSo('Linear has no such issue.')
  return {
    ...call,
    thread: { ...threadOf(issue), place: { issue: id } },
    checkout: checkoutOf(settings, teamOf(issue)),
  }
}

function notSo(message: string): ClavigerError {
  return new ClavigerError('invalid', message)
}
