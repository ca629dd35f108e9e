// What a unit that was decided outside of a transaction has read, and whether all of it is still so. Asked for all units
// of a transaction together. Rows that were added since do not count: whoever decided did so before they were there.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { AttachmentRow, CandidateRow } from '../store.ts'
import type { Prepared } from './group-commit.ts'
import { columnsOf, prepareMany } from './many-rows.ts'
import { type Execute, type Markers, prepare } from './prepared.ts'
import type { Database } from './schema.ts'

type Attachment = Pick<AttachmentRow, 'organizationId' | 'agent' | 'credentialId'>

/** Where a setting is. */
export interface SettingPlace {
  readonly organizationId: string
  readonly subject: string
  readonly name: string
}

interface SeenSetting extends SettingPlace {
  /** JSON; null when there was none. */
  readonly value: string | null
}

export interface Seen {
  readonly credentials: readonly Pick<CandidateRow, 'organizationId' | 'id' | 'revision'>[]
  readonly attachments: readonly Attachment[]
  readonly settings: readonly SeenSetting[]
}

type Find = <P extends Prepared<unknown, Seen>>(
  prepared: readonly P[],
  execute: Execute,
) => Promise<ReadonlySet<P>>

/** Prepares the statements once; the result says of which something that was seen is no longer so. */
export function outdatedBy(database: Kysely<Database>): Find {
  const ask = prepareQuestions(database)
  return async (prepared, execute) => {
    const seen = prepared.map((one) => one.seen)
    const [revisions, attached, values] = await Promise.all([
      answersTo(
        execute,
        ask.revisions,
        seen.flatMap((one) => one.credentials),
        keyOfCredential,
      ),
      answersTo(
        execute,
        ask.attachments,
        seen.flatMap((one) => one.attachments),
        keyOf,
      ),
      answersTo(
        execute,
        ask.settings,
        seen.flatMap((one) => one.settings),
        keyOf,
      ),
    ])
    const revisionNow = new Map(revisions.map(({ id, revision }) => [id, revision]))
    const isAttached = new Set(attached.map(keyOf))
    const valueNow = new Map(values.map((row) => [keyOf(row), normal(row.value)]))
    const holds = ({ credentials, attachments, settings }: Seen) =>
      credentials.every(({ id, revision }) => revisionNow.get(id) === revision) &&
      attachments.every((one) => isAttached.has(keyOf(one))) &&
      settings.every((one) => (valueNow.get(keyOf(one)) ?? null) === one.value)
    return new Set(prepared.filter((one) => !holds(one.seen)))
  }
}

/** The organizations whose things were seen. */
export function organizationsOf({ credentials, attachments, settings }: Seen): string[] {
  return [...credentials, ...attachments, ...settings].map(({ organizationId }) => organizationId)
}

/** Tells settings, and attachments, apart. */
export function keyOf(place: SettingPlace | Attachment): string {
  const { organizationId } = place
  return 'agent' in place
    ? `${organizationId}\0${place.agent}\0${place.credentialId}`
    : `${organizationId}\0${place.subject}\0${place.name}`
}

function keyOfCredential({ id }: Pick<CandidateRow, 'id'>): string {
  return id
}

// What others have put into the database may be the same JSON in other words.
function normal(value: string): string {
  return JSON.stringify(JSON.parse(value))
}

// Asks about each of them once, whoever has seen it.
async function answersTo<T, Row>(
  execute: Execute,
  question: (all: readonly T[]) => CompiledQuery<Row>,
  all: readonly T[],
  key: (one: T) => string,
): Promise<Row[]> {
  const unique = [...new Map(all.map((one) => [key(one), one])).values()]
  return unique.length === 0 ? [] : (await execute(question(unique))).rows
}

function prepareQuestions(database: Kysely<Database>) {
  const revisions = prepare((marker: Markers<{ ids: readonly string[] }>) => {
    const whole = sql<Pick<CandidateRow, 'id' | 'revision'>>`select id, revision from credential
      where id = any(${marker('ids')}::text[])`
    return { compile: () => whole.compile(database) }
  })
  return {
    revisions: (all: Seen['credentials']) => revisions({ ids: all.map(({ id }) => id) }),
    attachments: prepareMany<Attachment, Attachment>(
      database,
      columnsOf<Attachment>({ organizationId: 'text', agent: 'text', credentialId: 'text' }),
      'select organization_id as "organizationId", agent, credential_id as "credentialId" from',
      'join agent_attachment using (organization_id, agent, credential_id)',
    ),
    settings: prepareMany<SettingPlace, SettingPlace & { readonly value: string }>(
      database,
      columnsOf<SettingPlace>({ organizationId: 'text', subject: 'text', name: 'text' }),
      'select organization_id as "organizationId", subject, name, value from',
      'join setting using (organization_id, subject, name)',
    ),
  }
}
