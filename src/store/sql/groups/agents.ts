// Agents and what is attached to them, over SQL.

import type { Kysely } from 'kysely'
import type { AgentStore } from '../../machine-groups.ts'
import { agentNameTaken, isConflict } from '../../refusals.ts'
import type { AttachmentRow, AttachmentStore, CandidateRow } from '../../store.ts'
import { type Execute, type Markers, prepare } from '../prepared.ts'
import type { Database } from '../schema.ts'
import { CANDIDATE_COLUMNS } from './credentials.ts'

const AGENT_COLUMNS = [
  'organization_id as organizationId',
  'name',
  'description',
  'created_at as createdAt',
  'created_by as createdBy',
] as const

const ATTACHMENT_COLUMNS = [
  'organization_id as organizationId',
  'agent',
  'credential_id as credentialId',
  'attached_at as attachedAt',
  'attached_by as attachedBy',
] as const

/** Prepares the statements once; the result makes the group for a connection. */
export function agentGroup(database: Kysely<Database>): (execute: Execute) => AgentStore {
  const select = database.selectFrom('agent').select(AGENT_COLUMNS)
  const get = prepare((marker: Markers<{ organizationId: string; name: string }>) =>
    select.where('organization_id', '=', marker('organizationId')).where('name', '=', marker('name')),
  )
  return (execute) => ({
    insert: async ({ organizationId, name, description, createdAt, createdBy }) => {
      const query = database.insertInto('agent').values({
        organization_id: organizationId,
        name,
        description,
        created_at: createdAt,
        created_by: createdBy,
      })
      await execute(query.compile()).catch((error: unknown) => {
        throw isConflict(error) ? agentNameTaken(name, error) : error
      })
    },
    get: async (organizationId, name) => (await execute(get({ organizationId, name }))).rows[0],
    list: async (organizationId) => {
      const query = select.where('organization_id', '=', organizationId).orderBy('name')
      return (await execute(query.compile())).rows
    },
    // A change that changes nothing: on Postgres the row is locked by it until the unit has ended.
    hold: async (organizationId, name) => {
      const query = database
        .updateTable('agent')
        .set((row) => ({ description: row.ref('description') }))
        .where('organization_id', '=', organizationId)
        .where('name', '=', name)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    delete: async (organizationId, name) => {
      const query = database
        .deleteFrom('agent')
        .where('organization_id', '=', organizationId)
        .where('name', '=', name)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
  })
}

/** Prepares the statements once; the result makes the group for a connection. */
export function attachmentGroup(database: Kysely<Database>): (execute: Execute) => AttachmentStore {
  const select = database.selectFrom('agent_attachment').select(ATTACHMENT_COLUMNS)
  const { candidates, has } = prepareAttachments(database)
  return (execute) => ({
    attach: async (row) => {
      const query = database
        .insertInto('agent_attachment')
        .values({
          organization_id: row.organizationId,
          agent: row.agent,
          credential_id: row.credentialId,
          attached_at: row.attachedAt,
          attached_by: row.attachedBy,
        })
        .onConflict((conflict) => conflict.doNothing())
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    detach: async (organizationId, agent, credentialId) => {
      const query = database
        .deleteFrom('agent_attachment')
        .where('organization_id', '=', organizationId)
        .where('agent', '=', agent)
        .where('credential_id', '=', credentialId)
      return (await execute(query.compile())).numAffectedRows === 1n
    },
    detachAll: async (organizationId, credentialId) => {
      const query = database
        .deleteFrom('agent_attachment')
        .where('organization_id', '=', organizationId)
        .where('credential_id', '=', credentialId)
      await execute(query.compile())
    },
    ofAgent: async (organizationId, agent) => {
      const query = select
        .where('organization_id', '=', organizationId)
        .where('agent', '=', agent)
        .orderBy('attached_at')
        .orderBy('credential_id')
      return (await execute(query.compile())).rows
    },
    ofCredential: async (organizationId, credentialId) => {
      const query = select
        .where('organization_id', '=', organizationId)
        .where('credential_id', '=', credentialId)
        .orderBy('agent')
      return (await execute(query.compile())).rows
    },
    candidates: async (organizationId, harness, agent) =>
      (await execute(candidates({ organizationId, harness, agent }))).rows,
    has: async (organizationId, agent, credentialId) =>
      (await execute(has({ organizationId, agent, credentialId }))).rows.length > 0,
  })
}

function prepareAttachments(database: Kysely<Database>) {
  return {
    candidates: prepare<{ organizationId: string; harness: string; agent: string }, CandidateRow>((marker) =>
      database
        .selectFrom('credential')
        .select(CANDIDATE_COLUMNS)
        .where('credential.organization_id', '=', marker('organizationId'))
        .where('harness', 'in', [marker('harness'), 'raw'])
        .where('id', 'in', (attached) =>
          attached
            .selectFrom('agent_attachment')
            .select('credential_id')
            .where('agent_attachment.organization_id', '=', marker('organizationId'))
            .where('agent', '=', marker('agent')),
        ),
    ),
    has: prepare((marker: Markers<Pick<AttachmentRow, 'organizationId' | 'agent' | 'credentialId'>>) =>
      database
        .selectFrom('agent_attachment')
        .select('agent')
        .where('organization_id', '=', marker('organizationId'))
        .where('agent', '=', marker('agent'))
        .where('credential_id', '=', marker('credentialId')),
    ),
  }
}
