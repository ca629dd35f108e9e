// Small facts over SQL: settings of an organization (JSON) and facts about the installation (text).

import type { Kysely } from 'kysely'
import type { InstallationStore, SettingStore } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'

/** Prepares the statements once; the result makes the group for a connection. */
export function settingGroup(database: Kysely<Database>): (execute: Execute) => SettingStore {
  const all = prepare((marker: Markers<{ organizationId: string; name: string }>) =>
    database
      .selectFrom('setting')
      .select(['subject', 'value'])
      .where('organization_id', '=', marker('organizationId'))
      .where('name', '=', marker('name')),
  )
  return (execute) => ({
    get: async (organizationId, subject, name) => {
      const query = database
        .selectFrom('setting')
        .select('value')
        .where('organization_id', '=', organizationId)
        .where('name', '=', name)
        .where('subject', '=', subject)
      const row = (await execute(query.compile())).rows[0]
      return row && JSON.parse(row.value)
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

/** The facts about the installation; the result makes the group for a connection. */
export function installationGroup(database: Kysely<Database>): (execute: Execute) => InstallationStore {
  return (execute) => ({
    get: async (name) => {
      const query = database.selectFrom('installation').select('value').where('name', '=', name)
      return (await execute(query.compile())).rows[0]?.value
    },
    put: async (name, value) => {
      const query = database
        .insertInto('installation')
        .values({ name, value })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
        )
      await execute(query.compile())
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
