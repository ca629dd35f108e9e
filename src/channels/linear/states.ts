// Where an issue stands on its team's board. A name is looked up in the team of the issue: each has states of its own.

import type { Phase } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { askLinear, type LinearPlace, nodesOf } from './api.ts'
import { objectOf } from './deliveries.ts'

const STATE = 'id name type position'

const STANDS = `query($id: String!) {
  issue(id: $id) { id state { ${STATE} } team { key states(first: 100) { nodes { ${STATE} } } } }
}`
const MOVE = `mutation($id: String!, $input: IssueUpdateInput!) { moved: issueUpdate(id: $id, input: $input) { success } }`

/** `working` with this value: issues stay where they are when work begins. */
const NOWHERE = 'none'

// What nobody has begun yet.
const WAITING = ['triage', 'backlog', 'unstarted']

/**
 * Moves an issue that waits to the state of work, one that we have moved there to that of an answer, and back when the work
 * goes on. Where people have moved it stays. Throws `invalid` when its team has no such state.
 */
export async function move(linear: LinearPlace, id: string, phase: Phase, means: Means): Promise<void> {
  const issue = objectOf((await askLinear(linear, means, STANDS, { id }))['issue'])
  const [now, team] = [objectOf(issue['state']), objectOf(issue['team'])]
  const [working, answered] = [atWork(team, means), withAnswer(team, means)]
  const isAt = (state: JsonObject | null) => state !== null && state['id'] === now['id']
  const target = phase === 'begun' ? working : answered
  const leaves = phase === 'begun' ? WAITING.includes(textOf(now['type'])) || isAt(answered) : isAt(working)
  if (target === null || !leaves || isAt(target)) return
  const moved = await askLinear(linear, means, MOVE, { id, input: { stateId: textOf(target['id']) } })
  if (objectOf(moved['moved'])['success'] !== true)
    throw new ClavigerError('unavailable', 'Linear has not moved the issue.')
}

// Unless a name says otherwise, the first one in which somebody works.
function atWork(team: JsonObject, { settings }: Means): JsonObject | null {
  const { working: name = '' } = settings
  if (name === NOWHERE) return null
  if (name !== '') return named(team, name)
  const started = nodesOf(team['states']).filter(({ type }) => type === 'started')
  return started.sort((one, other) => Number(one['position']) - Number(other['position']))[0] ?? null
}

function withAnswer(team: JsonObject, { settings: { answered: name = '' } }: Means): JsonObject | null {
  return name === '' || name === NOWHERE ? null : named(team, name)
}

function named(team: JsonObject, name: string): JsonObject {
  const isSame = (state: JsonObject) => textOf(state['name']).toLowerCase() === name.toLowerCase()
  const found = nodesOf(team['states']).find(isSame)
  if (found !== undefined) return found
  throw new ClavigerError('invalid', `A team in Linear has no state called ${name}.`, {
    hint: 'Change the states in the settings of the channel.',
    detail: textOf(team['key']),
  })
}
