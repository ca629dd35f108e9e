// The same call as Linear itself tells it: the comment and who wrote it, or that the issue is ours and who gave it to us.

import type { Account, Call } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { askLinear, type LinearPlace, nodesOf } from './api.ts'
import { objectOf, teamOf, threadKey, threadOf } from './deliveries.ts'
import { checkoutOf } from './repositories.ts'

const ISSUE = 'id identifier title description url team { key }'
const PERSON = '{ id name app }'

const OF_COMMENT = `query($id: String!) {
  comment(id: $id) { id body user ${PERSON} botActor { id } issue { ${ISSUE} } }
}`

// The newest entries stand at one end; which one is not promised.
const ENTRIES = `{ nodes {
  createdAt actor ${PERSON} botActor { id } toAssigneeId toDelegate { id }
} }`
const OF_ISSUE = `query($id: String!) {
  viewer { id }
  issue(id: $id) {
    ${ISSUE} assignee { id } delegate { id } creator ${PERSON} botActor { id }
    first: history(first: 50) ${ENTRIES}
    last: history(last: 50) ${ENTRIES}
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
  if (text === null) throw notSo('This comment does not mention us any more.')
  const author = personOf(comment['user'], comment['botActor'], accounts)
  return { ...ofIssue(call, objectOf(comment['issue']), means), author, text }
}

async function assigned({ place, accounts }: Asking, call: Call, means: Means): Promise<Call> {
  const hand = call.thread.place['hand'] === 'delegate' ? 'delegate' : 'assignee'
  const data = await askLinear(place, means, OF_ISSUE, { id: call.thread.place['issue'] ?? '' })
  const [us, issue] = [textOf(objectOf(data['viewer'])['id']), objectOf(data['issue'])]
  if (us === '' || objectOf(issue[hand])['id'] !== us) throw notSo('This issue is not assigned to us.')
  const author = giverOf(issue, { hand, us, accounts, said: call.author })
  return { ...ofIssue(call, issue, means), author, text: '' }
}

interface Given {
  readonly hand: 'assignee' | 'delegate'
  readonly us: string
  readonly accounts: string
  /** Whoever it is as the delivery has it. */
  readonly said: Account
}

function giverOf(issue: JsonObject, { hand, us, accounts, said }: Given): Account {
  const entries = [...nodesOf(issue['first']), ...nodesOf(issue['last'])]
  const [newest] = entries
    .filter(
      (entry) => (hand === 'assignee' ? entry['toAssigneeId'] : objectOf(entry['toDelegate'])['id']) === us,
    )
    .sort((one, other) => textOf(other['createdAt']).localeCompare(textOf(one['createdAt'])))
  if (newest !== undefined) return personOf(newest['actor'], newest['botActor'], accounts)
  // What an issue begins with is in no history.
  const creator = objectOf(issue['creator'])
  if (creator['id'] === said.accountId) return personOf(creator, issue['botActor'], accounts)
  throw new ClavigerError('unavailable', 'Linear does not say yet who assigned this issue.')
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
