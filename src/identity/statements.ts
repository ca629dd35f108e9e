// How identity/ runs a statement: on whatever connection it is given. The store's own type fits.

import type { CompiledQuery, QueryResult } from 'kysely'

/** Runs one compiled query on some connection; throws ClavigerErrors for what the engine refuses. */
export type Execute = <Row>(query: CompiledQuery<Row>) => Promise<QueryResult<Row>>
