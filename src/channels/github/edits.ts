// Who has edited a text over there. Everybody who may write to a repository may edit what others wrote, and it stays in the
// author's name; only GitHub's GraphQL tells who it was.

import type { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject, listOf } from '../../lib/json/ask-json.ts'
import { askObject, type GithubApi, isGone, unreliable } from './api.ts'
import { numberOf, objectOf } from './reading.ts'

// More edits than that are looked at by nobody.
const EDITS = 100

const EDITORS = `query($id: ID!) {
  node(id: $id) {
    ... on Comment {
      lastEditedAt
      userContentEdits(first: ${EDITS}) { totalCount nodes { editor { ... on User { databaseId } } } }
    }
  }
}`

/**
 * Whether somebody else than its author has ever edited it; also when nobody says who it was. `node` is its global id. Throws
 * `NotThere` when there is no such thing for this token.
 */
export async function isEditedByOthers(
  api: GithubApi,
  token: Secret,
  node: string,
  authorId: string,
): Promise<boolean> {
  const { lastEditedAt, userContentEdits } = await nodeOf(api, token, node)
  if (lastEditedAt === undefined) throw unreliable(200)
  const edits = isObject(userContentEdits) ? userContentEdits : {}
  const nodes = Array.isArray(edits['nodes']) ? edits['nodes'] : []
  const isWhole = nodes.length > 0 && nodes.length === edits['totalCount']
  // The first one may be how it was written.
  const isOfAuthor = nodes.every((edit) => isObject(edit) && editorOf(edit) === authorId)
  return lastEditedAt === null ? !isOfAuthor : !(isWhole && isOfAuthor)
}

function editorOf(edit: JsonObject): string | null {
  return numberOf(objectOf(edit, 'editor')['databaseId'])
}

async function nodeOf(api: GithubApi, token: Secret, id: string): Promise<JsonObject> {
  // A GitHub Enterprise Server has it beside its other API: /api/graphql, /api/v3.
  const url = api.url.replace(/\/api\/v3\/*$/, '/api')
  const json = await askObject(
    { ...api, url },
    { ...{ method: 'POST', path: '/graphql', token }, body: { query: EDITORS, variables: { id } } },
  )
  const errors = listOf({ json }, 'errors') ?? []
  if (errors.some(({ type }) => type === 'NOT_FOUND' || type === 'FORBIDDEN')) throw isGone()
  const node = objectOf(json, 'data')['node']
  if (errors.length > 0 || !isObject(node)) throw unreliable(200)
  return node
}
