// Looking for entries of the audit over SQL. No index helps: a stretch of the chain is read, which is its key.

import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { AuditFilter, AuditStretch } from '../../../../domain/audit/filter.ts'
import { hasPart } from '../../../../lib/sql/has-part.ts'
import type { Database } from '../../schema.ts'

/** The positions of those of a stretch that fit. */
export function searchQuery(
  database: Kysely<Database>,
  organizationId: string,
  filter: AuditFilter,
  { after, upTo, newest, limit }: AuditStretch,
): CompiledQuery<{ position: number }> {
  const { actor, action, object, objectKind, outcome, from, to, text } = filter
  let query = database
    .selectFrom('audit')
    .select('position')
    .where('organization_id', '=', organizationId)
    .where('position', '>', after)
    .where('position', '<=', upTo)
  if (actor !== undefined)
    query = query.where((row) => row.or([row('actor_id', '=', actor), hasPart(sql.ref('actor_name'), actor)]))
  if (action?.endsWith('.')) query = query.where(sql`substr(action, 1, ${action.length})`, '=', action)
  else if (action !== undefined) query = query.where('action', '=', action)
  if (object !== undefined)
    query = query.where((row) =>
      row.or([row('object_id', '=', object), hasPart(sql.ref('object_name'), object)]),
    )
  if (objectKind !== undefined) query = query.where('object_kind', '=', objectKind)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<=', to)
  if (text !== undefined) query = query.where(hasPart(WORDS, text))
  return query
    .orderBy('position', newest ? 'desc' : 'asc')
    .limit(limit)
    .compile()
}

const WORDS = sql`actor_name || ' ' || action || ' ' || object_name || ' ' || details`
