// What Linear delivers: whether it is Linear's, and what it asks for. The body is data of strangers: whatever of it is
// missing or of another shape makes it ask for nothing.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Account, Parsed } from '../../domain/channels/call.ts'
import { textAfterMention } from '../../domain/channels/mention.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject, parseObject, textOf } from '../../lib/json/ask-json.ts'
import type { Delivered } from '../channel.ts'
import { checkoutOf } from './repositories.ts'

/** So far from our clock a delivery may have been sent, as Linear says it should be checked; in milliseconds. */
const FRESH_MS = 60_000

/**
 * The id of a delivery that is signed with this secret and fresh; throws `unauthenticated`. Of a comment, and of an issue as
 * it is since one moment, there is one, whatever the header says: that is not signed.
 */
export function idOfSigned({ headers, body }: Delivered, secret: Secret | undefined, now: number): string {
  const given = headers['linear-signature'] ?? ''
  const isHex = /^[0-9a-f]{64}$/i.test(given)
  const expected = createHmac('sha256', secret?.expose() ?? '')
    .update(body)
    .digest()
  const isSame = timingSafeEqual(expected, isHex ? Buffer.from(given, 'hex') : Buffer.alloc(32))
  if (!isSame || secret === undefined || secret.expose() === '') throw notSigned()
  const payload = payloadOf(body)
  const sentAt = payload['webhookTimestamp']
  if (typeof sentAt !== 'number' || !(Math.abs(now - sentAt) <= FRESH_MS)) throw notSigned()
  const id = idWithin(payload) ?? headers['linear-delivery'] ?? ''
  if (id === '' || id.length > 500) throw notSigned()
  return id
}

function idWithin(payload: JsonObject): string | null {
  const [type, action] = [textOf(payload['type']), textOf(payload['action'])]
  const data = objectOf(payload['data'])
  const [id, changedAt] = [textOf(data['id']), textOf(data['updatedAt'])]
  if (id === '') return null
  if (type === 'Comment' && action === 'create') return `${type}:${action}:${id}`
  return changedAt === '' ? null : `${type}:${action}:${id}:${changedAt}`
}

export interface Ours {
  /** Of the channel. */
  readonly settings: Readonly<Record<string, string>>
  /** Who we are over there; null: it is not known yet. */
  readonly accountId: string | null
  /** What linked accounts of Linear are called. */
  readonly accounts: string
}

export function parseDelivery({ body }: Delivered, ours: Ours): Parsed {
  const payload = payloadOf(body)
  const [type, action] = [textOf(payload['type']), textOf(payload['action'])]
  if (type === 'Comment' && action === 'create') return ofComment(payload, ours)
  if (type === 'Issue') return ofIssue(payload, action, ours)
  return nothing(`it is of ${type === '' ? 'no type' : 'another type'}`)
}

function ofComment(payload: JsonObject, ours: Ours): Parsed {
  const data = objectOf(payload['data'])
  const issue = objectOf(data['issue'])
  const [comment, issueId] = [textOf(data['id']), textOf(data['issueId']) || textOf(issue['id'])]
  const text = textAfterMention(textOf(data['body']), ours.settings['handle'] ?? '')
  if (comment === '' || issueId === '') return nothing('it is no comment of an issue')
  if (text === null) return nothing('it does not mention us')
  const user = objectOf(data['user'])
  const accountId = textOf(data['userId']) || textOf(user['id'])
  if (accountId === '') return nothing('it is of nobody with an account')
  const isBot = (data['botActor'] ?? null) !== null
  const author = { accounts: ours.accounts, accountId, name: textOf(user['name']), isBot }
  const place = { issue: issueId, comment }
  return call({ issue: { ...issue, id: issueId }, place, author, text, ours, url: payload['url'] })
}

// Who works on an issue: a person, and for apps, to whom it is delegated.
const HANDS = { assignee: 'assigneeId', delegate: 'delegateId' } as const

function ofIssue(payload: JsonObject, action: string, ours: Ours): Parsed {
  const data = objectOf(payload['data'])
  const before = objectOf(payload['updatedFrom'])
  const issueId = textOf(data['id'])
  const author = actorOf(payload, ours)
  if (issueId === '' || author === null) return nothing('it does not say who did what')
  const over = { is: 'over', thread: threadKey(issueId), author } as const
  if (action === 'remove') return over
  if (action !== 'create' && action !== 'update') return nothing('it is of another action')
  if ('stateId' in before && isClosed(data)) return over
  for (const [hand, field] of Object.entries(HANDS)) {
    const isNew = action === 'create' || field in before
    const holder = textOf(data[field])
    if (isNew && holder !== '' && (ours.accountId ?? holder) === holder) {
      const place = { issue: issueId, hand }
      return call({ issue: data, place, author, text: '', ours, url: payload['url'] })
    }
  }
  return isTakenAway(data, before, ours) ? over : nothing('it is not about us')
}

function isTakenAway(data: JsonObject, before: JsonObject, { accountId }: Ours): boolean {
  const fields = Object.values(HANDS)
  return (
    accountId !== null &&
    fields.some((field) => before[field] === accountId) &&
    fields.every((field) => data[field] !== accountId)
  )
}

const CLOSED = ['completed', 'canceled', 'duplicate']

function isClosed({ state }: JsonObject): boolean {
  return CLOSED.includes(textOf(objectOf(state)['type']))
}

function actorOf({ actor }: JsonObject, { accounts }: Ours): Account | null {
  const { id, name, type } = objectOf(actor)
  const accountId = textOf(id)
  if (accountId === '') return null
  return { accounts, accountId, name: textOf(name), isBot: (textOf(type) || 'user').toLowerCase() !== 'user' }
}

interface Said {
  readonly issue: JsonObject
  readonly place: Readonly<Record<string, string>>
  readonly author: Account
  readonly text: string
  readonly ours: Ours
  readonly url: unknown
}

function call({ issue, place, author, text, ours: { settings }, url }: Said): Parsed {
  const thread = { ...threadOf(issue), place }
  const page = thread.url === '' ? pageOf(url) : thread.url
  return {
    is: 'call',
    call: { thread: { ...thread, url: page }, author, text, checkout: checkoutOf(settings, teamOf(issue)) },
  }
}

/** An issue as a delivery and the API have it; `place` is for the caller to say. */
export function threadOf(issue: JsonObject) {
  const [id, identifier] = [textOf(issue['id']), textOf(issue['identifier'])]
  return {
    key: threadKey(id),
    title: `${identifier} ${textOf(issue['title'])}`.trim(),
    url: pageOf(issue['url']),
    text: textOf(issue['description']),
  }
}

/** The key of its team: `ENG` of ENG-7. */
export function teamOf({ team, identifier }: JsonObject): string {
  return textOf(objectOf(team)['key']) || textOf(identifier).replace(/-\d+$/, '')
}

export function threadKey(issueId: string): string {
  return `linear:${issueId}`
}

/** The object, else one with nothing in it. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

// It becomes a link.
function pageOf(url: unknown): string {
  const text = textOf(url)
  return /^https?:\/\/[\x21-\x7e]+$/.test(text) ? text : ''
}

function payloadOf(body: Uint8Array): JsonObject {
  return parseObject(Buffer.from(body).toString('utf8')) ?? {}
}

function nothing(reason: string): Parsed {
  return { is: 'nothing', reason }
}

function notSigned(): ClavigerError {
  return new ClavigerError(
    'unauthenticated',
    'This delivery is not signed with the secret of the channel, or old.',
  )
}
