// Candidates for many runs by one query. What is asked for in one turn of the event loop, or while a query is under way,
// is answered by the next one, which begins after all of it was asked: nobody is told anything older than their question.
// For Postgres, where a statement costs more than a row.

import type { Kysely } from 'kysely'
import type { AddingUnit, CandidateRow } from '../store.ts'
import { CANDIDATE_COLUMNS } from './groups/credentials.ts'
import { type Column, prepareMany } from './many-rows.ts'
import type { Execute } from './prepared.ts'
import type { Database } from './schema.ts'

// At most this many questions share a query.
const MOST = 256

type Candidates = Pick<AddingUnit, 'credentials' | 'attachments'>

/** Prepares the queries once; the rows are shared by those who ask the same in the same way of reading. */
export function gatheredCandidates(database: Kysely<Database>): (execute: Execute) => Candidates {
  const columns = CANDIDATE_COLUMNS.map((column) => `credential.${column.replace(/ as (\w+)$/, ' as "$1"')}`)
  const select = `select given.place, ${columns.join(', ')} from`
  const matches = `credential.organization_id = given.organization_id and credential.harness = any (array[given.harness, 'raw'])`
  const ofOwners = prepareMany<Question, Answer>(
    database,
    columnsWith('owner'),
    select,
    `join credential on ${matches} and credential.owner = given.owner`,
  )
  const ofAgents = prepareMany<Question, Answer>(
    database,
    columnsWith('agent'),
    select,
    `join agent_attachment on agent_attachment.organization_id = given.organization_id
      and agent_attachment.agent = given.agent
     join credential on ${matches} and credential.id = agent_attachment.credential_id`,
  )
  const over = (execute: Execute): Candidates => {
    const owned = gather(async (asked) => sorted(asked, await execute(ofOwners(questions(asked)))))
    const attached = gather(async (asked) => sorted(asked, await execute(ofAgents(questions(asked)))))
    return {
      credentials: {
        candidates: async (organizationId, harness, owners) =>
          owners.length === 0 ? [] : owned({ organizationId, harness, of: [...new Set(owners)] }),
      },
      attachments: {
        candidates: (organizationId, harness, agent) => attached({ organizationId, harness, of: [agent] }),
      },
    }
  }
  const known = new WeakMap<Execute, Candidates>()
  return (execute) => {
    const there = known.get(execute) ?? over(execute)
    known.set(execute, there)
    return there
  }
}

interface Asked {
  readonly organizationId: string
  readonly harness: string
  /** Owners, or an agent. */
  readonly of: readonly string[]
}

interface Question {
  /** Whose question it is, among those of one query. */
  readonly place: number
  readonly organizationId: string
  readonly harness: string
  readonly one: string
}

type Answer = CandidateRow & Pick<Question, 'place'>

function columnsWith(name: 'owner' | 'agent'): Column<Question>[] {
  return [
    ['place', 'bigint', ({ place }) => place],
    ['organization_id', 'text', ({ organizationId }) => organizationId],
    ['harness', 'text', ({ harness }) => harness],
    [name, 'text', ({ one }) => one],
  ]
}

function questions(asked: readonly Asked[]): Question[] {
  return asked.flatMap(({ organizationId, harness, of }, place) =>
    of.map((one) => ({ place, organizationId, harness, one })),
  )
}

function sorted(asked: readonly Asked[], { rows }: { readonly rows: readonly Answer[] }): CandidateRow[][] {
  const answers: CandidateRow[][] = asked.map(() => [])
  for (const { place, ...row } of rows) answers[place]?.push(row)
  return answers
}

interface Waiting extends PromiseWithResolvers<readonly CandidateRow[]> {
  readonly asked: Asked
}

function gather(
  query: (asked: readonly Asked[]) => Promise<readonly CandidateRow[][]>,
): (asked: Asked) => Promise<CandidateRow[]> {
  const waiting = new Map<string, Waiting>()
  let answering = false

  const answer = async () => {
    if (answering) return
    answering = true
    while (waiting.size > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      const group = [...waiting].slice(0, MOST)
      for (const [key] of group) waiting.delete(key)
      try {
        const answers = await query(group.map(([, { asked }]) => asked))
        for (const [place, [, { resolve }]] of group.entries()) resolve(answers[place] ?? [])
      } catch (error) {
        for (const [, { reject }] of group) reject(error)
      }
    }
    answering = false
  }

  return async (asked) => {
    const key = JSON.stringify(asked)
    const same = waiting.get(key) ?? { asked, ...Promise.withResolvers<readonly CandidateRow[]>() }
    waiting.set(key, same)
    void answer()
    return [...(await same.promise)]
  }
}
