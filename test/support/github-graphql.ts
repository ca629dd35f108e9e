// For tests: GitHub's GraphQL as far as a channel asks it: a part of the schema that it publishes, run by a real engine. What a
// token does not reach is not found.

import { buildSchema, GraphQLError, graphql } from 'graphql'
import type { GithubRepository, Token } from './github-api.ts'

type Json = Readonly<Record<string, unknown>>

const SCHEMA = buildSchema(`
  scalar DateTime
  interface Node { id: ID! }
  interface Actor { login: String! }
  type User implements Actor & Node { id: ID! login: String! databaseId: Int }
  type Bot implements Actor & Node { id: ID! login: String! databaseId: Int }
  type UserContentEdit { editedAt: DateTime! editor: Actor }
  type UserContentEditConnection { nodes: [UserContentEdit] totalCount: Int! }
  interface Comment {
    id: ID!
    lastEditedAt: DateTime
    editor: Actor
    userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
  }
  ${['Issue', 'PullRequest', 'IssueComment', 'PullRequestReview', 'PullRequestReviewComment']
    .map(
      (name) => `type ${name} implements Node & Comment {
        id: ID!
        lastEditedAt: DateTime
        editor: Actor
        userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
      }`,
    )
    .join('\n')}
  type Query { node(id: ID!): Node }
`)

// What its global id begins with, and the permission it takes.
const KINDS: Readonly<Record<string, readonly [type: string, permission: string]>> = {
  I: ['Issue', 'issues'],
  PR: ['PullRequest', 'pull_requests'],
  IC: ['IssueComment', 'issues'],
  PRR: ['PullRequestReview', 'pull_requests'],
  PRRC: ['PullRequestReviewComment', 'pull_requests'],
}

export async function graphqlAnswer(
  repositories: ReadonlyMap<number, GithubRepository>,
  { query, variables }: Json,
  token: Token,
): Promise<unknown> {
  const node = ({ id }: { id: string }) => {
    const [type = '', permission = ''] = KINDS[id.split('_')[0] ?? ''] ?? []
    const home = [...repositories.values()].find((one) => holds(one, id))
    const isReached = token.repositories?.includes(home?.id ?? 0) ?? true
    const isAllowed = token.repositories === null || token.permissions[permission] !== undefined
    if (home === undefined || !isReached || !isAllowed) return missing(id)
    const edits = home.edits.get(id) ?? []
    return { __typename: type, id, ...editsOf(edits) }
  }
  const values = variables as Record<string, unknown>
  const result = await graphql({
    ...{ schema: SCHEMA, source: String(query), rootValue: { node }, variableValues: values },
  })
  const errors = result.errors?.map(({ message, extensions: { type } }) => ({ type, message }))
  return { data: result.data, ...(errors !== undefined && { errors }) }
}

// As GitHub does: with the first edit it also shows how it was written.
function editsOf(edits: readonly Json[]) {
  const actors = edits.map((by) => ({
    ...{ editedAt: '2026-01-05T09:00:00Z' },
    editor: by['id'] === null ? null : { ...by, __typename: by['type'], databaseId: by['id'] },
  }))
  const [last] = actors.slice(-1)
  return {
    ...{ lastEditedAt: last?.editedAt ?? null, editor: last?.editor ?? null },
    userContentEdits: ({ first = 0 }: { first?: number }) => ({
      nodes: [...actors].reverse().slice(0, first),
      totalCount: actors.length,
    }),
  }
}

function holds({ issues, pulls, comments, reviewComments, reviews }: GithubRepository, id: string): boolean {
  const all = [issues, pulls, comments, reviewComments, reviews].flatMap((of): unknown[] => [...of.values()])
  return all.some((one) => (one as Json)['node_id'] === id)
}

function missing(id: string): never {
  throw new GraphQLError(`Could not resolve to a node with the global id of '${id}'`, {
    extensions: { type: 'NOT_FOUND' },
  })
}
