// An honest Linear on loopback: its GraphQL over a part of the schema that it publishes, run by a real engine, so that a query
// that it would not take is refused; tokens, history, deliveries in the shapes it publishes. What it does wrong is asked for.

import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { buildSchema, GraphQLError, graphql } from 'graphql'
import type { Delivered } from '../../src/channels/channel.ts'
import { LINEAR_SCHEMA } from './linear-schema.ts'

export const LINEAR_SECRETS = { signing: 'fake-signing-secret', token: 'lin_api_fake_token' }

export interface LinearUser {
  readonly id: string
  readonly name: string
  readonly app: boolean
}

interface State {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly position: number
}

const state = (name: string, type: string, position: number): State => ({
  ...{ id: `s-${name}`, name, type, position },
})

/** Of the one team there is. What comes first on the board is not first in the list. */
export const LINEAR_STATES = {
  review: state('In Review', 'started', 1002),
  todo: state('Todo', 'unstarted', 0),
  progress: state('In Progress', 'started', 2),
  completed: state('Done', 'completed', 3),
  canceled: state('Canceled', 'canceled', 4),
}

interface Issue {
  readonly id: string
  readonly number: number
  title: string
  description: string | null
  readonly creator: LinearUser
  assignee: LinearUser | null
  delegate: LinearUser | null
  state: State
  readonly createdAt: string
  updatedAt: string
}

interface Comment {
  readonly id: string
  readonly issue: Issue
  body: string
  readonly user: LinearUser | null
  readonly botActor: { readonly id: string } | null
  edits: number
  readonly createdAt: string
  archivedAt: string | null
}

/** Answers that are not what was asked for. */
export type LinearFault = 'ratelimited' | 'too-many' | 'down' | 'page' | 'elsewhere' | 'half' | 'endless'

export type Payload = Readonly<Record<string, unknown>>

export type FakeLinear = Awaited<ReturnType<typeof startLinear>>

const user = (name: string, app = false): LinearUser => ({ id: `user-${name}`, name, app })

export const LINEAR_USERS = {
  us: user('claviger', true),
  bob: user('bob'),
  ann: user('ann'),
  robot: user('robot', true),
}

export async function startLinear(clock: { now: number }) {
  const issues = new Map<string, Issue>()
  const comments = new Map<string, Comment>()
  const history: Record<string, unknown>[] = []
  const moves: string[] = []
  const state = {
    token: LINEAR_SECRETS.token as string,
    fault: null as LinearFault | null,
    /** When there are calls again where there are none left, by its clock. */
    resetAt: 0,
    asked: 0,
  }
  const { us } = LINEAR_USERS
  // Each change is later than the one before.
  let changes = 0
  const at = () => {
    changes += 1
    return new Date(clock.now + changes).toISOString()
  }

  function issueOf(id: string): Issue {
    const issue = issues.get(id)
    if (issue === undefined) throw noSuch('Issue')
    return issue
  }

  function commentOf(id: string): Comment {
    const comment = comments.get(id)
    if (comment === undefined) throw noSuch('Comment')
    return comment
  }

  function add(issue: Issue, body: string, by: LinearUser | null, bot = false): Comment {
    const id = randomUUID()
    const comment = {
      id,
      issue,
      body,
      user: by,
      botActor: bot ? { id: 'bot-1' } : null,
      edits: 0,
      createdAt: at(),
      archivedAt: null,
    }
    comments.set(id, comment)
    return comment
  }

  const written = (comment: Comment) => ({ success: true, comment })
  const root = {
    viewer: { ...us, displayName: us.name },
    issue: ({ id }: { id: string }) => {
      const issue = issueOf(id)
      return {
        ...{ ...apiIssue(issue), assignee: issue.assignee, delegate: issue.delegate },
        ...{ creator: issue.creator, botActor: null },
        history: ({ first = 50, after }: { first?: number; after?: string }) =>
          pageOf(history.filter((entry) => entry['issue'] === id).reverse(), first, Number(after ?? 0)),
        comments: ({ filter }: { filter: { body: { contains: string } } }) => ({
          nodes: [...comments.values()].filter(
            (one) => one.issue.id === id && one.user === us && one.body.includes(filter.body.contains),
          ),
        }),
      }
    },
    comment: ({ id }: { id: string }) => {
      const comment = commentOf(id)
      return { ...comment, issue: apiIssue(comment.issue) }
    },
    commentCreate: ({ input }: { input: { issueId: string; body: string } }) =>
      written(add(issueOf(input.issueId), input.body, us)),
    issueUpdate: ({ id, input }: { id: string; input: { stateId: string } }) => {
      const [issue, to] = [issueOf(id), Object.values(LINEAR_STATES).find((one) => one.id === input.stateId)]
      if (to === undefined) throw noSuch('WorkflowState')
      Object.assign(issue, { state: to, updatedAt: at() })
      moves.push(to.name)
      return { success: true, issue: apiIssue(issue) }
    },
    commentUpdate: ({ id, input }: { id: string; input: { body: string } }) => {
      const comment = commentOf(id)
      if (comment.user !== us) throw refusal('Forbidden', 'forbidden', 'FORBIDDEN')
      Object.assign(comment, { body: input.body, edits: comment.edits + 1 })
      return written(comment)
    },
  }
  const schema = buildSchema(LINEAR_SCHEMA)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    state.asked += 1
    const body = await text(request)
    response.setHeader('date', new Date(clock.now).toUTCString())
    if (state.fault !== null) return broken(state.fault, state.resetAt, response)
    if (request.url !== '/graphql' || request.method !== 'POST') return void response.writeHead(404).end()
    const isKey = state.token.startsWith('lin_api_')
    if (request.headers.authorization !== (isKey ? state.token : `Bearer ${state.token}`))
      return json(
        response,
        401,
        errorsOf(refusal('Not signed in', 'authentication error', 'AUTHENTICATION_ERROR')),
      )
    const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> }
    const result = await graphql({ schema, source: query, rootValue: root, variableValues: variables })
    // What does not fit the schema is a bad request; what fails in it comes with 200.
    const isWrong = result.data === undefined
    json(response, isWrong ? 400 : 200, isWrong ? errorsOf(refusal('Bad query', 'graphql error')) : result)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function note({ id: issue, updatedAt: createdAt }: Issue, actor: LinearUser, entry: Payload): void {
    history.push({ id: randomUUID(), issue, createdAt, actor, botActor: null, toAssigneeId: null, ...entry })
  }

  function changed(issue: Issue, by: LinearUser, before: Payload): Payload {
    return { ...envelope(by, 'Issue', 'update', hookIssue(issue)), updatedFrom: before }
  }

  function envelope(by: LinearUser, type: string, action: string, data: Payload): Payload {
    const createdAt = new Date(clock.now).toISOString()
    const actor = { id: by.id, type: 'user', name: by.name, email: `${by.name}@example.test` }
    return {
      ...{ action, type, actor, createdAt, data, url: data['url'], organizationId: 'org-linear' },
      ...{ webhookId: 'hook-1', webhookTimestamp: clock.now },
    }
  }

  return Object.assign(state, {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, comments, history, moves },
    issue(creator: LinearUser, more: Partial<Pick<Issue, 'assignee' | 'description'>> = {}): Issue {
      const number = issues.size + 1
      const issue: Issue = {
        ...{ id: `issue-${number}`, number, title: 'The tests fail', description: 'They do.', creator },
        ...{
          assignee: null,
          delegate: null,
          state: LINEAR_STATES.todo,
          createdAt: at(),
          updatedAt: at(),
          ...more,
        },
      }
      issues.set(issue.id, issue)
      return issue
    },
    created: (issue: Issue) => envelope(issue.creator, 'Issue', 'create', hookIssue(issue)),
    give(
      issue: Issue,
      to: LinearUser | null,
      by: LinearUser,
      hand: 'assignee' | 'delegate' = 'assignee',
    ): Payload {
      const before = { updatedAt: issue.updatedAt, [`${hand}Id`]: issue[hand]?.id ?? null }
      Object.assign(issue, { [hand]: to, updatedAt: at() })
      const entry = hand === 'assignee' ? { toAssigneeId: to?.id ?? null } : { toDelegate: to }
      note(issue, by, entry)
      return changed(issue, by, before)
    },
    /** Puts it somewhere else on the board. */
    move(issue: Issue, to: State, by: LinearUser): Payload {
      const before = { updatedAt: issue.updatedAt, stateId: issue.state.id }
      Object.assign(issue, { state: to, updatedAt: at() })
      note(issue, by, {})
      return changed(issue, by, before)
    },
    say(issue: Issue, body: string, by: LinearUser, bot = false): Payload {
      const { id, botActor } = add(issue, body, by, bot)
      const { title, url } = hookIssue(issue)
      const named = { id: by.id, name: by.name, email: `${by.name}@example.test` }
      return envelope(by, 'Comment', 'create', {
        ...{ id, body, botActor, issueId: issue.id, issue: { id: issue.id, title, url }, userId: by.id },
        ...{ user: named, createdAt: at(), updatedAt: at(), url: `${url}#comment-${id}` },
      })
    },
    stop: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  })
}

function pageOf(all: readonly unknown[], first: number, from: number) {
  const end = from + Math.min(first, 250)
  return { nodes: all.slice(from, end), pageInfo: { hasNextPage: end < all.length, endCursor: String(end) } }
}

const urlOf = ({ number }: Issue) => `https://linear.app/acme/issue/ENG-${number}/the-tests-fail`

function apiIssue(issue: Issue) {
  const { id, number, title, description, state, createdAt } = issue
  const team = { key: 'ENG', states: { nodes: Object.values(LINEAR_STATES) } }
  const url = urlOf(issue)
  return { id, identifier: `ENG-${number}`, title, description, url, team, state, createdAt }
}

function hookIssue(issue: Issue) {
  const { assignee, delegate, creator, state, updatedAt, number } = issue
  return {
    ...{ ...apiIssue(issue), number, state, stateId: state.id, updatedAt, creatorId: creator.id },
    ...(assignee !== null && { assigneeId: assignee.id, assignee: { id: assignee.id, name: assignee.name } }),
    ...(delegate !== null && { delegateId: delegate.id, delegate: { id: delegate.id, name: delegate.name } }),
    ...{ team: { id: 'team-1', key: 'ENG', name: 'Engineering' }, teamId: 'team-1', labelIds: [] },
  }
}

export interface Sending {
  readonly id?: string
  readonly secret?: string
  /** What arrives, where it is not what was signed. */
  readonly altered?: (text: string) => string
}

/** A delivery as Linear sends it. */
export function sent(
  payload: unknown,
  { id = randomUUID(), secret = LINEAR_SECRETS.signing, altered = (same) => same }: Sending = {},
): Delivered {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const headers = { 'linear-delivery': id, 'linear-event': 'Issue', 'linear-signature': signature }
  return { headers, body: Buffer.from(altered(body)) }
}

function noSuch(what: string): GraphQLError {
  return refusal(`Entity not found: ${what}`, 'invalid input', 'INPUT_ERROR')
}

function refusal(message: string, type: string, code = 'GRAPHQL_VALIDATION_FAILED'): GraphQLError {
  return new GraphQLError(message, { extensions: { type, code, userPresentableMessage: message } })
}

function errorsOf(...errors: readonly GraphQLError[]) {
  return { errors }
}

// In milliseconds since 1970, as Linear publishes it, and for each thing that it counts.
function limits(resetAt: number): Record<string, string> {
  const later = resetAt + 600_000
  return {
    ...{ 'x-ratelimit-requests-limit': '2500', 'x-ratelimit-requests-remaining': '0' },
    ...{ 'x-ratelimit-requests-reset': String(resetAt), 'x-complexity': '12' },
    ...{ 'x-ratelimit-complexity-limit': '250000', 'x-ratelimit-complexity-remaining': '249000' },
    'x-ratelimit-complexity-reset': String(later),
  }
}

function broken(fault: LinearFault, resetAt: number, response: ServerResponse): void {
  const limited = errorsOf(refusal('Rate limit exceeded', 'ratelimited', 'RATELIMITED'))
  const half = errorsOf(refusal('Oops', 'internal error', 'INTERNAL_SERVER_ERROR'))
  const page = { 'content-type': 'text/html' }
  const answers: Record<LinearFault, () => unknown> = {
    ratelimited: () => json(response, 400, limited, limits(resetAt)),
    'too-many': () => json(response, 429, {}, { 'retry-after': '30' }),
    down: () => response.writeHead(503).end('down'),
    page: () => response.writeHead(200, page).end('<html></html>'),
    elsewhere: () => response.writeHead(307, { location: 'http://127.0.0.1:1/graphql' }).end(),
    half: () => json(response, 200, { data: { viewer: LINEAR_USERS.us }, ...half }),
    endless: () => response.writeHead(200).end(`{"data":"${'x'.repeat(2 * 1024 * 1024)}"}`),
  }
  answers[fault]()
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
