// Our comments below an issue.

import type { Thread } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { askLinear, type LinearPlace, nodesOf, type Variables } from './api.ts'
import { objectOf } from './deliveries.ts'

const CREATE = `mutation($input: CommentCreateInput!) {
  written: commentCreate(input: $input) { success comment { id archivedAt } }
}`
const UPDATE = `mutation($id: String!, $input: CommentUpdateInput!) {
  written: commentUpdate(id: $id, input: $input) { success comment { id archivedAt } }
}`
const FIND = `query($id: String!, $mark: String!) {
  issue(id: $id) {
    comments(first: 50, filter: { user: { isMe: { eq: true } }, body: { contains: $mark } }) {
      nodes { id body }
    }
  }
}`

type Place = Thread['place']

/** Writes it, or edits the one of this id, which is written anew where it is ours no more. Returns its id. */
export async function write(
  linear: LinearPlace,
  { place, text, id }: { readonly place: Place; readonly text: string; readonly id: string | null },
  means: Means,
): Promise<string> {
  const edited = id === null ? null : await editedOf(linear, { id, input: { body: text } }, means)
  if (edited !== null) return edited
  const created = await writtenBy(linear, CREATE, { input: { issueId: issueOf(place), body: text } }, means)
  if (created !== null) return created
  throw new ClavigerError('unavailable', 'Linear has not taken the comment.')
}

async function editedOf(linear: LinearPlace, variables: Variables, means: Means): Promise<string | null> {
  try {
    return await writtenBy(linear, UPDATE, variables, means)
  } catch (thrown) {
    // Deleted, or of another account since the token is another's. Where the issue is gone too, or the token is refused,
    // writing it anew says so.
    if (thrown instanceof ClavigerError && thrown.code === 'invalid') return null
    throw thrown
  }
}

async function writtenBy(
  linear: LinearPlace,
  query: string,
  variables: Variables,
  means: Means,
): Promise<string | null> {
  const written = objectOf((await askLinear(linear, means, query, variables))['written'])
  const { id, archivedAt } = objectOf(written['comment'])
  return written['success'] === true && textOf(archivedAt) === '' ? textOf(id) || null : null
}

/** The id of our comment there that has this in it; null: there is none. */
export async function find(
  linear: LinearPlace,
  { place, mark }: { readonly place: Place; readonly mark: string },
  means: Means,
): Promise<string | null> {
  const { issue } = await askLinear(linear, means, FIND, { id: issueOf(place), mark })
  const found = nodesOf(objectOf(issue)['comments']).find(({ body }) => textOf(body).includes(mark))
  return textOf(found?.['id']) || null
}

export function issueOf({ issue }: Place): string {
  if (issue !== undefined && issue !== '') return issue
  throw new ClavigerError('invalid', 'This conversation is in no issue of Linear.')
}
