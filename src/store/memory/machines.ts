// Agents, what is attached to them, and workers, in memory.

import type { AgentStore, WorkerRow, WorkerStore } from '../machine-groups.ts'
import { agentNameTaken, alreadyThere, parentGone, workerNameTaken } from '../refusals.ts'
import type { AttachmentRow, AttachmentStore } from '../store.ts'
import { candidateOf, pageOf } from './credentials.ts'
import { keyOf, type Tables } from './tables.ts'

const ALL = { limit: Number.POSITIVE_INFINITY }

/** The group of agents over these tables. */
export function agentGroup({ agents, attachments }: Tables): AgentStore {
  return {
    insert: async (row) => {
      const key = keyOf(row.organizationId, row.name)
      if (agents.get(key)) throw agentNameTaken(row.name)
      agents.add(key, row)
    },
    get: async (organizationId, name) => agents.get(keyOf(organizationId, name)),
    list: async (organizationId) =>
      agents.find((row) => row.organizationId === organizationId).sort(by((row) => row.name)),
    // Units run one after another: nobody else is at it anyway.
    hold: async (organizationId, name) => agents.get(keyOf(organizationId, name)) !== undefined,
    delete: async (organizationId, name) => {
      for (const row of attachments.find(
        (one) => one.organizationId === organizationId && one.agent === name,
      ))
        attachments.remove(keyOfAttachment(row))
      return agents.remove(keyOf(organizationId, name))
    },
  }
}

/** The group of attachments over these tables. */
export function attachmentGroup({ agents, attachments, credentials }: Tables): AttachmentStore {
  const find = (organizationId: string, fits: (row: AttachmentRow) => boolean) =>
    attachments.find((row) => row.organizationId === organizationId && fits(row))
  return {
    attach: async (row) => {
      const { organizationId, agent, credentialId } = row
      if (!agents.get(keyOf(organizationId, agent)) || !credentials.get(credentialId)) throw parentGone()
      if (attachments.get(keyOfAttachment(row))) return false
      attachments.add(keyOfAttachment(row), row)
      return true
    },
    detach: async (organizationId, agent, credentialId) =>
      attachments.remove(keyOf(organizationId, agent, credentialId)),
    detachAll: async (organizationId, credentialId) => {
      for (const row of find(organizationId, (one) => one.credentialId === credentialId))
        attachments.remove(keyOfAttachment(row))
    },
    ofAgent: async (organizationId, agent) =>
      find(organizationId, (row) => row.agent === agent).sort(
        (a, b) => a.attachedAt - b.attachedAt || (a.credentialId < b.credentialId ? -1 : 1),
      ),
    ofCredential: async (organizationId, credentialId) =>
      find(organizationId, (row) => row.credentialId === credentialId).sort(by((row) => row.agent)),
    candidates: async (organizationId, harness, agent) =>
      find(organizationId, (row) => row.agent === agent)
        .flatMap((row) => credentials.get(row.credentialId) ?? [])
        .filter((row) => row.organizationId === organizationId)
        .filter((row) => row.harness === harness || row.harness === 'raw')
        .map(candidateOf),
    has: async (organizationId, agent, credentialId) =>
      attachments.get(keyOf(organizationId, agent, credentialId)) !== undefined,
  }
}

/** The group of workers over these tables. */
export function workerGroup({ workers }: Tables): WorkerStore {
  const byDigest = (digest: string) => workers.find((row) => row.enrolmentDigest === digest)[0]
  const change = (row: WorkerRow | undefined, changed: Partial<WorkerRow>) => {
    if (row === undefined || row.revokedAt !== null) return false
    workers.put(row.id, { ...row, ...changed })
    return true
  }
  return {
    insert: async (row) => {
      const taken = workers.find(
        (one) => one.organizationId === row.organizationId && one.name === row.name && one.revokedAt === null,
      )
      if (taken.length > 0) throw workerNameTaken(row.name)
      if (byDigest(row.enrolmentDigest)) throw alreadyThere()
      workers.add(row.id, row)
    },
    get: async (organizationId, id) => {
      const row = workers.get(id)
      return row?.organizationId === organizationId ? row : undefined
    },
    findByEnrolment: async (digest) => byDigest(digest),
    list: async (organizationId) =>
      pageOf(
        workers.find((row) => row.organizationId === organizationId),
        ALL,
      ),
    enrol: async (id, at) => {
      const row = workers.get(id)
      return row?.enrolledAt === null && change(row, { enrolledAt: at })
    },
    revoke: async (organizationId, id, at) => {
      const row = workers.get(id)
      return row?.organizationId === organizationId && change(row, { revokedAt: at })
    },
    seen: async (id, at, unlessSince, machine) => {
      const row = workers.get(id)
      if (machine !== undefined) change(row, { lastSeenAt: at, machine })
      else if ((row?.lastSeenAt ?? Number.NEGATIVE_INFINITY) < unlessSince) change(row, { lastSeenAt: at })
    },
  }
}

function keyOfAttachment({ organizationId, agent, credentialId }: AttachmentRow): string {
  return keyOf(organizationId, agent, credentialId)
}

function by<Row>(text: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => (text(a) < text(b) ? -1 : 1)
}
