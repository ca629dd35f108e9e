// Queries compiled once and bound many times: Kysely's building and compiling costs more than SQLite needs to answer.
// A query is built with markers in the place of its values; binding puts values where the markers were.

import type { CompiledQuery, QueryResult } from 'kysely'

/** Stands for the value of this name while the query is built. */
export type Markers<Values> = <Name extends keyof Values>(name: Name) => Values[Name]

/** Runs one compiled query on some connection; throws ClavigerErrors for what the engine refuses. */
export type Execute = <Row>(query: CompiledQuery<Row>) => Promise<QueryResult<Row>>

interface Compilable<Row> {
  compile(): CompiledQuery<Row>
}

/**
 * Builds a query when it is first needed and returns a function that binds it. A marker may stand only where a value
 * is bound to a parameter; the builder must not look at it.
 */
export function prepare<Values, Row>(
  build: (marker: Markers<Values>) => Compilable<Row>,
): (values: Values) => CompiledQuery<Row> {
  let bind: ((values: Values) => CompiledQuery<Row>) | undefined
  return (values) => {
    bind ??= binder(build((name) => new Marker(name) as Values[typeof name]).compile())
    return bind(values)
  }
}

class Marker<Name> {
  readonly name: Name

  constructor(name: Name) {
    this.name = name
  }
}

function binder<Values, Row>(template: CompiledQuery<Row>): (values: Values) => CompiledQuery<Row> {
  const { sql, query, queryId } = template
  const places = template.parameters.map((parameter) =>
    parameter instanceof Marker ? { name: parameter.name as keyof Values } : { constant: parameter },
  )
  return (values) => {
    const parameters = places.map((place) => ('name' in place ? values[place.name] : place.constant))
    return { sql, query, queryId, parameters }
  }
}
