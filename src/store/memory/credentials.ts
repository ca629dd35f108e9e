// Credentials and their versions in memory.

import { channelPlace } from '../channels/channel-groups.ts'
import { type WebhookRow, webhookPlace } from '../outbox-group.ts'
import { secondFactorPlace } from '../people-groups.ts'
import { credentialNameTaken, parentGone } from '../refusals.ts'
import type {
  CandidateRow,
  CredentialChange,
  CredentialFilter,
  CredentialRow,
  CredentialStore,
  DataKeyRow,
  DataKeyStore,
  Page,
  VersionStore,
} from '../store.ts'
import { keyOf, type Tables } from './tables.ts'

/** The group of credentials over these tables. */
export function credentialGroup(tables: Tables): CredentialStore {
  const { credentials, versions, attachments, grants, attempts, lastUses, daysOfUse } = tables
  const find = (organizationId: string, id: string) => {
    const row = credentials.get(id)
    return row?.organizationId === organizationId ? row : undefined
  }
  const refuseTakenName = (row: CredentialRow) => {
    if (credentials.find((other) => other.id !== row.id && sameName(other, row)).length > 0) {
      throw credentialNameTaken(row.owner, row.name)
    }
  }
  const isAttached = ({ organizationId, id }: CredentialRow, agent: string) =>
    attachments.get(keyOf(organizationId, agent, id)) !== undefined
  return {
    insert: async (row) => {
      refuseTakenName(row)
      credentials.add(row.id, row)
    },
    get: async (organizationId, id) => find(organizationId, id),
    list: async (organizationId, filter, page) =>
      pageOf(
        credentials.find(
          (row) => row.organizationId === organizationId && fitsFilter(row, filter, isAttached),
        ),
        page,
      ),
    candidates: async (organizationId, harness, owners) =>
      credentials
        .find(
          (row) =>
            row.organizationId === organizationId &&
            (row.harness === harness || row.harness === 'raw') &&
            owners.includes(row.owner),
        )
        .map(candidateOf),
    update: async (organizationId, id, seen, change) => {
      const row = find(organizationId, id)
      if (row?.revision !== seen) return false
      const changed = { ...row, ...given(change), revision: seen + 1 }
      refuseTakenName(changed)
      credentials.put(id, changed)
      return true
    },
    delete: async (organizationId, id) => {
      if (find(organizationId, id) === undefined) return false
      for (const version of versions.find((one) => one.credentialId === id)) {
        versions.remove(keyOf(id, version.version))
      }
      for (const row of attachments.find((one) => one.credentialId === id)) {
        attachments.remove(keyOf(row.organizationId, row.agent, id))
      }
      lastUses.remove(id)
      for (const { day } of daysOfUse.find((one) => one.credentialId === id)) daysOfUse.remove(keyOf(id, day))
      for (const row of attempts.find((one) => one.credentialId === id)) attempts.remove(row.id)
      grants.remove(id)
      return credentials.remove(id)
    },
    any: async () => credentials.find(() => true).length > 0,
  }
}

/** The group of data keys over these tables. */
export function dataKeyGroup({ credentials, webhooks, secondFactors, channels }: Tables): DataKeyStore {
  const all = () => [
    ...credentials.find(() => true).map(dataKeyOf),
    ...webhooks.find(() => true).map(webhookKey),
    ...secondFactors
      .find(() => true)
      .map((row) => ({ ...secondFactorPlace(row), wrappedKey: row.wrappedKey })),
    ...channels.find(() => true).map((row) => ({ ...channelPlace(row), wrappedKey: row.wrappedKey })),
  ]
  return {
    countByMasterKey: async () => {
      const counts: Record<string, number> = {}
      for (const row of all()) {
        const id = masterKeyOf(row)
        counts[id] = (counts[id] ?? 0) + 1
      }
      return counts
    },
    underOther: async (masterKeyId, page) =>
      pageOf(
        all().filter((row) => masterKeyOf(row) !== masterKeyId),
        page,
      ),
    rewrap: async (id, seen, wrapped) => {
      const isSeen = (row: Pick<DataKeyRow, 'wrappedKey'>) => Buffer.from(seen).equals(row.wrappedKey)
      const [row, webhook, channel] = [credentials.get(id), webhooks.get(id), channels.get(id)]
      if (row && isSeen(row)) credentials.put(id, { ...row, wrappedKey: wrapped })
      else if (webhook && isSeen(webhook)) webhooks.put(id, { ...webhook, wrappedKey: wrapped })
      else if (channel && isSeen(channel)) channels.put(id, { ...channel, wrappedKey: wrapped })
      else {
        const factor = secondFactors.find((one) => one.id === id && isSeen(one))[0]
        if (factor === undefined) return false
        secondFactors.put(factor.personId, { ...factor, wrappedKey: wrapped })
      }
      return true
    },
  }
}

function webhookKey(row: WebhookRow): DataKeyRow {
  return { ...webhookPlace(row), wrappedKey: row.wrappedKey }
}

function masterKeyOf({ wrappedKey }: Pick<DataKeyRow, 'wrappedKey'>): string {
  return Buffer.from(wrappedKey).subarray(1, 17).toString('hex')
}

function dataKeyOf({
  id,
  organizationId,
  owner,
  type,
  name,
  version,
  wrappedKey,
}: CredentialRow): DataKeyRow {
  return { id, organizationId, owner, type, name, version, wrappedKey }
}

/** The group of versions over these tables. */
export function versionGroup({ credentials, versions }: Tables): VersionStore {
  const all = (credentialId: string) => versions.find((row) => row.credentialId === credentialId)
  return {
    insert: async (row) => {
      if (credentials.get(row.credentialId) === undefined) throw parentGone()
      versions.add(keyOf(row.credentialId, row.version), row)
    },
    list: async (credentialId) =>
      all(credentialId)
        .map(({ values: _, ...summary }) => summary)
        .sort((a, b) => b.version - a.version),
    values: async (credentialId, version) => versions.get(keyOf(credentialId, version))?.values ?? {},
    prune: async (credentialId, oldest) => {
      for (const { version } of all(credentialId)) {
        if (version < oldest) versions.remove(keyOf(credentialId, version))
      }
    },
  }
}

/** The rows of a page, by id. */
export function pageOf<Row extends { readonly id: string }>(
  rows: readonly Row[],
  { after, limit, newest = false }: Page & { readonly newest?: boolean },
): Row[] {
  const isBefore = (a: string, b: string) => (newest ? a > b : a < b)
  const left = after === undefined ? rows : rows.filter(({ id }) => isBefore(after, id))
  return left.toSorted((a, b) => (isBefore(a.id, b.id) ? -1 : 1)).slice(0, limit)
}

function sameName(a: CredentialRow, b: CredentialRow): boolean {
  return a.organizationId === b.organizationId && a.owner === b.owner && a.name === b.name
}

function fitsFilter(
  row: CredentialRow,
  filter: CredentialFilter,
  isAttached: (row: CredentialRow, agent: string) => boolean,
): boolean {
  const { owners, attachedTo, harness, type, state, name, search } = filter
  const has = (text: string) => search === undefined || text.toLowerCase().includes(search.toLowerCase())
  return (
    (owners === undefined ||
      owners.includes(row.owner) ||
      (attachedTo !== undefined && isAttached(row, attachedTo))) &&
    (harness === undefined || row.harness === harness) &&
    (type === undefined || row.type === type) &&
    (state === undefined || row.state === state) &&
    (name === undefined || row.name === name) &&
    (has(row.name) || has(row.description) || has(row.suffix))
  )
}

// What is undefined stays as it is.
function given(change: CredentialChange): CredentialChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

/** What of a row resolution and a lease need. */
export function candidateOf(row: CredentialRow): CandidateRow {
  const { id, organizationId, owner, name, type, version, revision } = row
  const { state, stateReason, stateUntil, expiresAt, suffix, position, wrappedKey } = row
  return {
    id,
    organizationId,
    owner,
    name,
    type,
    version,
    revision,
    state,
    stateReason,
    stateUntil,
    expiresAt,
    suffix,
    position,
    wrappedKey,
  }
}
