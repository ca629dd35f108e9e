// The groups of a store's outside: every call goes through one of two ways, one for reading and one for writing.
// An engine decides what the ways are: usually a plain query, and a unit of its own.

import type { StoreGroups } from './store.ts'

/** Runs a piece of work with groups that are good for that work only. */
export type Way = <T>(work: (groups: StoreGroups) => Promise<T>) => Promise<T>

/** Groups whose reads go through `read` and whose writes go through `write`. */
export function groupsThrough(read: Way, write: Way): StoreGroups {
  return {
    credentials: {
      insert: (row) => write((unit) => unit.credentials.insert(row)),
      get: (organizationId, id) => read((unit) => unit.credentials.get(organizationId, id)),
      list: (organizationId, filter, page) =>
        read((unit) => unit.credentials.list(organizationId, filter, page)),
      candidates: (organizationId, harness, owners) =>
        read((unit) => unit.credentials.candidates(organizationId, harness, owners)),
      update: (organizationId, id, seen, change) =>
        write((unit) => unit.credentials.update(organizationId, id, seen, change)),
      delete: (organizationId, id) => write((unit) => unit.credentials.delete(organizationId, id)),
      any: () => read((unit) => unit.credentials.any()),
    },
    dataKeys: {
      countByMasterKey: () => read((unit) => unit.dataKeys.countByMasterKey()),
      underOther: (masterKeyId, page) => read((unit) => unit.dataKeys.underOther(masterKeyId, page)),
      rewrap: (credentialId, seen, wrapped) =>
        write((unit) => unit.dataKeys.rewrap(credentialId, seen, wrapped)),
    },
    versions: {
      insert: (row) => write((unit) => unit.versions.insert(row)),
      list: (credentialId) => read((unit) => unit.versions.list(credentialId)),
      values: (credentialId, version) => read((unit) => unit.versions.values(credentialId, version)),
      prune: (credentialId, oldest) => write((unit) => unit.versions.prune(credentialId, oldest)),
    },
    ...recordsThrough(read, write),
  }
}

function recordsThrough(read: Way, write: Way): Omit<StoreGroups, 'credentials' | 'dataKeys' | 'versions'> {
  return {
    leases: {
      insert: (row) => write((unit) => unit.leases.insert(row)),
      get: (organizationId, id) => read((unit) => unit.leases.get(organizationId, id)),
      lookUp: (id) => read((unit) => unit.leases.lookUp(id)),
      extend: (id, expiresAt) => write((unit) => unit.leases.extend(id, expiresAt)),
      end: (id, at, reason) => write((unit) => unit.leases.end(id, at, reason)),
      endAllOf: (credentialId, at, reason) => write((unit) => unit.leases.endAllOf(credentialId, at, reason)),
      countRunning: (credentialId, now) => read((unit) => unit.leases.countRunning(credentialId, now)),
    },
    upkeep: {
      pruneLeases: (overBefore, page) => write((unit) => unit.upkeep.pruneLeases(overBefore, page)),
    },
    tokens: {
      insert: (row) => write((unit) => unit.tokens.insert(row)),
      findByDigest: (digest) => read((unit) => unit.tokens.findByDigest(digest)),
      get: (id) => read((unit) => unit.tokens.get(id)),
      list: (organizationId) => read((unit) => unit.tokens.list(organizationId)),
      revoke: (organizationId, name, at) => write((unit) => unit.tokens.revoke(organizationId, name, at)),
    },
    audit: {
      append: (entry) => write((unit) => unit.audit.append(entry)),
      list: (organizationId, page) => read((unit) => unit.audit.list(organizationId, page)),
    },
    settings: {
      get: (organizationId, subject, name) =>
        read((unit) => unit.settings.get(organizationId, subject, name)),
      all: (organizationId, name) => read((unit) => unit.settings.all(organizationId, name)),
      put: (organizationId, subject, name, value) =>
        write((unit) => unit.settings.put(organizationId, subject, name, value)),
      remove: (organizationId, subject, name) =>
        write((unit) => unit.settings.remove(organizationId, subject, name)),
    },
    installation: {
      get: (name) => read((unit) => unit.installation.get(name)),
      put: (name, value) => write((unit) => unit.installation.put(name, value)),
      swap: (name, seen, value) => write((unit) => unit.installation.swap(name, seen, value)),
      beginningWith: (prefix) => read((unit) => unit.installation.beginningWith(prefix)),
      remove: (name) => write((unit) => unit.installation.remove(name)),
    },
  }
}
