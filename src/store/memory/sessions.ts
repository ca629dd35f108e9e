// Browsers that people are signed in with, or that were sent to show who they are, in memory.

import type { OutsideTripStore, SessionFilter, SessionRow, SessionStore } from '../people-groups.ts'
import { alreadyThere } from '../refusals.ts'
import type { Tables } from './tables.ts'

export function sessionGroup({ sessions }: Tables): SessionStore {
  return {
    insert: async (row) => {
      if (sessions.find(({ digest }) => digest === row.digest).length > 0) throw alreadyThere()
      sessions.add(row.id, row)
    },
    findByDigest: async (digest) => sessions.find((row) => row.digest === digest)[0],
    ofPerson: async (personId) =>
      sessions.find((row) => row.personId === personId).sort((a, b) => (a.id < b.id ? 1 : -1)),
    moveTo: async (id, organizationId) => {
      const row = sessions.get(id)
      if (row) sessions.put(id, { ...row, organizationId })
      return row !== undefined
    },
    seen: async (id, at, unlessSince) => {
      const row = sessions.get(id)
      if (row && row.lastSeenAt < unlessSince) sessions.put(id, { ...row, lastSeenAt: at })
    },
    end: async (filter) => {
      const found = sessions.find((row) => isMeant(row, filter))
      for (const { id } of found) sessions.remove(id)
      return found.length
    },
    prune: async (expiredBefore, unusedSince) => {
      const over = (row: SessionRow) => row.expiresAt < expiredBefore || row.lastSeenAt < unusedSince
      for (const { id } of sessions.find(over)) sessions.remove(id)
    },
  }
}

function isMeant(row: SessionRow, { personId, id, organizationId, except }: SessionFilter): boolean {
  return (
    row.personId === personId &&
    (id === undefined || row.id === id) &&
    (organizationId === undefined || row.organizationId === organizationId) &&
    row.id !== except
  )
}

export function outsideTripGroup({ outsideTrips }: Tables): OutsideTripStore {
  return {
    insert: async (row) => outsideTrips.add(row.id, row),
    findByDigest: async (digest) => outsideTrips.find((row) => row.digest === digest)[0],
    take: async (id) => outsideTrips.remove(id),
    prune: async (expiredBefore) => {
      for (const { id } of outsideTrips.find((row) => row.expiresAt < expiredBefore)) outsideTrips.remove(id)
    },
  }
}
