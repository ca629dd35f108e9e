// Configurations of channels over SQL.

import type { Kysely } from 'kysely'
import type { ChannelChange, ChannelRow, ChannelStore } from '../../../channels/channel-groups.ts'
import { channelNameTaken, isConflict } from '../../../refusals.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'

const COLUMNS = [
  'id',
  'organization_id as organizationId',
  'kind',
  'name',
  'settings',
  'strangers',
  'agent',
  'access',
  'account_id as accountId',
  'account_name as accountName',
  'wrapped_key as wrappedKey',
  'secrets',
  'revision',
  'last_delivery_at as lastDeliveryAt',
  'last_status as lastStatus',
  'created_at as createdAt',
  'created_by as createdBy',
] as const

export function channelGroup(database: Kysely<Database>): (execute: Execute) => ChannelStore {
  const select = database.selectFrom('channel').select(COLUMNS)
  const named = (name: string | undefined) => (error: unknown) => {
    throw name !== undefined && isConflict(error) ? channelNameTaken(name, error) : error
  }
  return (execute) => ({
    insert: async (row) => {
      const query = database.insertInto('channel').values({
        ...{ id: row.id, organization_id: row.organizationId, kind: row.kind },
        ...{ name: row.name, settings: JSON.stringify(row.settings), strangers: row.strangers },
        ...{ agent: row.agent, access: row.access },
        ...{ account_id: row.accountId, account_name: row.accountName },
        ...{ wrapped_key: row.wrappedKey, secrets: textOf(row.secrets), revision: row.revision },
        ...{ last_delivery_at: row.lastDeliveryAt, last_status: row.lastStatus },
        ...{ created_at: row.createdAt, created_by: row.createdBy },
      })
      await execute(query.compile()).catch(named(row.name))
    },
    get: async (organizationId, id) => {
      const query = select.where('organization_id', '=', organizationId).where('id', '=', id)
      return (await execute(query.compile())).rows.map(toRow)[0]
    },
    list: async (organizationId) => {
      const query = select.where('organization_id', '=', organizationId).orderBy('id')
      return (await execute(query.compile())).rows.map(toRow)
    },
    ofKind: async (kind) =>
      (await execute(select.where('kind', '=', kind).orderBy('id').compile())).rows.map(toRow),
    update: async (id, seen, change) => {
      const query = database
        .updateTable('channel')
        .set({ ...columnsOf(change), revision: seen + 1 })
        .where('id', '=', id)
        .where('revision', '=', seen)
      const { numAffectedRows } = await execute(query.compile()).catch(named(change.name))
      return numAffectedRows === 1n
    },
    note: async (id, status, at) => {
      const query = database
        .updateTable('channel')
        .set({ last_status: status, ...(at !== undefined && { last_delivery_at: at }) })
        .where('id', '=', id)
      await execute(query.compile())
    },
    // What belongs to it goes by its references.
    remove: async (organizationId, id) => {
      const query = database
        .deleteFrom('channel')
        .where('organization_id', '=', organizationId)
        .where('id', '=', id)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
  })
}

// What is undefined stays as it is.
function columnsOf({
  name,
  settings,
  strangers,
  agent,
  access,
  accountId,
  accountName,
  wrappedKey,
  secrets,
}: ChannelChange) {
  return {
    ...(name !== undefined && { name }),
    ...(settings !== undefined && { settings: JSON.stringify(settings) }),
    ...(strangers !== undefined && { strangers }),
    ...(agent !== undefined && { agent }),
    ...(access !== undefined && { access }),
    ...(accountId !== undefined && { account_id: accountId }),
    ...(accountName !== undefined && { account_name: accountName }),
    ...(wrappedKey !== undefined && { wrapped_key: wrappedKey }),
    ...(secrets !== undefined && { secrets: textOf(secrets) }),
  }
}

type Selected = Omit<ChannelRow, 'settings' | 'secrets'> & {
  readonly settings: string
  readonly secrets: string
}

function toRow({ settings, secrets, ...row }: Selected): ChannelRow {
  return { ...row, settings: JSON.parse(settings), secrets: sealedIn(secrets) }
}

function textOf(secrets: ChannelRow['secrets']): string {
  const texts = Object.entries(secrets).map(([name, sealed]) => [
    name,
    Buffer.from(sealed).toString('base64'),
  ])
  return JSON.stringify(Object.fromEntries(texts))
}

/** The sealed values in the column of secrets. */
export function sealedIn(text: string): ChannelRow['secrets'] {
  const texts: Record<string, string> = JSON.parse(text)
  return Object.fromEntries(
    Object.entries(texts).map(([name, sealed]) => [name, Uint8Array.from(Buffer.from(sealed, 'base64'))]),
  )
}
