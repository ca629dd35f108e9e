// Second factors over SQL.

import type { Kysely } from 'kysely'
import type { SecondFactorRow, SecondFactorStore } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'person_id as personId',
  'wrapped_key as wrappedKey',
  'secret',
  'recovery',
  'last_step as lastStep',
  'created_at as createdAt',
  'enabled_at as enabledAt',
] as const

/** The result makes the group for a connection. */
export function secondFactorGroup(database: Kysely<Database>): (execute: Execute) => SecondFactorStore {
  const select = database.selectFrom('second_factor').select(COLUMNS)
  const update = database.updateTable('second_factor')
  return (execute) => {
    const changed = async (query: { compile(): Parameters<Execute>[0] }) =>
      (await execute(query.compile())).numAffectedRows === 1n
    return {
      get: async (personId) => {
        const { rows } = await execute(select.where('person_id', '=', personId).compile())
        return rows.map(toRow)[0]
      },
      begin: async (row) => {
        const begun = {
          id: row.id,
          wrapped_key: row.wrappedKey,
          secret: row.secret,
          recovery: JSON.stringify(row.recovery),
          last_step: row.lastStep,
          created_at: row.createdAt,
          enabled_at: row.enabledAt,
        }
        return changed(
          database
            .insertInto('second_factor')
            .values({ ...begun, person_id: row.personId })
            .onConflict((conflict) =>
              conflict.column('person_id').doUpdateSet(begun).where('second_factor.enabled_at', 'is', null),
            ),
        )
      },
      enable: (id, { at, recovery, lastStep }) =>
        changed(
          update
            .set({ enabled_at: at, recovery: JSON.stringify(recovery), last_step: lastStep })
            .where('id', '=', id)
            .where('enabled_at', 'is', null),
        ),
      useStep: (id, step) =>
        changed(update.set({ last_step: step }).where('id', '=', id).where('last_step', '<', step)),
      changeRecovery: (id, seen, left) =>
        changed(
          update
            .set({ recovery: JSON.stringify(left) })
            .where('id', '=', id)
            .where('recovery', '=', JSON.stringify(seen)),
        ),
      remove: (personId) => changed(database.deleteFrom('second_factor').where('person_id', '=', personId)),
    }
  }
}

function toRow(row: Omit<SecondFactorRow, 'recovery'> & { readonly recovery: string }): SecondFactorRow {
  return { ...row, recovery: JSON.parse(row.recovery) as string[] }
}
