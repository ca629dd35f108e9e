// Small facts over SQL: settings of an organization (JSON) and facts about the installation (text).

import type { CompiledQuery, Kysely } from 'kysely'
import type { InstallationStore } from '../../installation-group.ts'
import type { SettingStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database, SettingTable } from '../schema.ts'

/** Prepares the statements once; the result makes the group for a connection. */
export function settingGroup(database: Kysely<Database>): (execute: Execute) => SettingStore {
  const all = prepare((marker: Markers<{ organizationId: string; name: string }>) =>
    database
      .selectFrom('setting')
      .select(['subject', 'value'])
      .where('organization_id', '=', marker('organizationId'))
      .where('name', '=', marker('name')),
  )
  const get = prepare((marker: Markers<{ organizationId: string; subject: string; name: string }>) =>
    database
      .selectFrom('setting')
      .select('value')
      .where('organization_id', '=', marker('organizationId'))
      .where('name', '=', marker('name'))
      .where('subject', '=', marker('subject')),
  )
  const some = prepareSome(database)
  return (execute) => ({
    get: async (organizationId, subject, name) => {
      const row = (await execute(get({ organizationId, subject, name }))).rows[0]
      return row && JSON.parse(row.value)
    },
    some: async (organizationId, subjects, names) => {
      if (subjects.length === 0 || names.length === 0) return []
      const { rows } = await execute(some(organizationId, subjects, names))
      return rows.map(({ subject, name, value }) => ({ subject, name, value: JSON.parse(value) }))
    },
    all: async (organizationId, name) => {
      const { rows } = await execute(all({ organizationId, name }))
      return Object.fromEntries(rows.map((row) => [row.subject, JSON.parse(row.value)]))
    },
    put: async (organizationId, subject, name, value) => {
      const query = database
        .insertInto('setting')
        .values({ organization_id: organizationId, subject, name, value: JSON.stringify(value) })
        .onConflict((conflict) =>
          conflict
            .columns(['organization_id', 'name', 'subject'])
            .doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
        )
      await execute(query.compile())
    },
    remove: async (organizationId, subject, name) => {
      const query = database
        .deleteFrom('setting')
        .where('organization_id', '=', organizationId)
        .where('name', '=', name)
        .where('subject', '=', subject)
      await execute(query.compile())
    },
  })
}

type SomeQuery = (values: readonly string[]) => CompiledQuery<SomeRow>
type SomeRow = Pick<SettingTable, 'subject' | 'name' | 'value'>

// One statement for each pair of lengths; few are asked for.
function prepareSome(
  database: Kysely<Database>,
): (organizationId: string, subjects: readonly string[], names: readonly string[]) => CompiledQuery<SomeRow> {
  const bySize = new Map<string, SomeQuery>()
  return (organizationId, subjects, names) => {
    const size = `${subjects.length} ${names.length}`
    const query = bySize.get(size) ?? someOf(database, subjects.length, names.length)
    bySize.set(size, query)
    return query([organizationId, ...subjects, ...names])
  }
}

function someOf(database: Kysely<Database>, subjects: number, names: number): SomeQuery {
  return prepare<readonly string[], SomeRow>((marker) => {
    const markers = (from: number, count: number) =>
      Array.from({ length: count }, (_, place) => marker(from + place))
    return database
      .selectFrom('setting')
      .select(['subject', 'name', 'value'])
      .where('organization_id', '=', marker(0))
      .where('name', 'in', markers(1 + subjects, names))
      .where('subject', 'in', markers(1, subjects))
  })
}

/** The facts about the installation; the result makes the group for a connection. */
export function installationGroup(database: Kysely<Database>): (execute: Execute) => InstallationStore {
  const asked = (name: string) => database.selectFrom('installation').select('value').where('name', '=', name)
  return (execute) => ({
    get: async (name) => (await execute(asked(name).compile())).rows[0]?.value,
    put: async (name, value) => {
      const query = database
        .insertInto('installation')
        .values({ name, value })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
        )
      await execute(query.compile())
    },
    putIfAbsent: async (name, value) => {
      const query = database
        .insertInto('installation')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doNothing())
      await execute(query.compile())
      return (await execute(asked(name).compile())).rows[0]?.value ?? value
    },
    swap: async (name, seen, value) => {
      const query = database
        .updateTable('installation')
        .set({ value })
        .where('name', '=', name)
        .where('value', '=', seen)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    beginningWith: async (prefix) => {
      const query = database
        .selectFrom('installation')
        .select(['name', 'value'])
        .where('name', '>=', prefix)
        .where('name', '<', after(prefix))
      const { rows } = await execute(query.compile())
      return Object.fromEntries(rows.map((row) => [row.name, row.value]))
    },
    remove: async (name) => {
      await execute(database.deleteFrom('installation').where('name', '=', name).compile())
    },
  })
}

// The first text, in the order of bytes, that no longer begins with this one.
function after(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}
