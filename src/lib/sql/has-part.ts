// Looking for a part of a text, whatever the case of its letters.

import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** Whether what `whole` stands for has this part; signs of patterns are signs like any other. */
export function hasPart(whole: RawBuilder<unknown>, part: string): RawBuilder<SqlBool> {
  const pattern = `%${part.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
  return sql<SqlBool>`lower(${whole}) like lower(${pattern}) escape '\\'`
}
