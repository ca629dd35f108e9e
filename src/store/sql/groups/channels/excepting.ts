// Rows of all channels but some.

import type { SelectQueryBuilder } from 'kysely'
import type { Database } from '../../schema.ts'

export function notOf<T extends 'channel_call' | 'channel_thread', O>(
  query: SelectQueryBuilder<Database, T, O>,
  except: readonly string[],
): SelectQueryBuilder<Database, T, O> {
  return except.length === 0 ? query : query.where('channel_id' as never, 'not in', except as never)
}
