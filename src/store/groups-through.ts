// The groups of a store's outside: every call goes through one of two ways, one for reading and one for writing.
// An engine decides what the ways are: usually a plain query, and a unit of its own.

import type { ChannelGroups } from './channels/channel-groups.ts'
import type { PeopleGroups } from './people-groups.ts'
import type { RunGroups } from './runs/run-groups.ts'
import type { UseGroups, UseStore } from './runs/use-group.ts'
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
      rewrap: (id, seen, wrapped) => write((unit) => unit.dataKeys.rewrap(id, seen, wrapped)),
    },
    versions: {
      insert: (row) => write((unit) => unit.versions.insert(row)),
      list: (credentialId) => read((unit) => unit.versions.list(credentialId)),
      values: (credentialId, version) => read((unit) => unit.versions.values(credentialId, version)),
      prune: (credentialId, oldest) => write((unit) => unit.versions.prune(credentialId, oldest)),
    },
    ...recordsThrough(read, write),
    ...machinesThrough(read, write),
    ...grantsThrough(read, write),
    ...tellingThrough(read, write),
    ...runsThrough(read, write),
    ...channelsThrough(read, write),
  }
}

function channelsThrough(read: Way, write: Way): ChannelGroups {
  return {
    channels: {
      insert: (row) => write((unit) => unit.channels.insert(row)),
      get: (organizationId, id) => read((unit) => unit.channels.get(organizationId, id)),
      list: (organizationId) => read((unit) => unit.channels.list(organizationId)),
      ofKind: (kind) => read((unit) => unit.channels.ofKind(kind)),
      update: (id, seen, change) => write((unit) => unit.channels.update(id, seen, change)),
      note: (id, status, at) => write((unit) => unit.channels.note(id, status, at)),
      remove: (organizationId, id) => write((unit) => unit.channels.remove(organizationId, id)),
    },
    calls: {
      insert: (row) => write((unit) => unit.calls.insert(row)),
      due: (now, limit, except) => read((unit) => unit.calls.due(now, limit, except)),
      claim: (seen, until) => write((unit) => unit.calls.claim(seen, until)),
      settle: (claimed, end) => write((unit) => unit.calls.settle(claimed, end)),
      list: (channelId, limit) => read((unit) => unit.calls.list(channelId, limit)),
      before: (call, since) => read((unit) => unit.calls.before(call, since)),
      prune: (receivedBefore, limit) => write((unit) => unit.calls.prune(receivedBefore, limit)),
    },
    threads: {
      insert: (row) => write((unit) => unit.threads.insert(row)),
      get: (organizationId, runId) => read((unit) => unit.threads.get(organizationId, runId)),
      ofThread: (channelId, key) => read((unit) => unit.threads.ofThread(channelId, key)),
      due: (now, limit, except) => read((unit) => unit.threads.due(now, limit, except)),
      wake: (runId, at) => write((unit) => unit.threads.wake(runId, at)),
      claim: (seen, until) => write((unit) => unit.threads.claim(seen, until)),
      settle: (claimed, end) => write((unit) => unit.threads.settle(claimed, end)),
    },
  }
}

function runsThrough(read: Way, write: Way): RunGroups & UseGroups {
  return {
    runs: {
      insert: (row) => write((unit) => unit.runs.insert(row)),
      get: (organizationId, id) => read((unit) => unit.runs.get(organizationId, id)),
      hold: (organizationId, id) => write((unit) => unit.runs.hold(organizationId, id)),
      update: (id, seen, change) => write((unit) => unit.runs.update(id, seen, change)),
      list: (organizationId, filter, page) => read((unit) => unit.runs.list(organizationId, filter, page)),
      remove: (organizationId, id, at) => write((unit) => unit.runs.remove(organizationId, id, at)),
      finished: (organizationId, ids) => read((unit) => unit.runs.finished(organizationId, ids)),
    },
    runWork: {
      begin: (worker, seen, processes) => write((unit) => unit.runWork.begin(worker, seen, processes)),
      claimable: (sought, lock) => (lock ? write : read)((unit) => unit.runWork.claimable(sought, lock)),
      beat: (worker, claims, at) => write((unit) => unit.runWork.beat(worker, claims, at)),
      silent: (before, limit) => read((unit) => unit.runWork.silent(before, limit)),
      idle: (before, limit) => read((unit) => unit.runWork.idle(before, limit)),
      past: (before, limit) => read((unit) => unit.runWork.past(before, limit)),
    },
    runMessages: {
      insert: (row) => write((unit) => unit.runMessages.insert(row)),
      get: (runId, id) => read((unit) => unit.runMessages.get(runId, id)),
      list: (runId, states, limit) => read((unit) => unit.runMessages.list(runId, states, limit)),
      listBefore: (runId, before, limit) => read((unit) => unit.runMessages.listBefore(runId, before, limit)),
      change: (runId, id, seen, change) => write((unit) => unit.runMessages.change(runId, id, seen, change)),
    },
    runEvents: {
      append: (rows) => write((unit) => unit.runEvents.append(rows)),
      after: (runId, position, limit) => read((unit) => unit.runEvents.after(runId, position, limit)),
    },
    runLeases: {
      insert: (row) => write((unit) => unit.runLeases.insert(row)),
      get: (leaseId) => read((unit) => unit.runLeases.get(leaseId)),
      list: (runId) => read((unit) => unit.runLeases.list(runId)),
      update: (leaseId, change) => write((unit) => unit.runLeases.update(leaseId, change)),
      lastUsed: (organizationId, credentialIds) =>
        read((unit) => unit.runLeases.lastUsed(organizationId, credentialIds)),
    },
    uses: usesThrough(read, write),
  }
}

type Telling = Pick<StoreGroups, 'webhooks' | 'outbox' | 'deliveries'>

function tellingThrough(read: Way, write: Way): Telling {
  return {
    webhooks: {
      insert: (row) => write((unit) => unit.webhooks.insert(row)),
      get: (organizationId, id) => read((unit) => unit.webhooks.get(organizationId, id)),
      list: (organizationId) => read((unit) => unit.webhooks.list(organizationId)),
      remove: (organizationId, id) => write((unit) => unit.webhooks.remove(organizationId, id)),
    },
    outbox: {
      insert: (row, webhookIds) => write((unit) => unit.outbox.insert(row, webhookIds)),
      get: (organizationId, id) => read((unit) => unit.outbox.get(organizationId, id)),
      list: (organizationId, filter, page) => read((unit) => unit.outbox.list(organizationId, filter, page)),
      listDeliveries: (eventIds) => read((unit) => unit.outbox.listDeliveries(eventIds)),
      prune: (createdBefore, limit) => write((unit) => unit.outbox.prune(createdBefore, limit)),
    },
    deliveries: {
      due: (now, limit) => read((unit) => unit.deliveries.due(now, limit)),
      claim: (seen, until) => write((unit) => unit.deliveries.claim(seen, until)),
      settle: (claimed, end) => write((unit) => unit.deliveries.settle(claimed, end)),
      postpone: (webhookId, now, until) => write((unit) => unit.deliveries.postpone(webhookId, now, until)),
      again: (event, webhookIds, at) => write((unit) => unit.deliveries.again(event, webhookIds, at)),
      counts: () => read((unit) => unit.deliveries.counts()),
    },
  }
}

type Grants = Pick<StoreGroups, 'grants' | 'attempts' | 'loginAttempts'>

function grantsThrough(read: Way, write: Way): Grants {
  return {
    grants: {
      insert: (row) => write((unit) => unit.grants.insert(row)),
      get: (credentialId) => read((unit) => unit.grants.get(credentialId)),
      update: (credentialId, seen, change) => write((unit) => unit.grants.update(credentialId, seen, change)),
      due: (now, limit) => read((unit) => unit.grants.due(now, limit)),
      list: (organizationId, ids) => read((unit) => unit.grants.list(organizationId, ids)),
      twins: (row) => read((unit) => unit.grants.twins(row)),
    },
    attempts: {
      insert: (row) => write((unit) => unit.attempts.insert(row)),
      get: (id) => read((unit) => unit.attempts.get(id)),
      beat: (id) => write((unit) => unit.attempts.beat(id)),
      end: (id, from, end) => write((unit) => unit.attempts.end(id, from, end)),
      kept: (limit, credentialId) => read((unit) => unit.attempts.kept(limit, credentialId)),
      leftovers: (now, limit) => read((unit) => unit.attempts.leftovers(now, limit)),
      prune: (endedBefore) => write((unit) => unit.attempts.prune(endedBefore)),
    },
    loginAttempts: {
      insert: (row) => write((unit) => unit.loginAttempts.insert(row)),
      get: (organizationId, id) => read((unit) => unit.loginAttempts.get(organizationId, id)),
      claim: (id, claim) => write((unit) => unit.loginAttempts.claim(id, claim)),
      release: (id, claim) => write((unit) => unit.loginAttempts.release(id, claim)),
      end: (id, claim, end) => write((unit) => unit.loginAttempts.end(id, claim, end)),
      prune: (expiredBefore) => write((unit) => unit.loginAttempts.prune(expiredBefore)),
    },
  }
}

type Machines = Pick<StoreGroups, 'agents' | 'attachments' | 'workers'>

function machinesThrough(read: Way, write: Way): Machines {
  return {
    agents: {
      insert: (row) => write((unit) => unit.agents.insert(row)),
      get: (organizationId, name) => read((unit) => unit.agents.get(organizationId, name)),
      list: (organizationId) => read((unit) => unit.agents.list(organizationId)),
      hold: (organizationId, name) => write((unit) => unit.agents.hold(organizationId, name)),
      delete: (organizationId, name) => write((unit) => unit.agents.delete(organizationId, name)),
    },
    attachments: {
      attach: (row) => write((unit) => unit.attachments.attach(row)),
      detach: (organizationId, agent, credentialId) =>
        write((unit) => unit.attachments.detach(organizationId, agent, credentialId)),
      detachAll: (organizationId, credentialId) =>
        write((unit) => unit.attachments.detachAll(organizationId, credentialId)),
      ofAgent: (organizationId, agent) => read((unit) => unit.attachments.ofAgent(organizationId, agent)),
      ofCredential: (organizationId, credentialId) =>
        read((unit) => unit.attachments.ofCredential(organizationId, credentialId)),
      candidates: (organizationId, harness, agent) =>
        read((unit) => unit.attachments.candidates(organizationId, harness, agent)),
      has: (organizationId, agent, credentialId) =>
        read((unit) => unit.attachments.has(organizationId, agent, credentialId)),
    },
    workers: {
      insert: (row) => write((unit) => unit.workers.insert(row)),
      get: (organizationId, id) => read((unit) => unit.workers.get(organizationId, id)),
      findByEnrolment: (digest) => read((unit) => unit.workers.findByEnrolment(digest)),
      list: (organizationId) => read((unit) => unit.workers.list(organizationId)),
      enrol: (id, at) => write((unit) => unit.workers.enrol(id, at)),
      revoke: (organizationId, id, at) => write((unit) => unit.workers.revoke(organizationId, id, at)),
      seen: (id, at, unlessSince, machine) =>
        write((unit) => unit.workers.seen(id, at, unlessSince, machine)),
    },
  }
}

function recordsThrough(
  read: Way,
  write: Way,
): Omit<
  StoreGroups,
  | 'credentials'
  | 'dataKeys'
  | 'versions'
  | keyof (Machines & Grants & Telling & RunGroups & UseGroups & ChannelGroups)
> {
  return {
    leases: {
      insert: (row) => write((unit) => unit.leases.insert(row)),
      get: (organizationId, id) => read((unit) => unit.leases.get(organizationId, id)),
      lookUp: (id) => read((unit) => unit.leases.lookUp(id)),
      change: (id, change) => write((unit) => unit.leases.change(id, change)),
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
      revokeAllOf: (holder, at) => write((unit) => unit.tokens.revokeAllOf(holder, at)),
      used: (id, at, unlessSince) => write((unit) => unit.tokens.used(id, at, unlessSince)),
    },
    audit: {
      append: (entry) => write((unit) => unit.audit.append(entry)),
      list: (organizationId, page) => read((unit) => unit.audit.list(organizationId, page)),
      search: (organizationId, filter, stretch) =>
        read((unit) => unit.audit.search(organizationId, filter, stretch)),
      head: (organizationId) => read((unit) => unit.audit.head(organizationId)),
      heads: () => read((unit) => unit.audit.heads()),
    },
    settings: {
      get: (organizationId, subject, name) =>
        read((unit) => unit.settings.get(organizationId, subject, name)),
      some: (organizationId, subjects, names) =>
        read((unit) => unit.settings.some(organizationId, subjects, names)),
      all: (organizationId, name) => read((unit) => unit.settings.all(organizationId, name)),
      put: (organizationId, subject, name, value) =>
        write((unit) => unit.settings.put(organizationId, subject, name, value)),
      remove: (organizationId, subject, name) =>
        write((unit) => unit.settings.remove(organizationId, subject, name)),
    },
    ...peopleThrough(read, write),
    installation: {
      get: (name) => read((unit) => unit.installation.get(name)),
      put: (name, value) => write((unit) => unit.installation.put(name, value)),
      putIfAbsent: (name, value) => write((unit) => unit.installation.putIfAbsent(name, value)),
      swap: (name, seen, value) => write((unit) => unit.installation.swap(name, seen, value)),
      beginningWith: (prefix) => read((unit) => unit.installation.beginningWith(prefix)),
      remove: (name) => write((unit) => unit.installation.remove(name)),
    },
    signals: {
      send: (topic, subject) => write((unit) => unit.signals.send(topic, subject)),
    },
    counts: {
      credentials: () => read((unit) => unit.counts.credentials()),
      runningLeases: (now) => read((unit) => unit.counts.runningLeases(now)),
      liveTokens: (now) => read((unit) => unit.counts.liveTokens(now)),
      waitingRuns: () => read((unit) => unit.counts.waitingRuns()),
    },
  }
}

function usesThrough(read: Way, write: Way): UseStore {
  return {
    note: (credentialId, at) => write((unit) => unit.uses.note(credentialId, at)),
    addTurn: (credentialId, turn) => write((unit) => unit.uses.addTurn(credentialId, turn)),
    of: (organizationId, ids, now) => read((unit) => unit.uses.of(organizationId, ids, now)),
    days: (credentialId, from) => read((unit) => unit.uses.days(credentialId, from)),
    served: (organizationId, id, page) => read((unit) => unit.uses.served(organizationId, id, page)),
    renewals: (credentialId, page) => read((unit) => unit.uses.renewals(credentialId, page)),
    owned: (organizationId) => read((unit) => unit.uses.owned(organizationId)),
  }
}

function peopleThrough(read: Way, write: Way): PeopleGroups {
  return {
    holdings: {
      countRunning: (holder, now) => read((unit) => unit.holdings.countRunning(holder, now)),
      endRunning: (holder, at, reason, credentialId) =>
        write((unit) => unit.holdings.endRunning(holder, at, reason, credentialId)),
      countOwned: (organizationId, kind) => read((unit) => unit.holdings.countOwned(organizationId, kind)),
    },
    invitations: {
      insert: (row) => write((unit) => unit.invitations.insert(row)),
      findByDigest: (digest) => read((unit) => unit.invitations.findByDigest(digest)),
      use: (id, now) => write((unit) => unit.invitations.use(id, now)),
      ofEmail: (email, now) => read((unit) => unit.invitations.ofEmail(email, now)),
      list: (organizationId, now) => read((unit) => unit.invitations.list(organizationId, now)),
      revoke: (organizationId, id, at) => write((unit) => unit.invitations.revoke(organizationId, id, at)),
    },
    deviceLogins: {
      insert: (row) => write((unit) => unit.deviceLogins.insert(row)),
      findByDigest: (digest) => read((unit) => unit.deviceLogins.findByDigest(digest)),
      findByUserCode: (userCode) => read((unit) => unit.deviceLogins.findByUserCode(userCode)),
      decide: (id, decision) => write((unit) => unit.deviceLogins.decide(id, decision)),
      claim: (id, now) => write((unit) => unit.deviceLogins.claim(id, now)),
      prune: (expiredBefore) => write((unit) => unit.deviceLogins.prune(expiredBefore)),
    },
    sessions: {
      insert: (row) => write((unit) => unit.sessions.insert(row)),
      findByDigest: (digest) => read((unit) => unit.sessions.findByDigest(digest)),
      ofPerson: (personId) => read((unit) => unit.sessions.ofPerson(personId)),
      moveTo: (id, organizationId) => write((unit) => unit.sessions.moveTo(id, organizationId)),
      seen: (id, at, unlessSince) => write((unit) => unit.sessions.seen(id, at, unlessSince)),
      end: (filter) => write((unit) => unit.sessions.end(filter)),
      prune: (expiredBefore, unusedSince) => write((unit) => unit.sessions.prune(expiredBefore, unusedSince)),
    },
    secondFactors: {
      get: (personId) => read((unit) => unit.secondFactors.get(personId)),
      begin: (row) => write((unit) => unit.secondFactors.begin(row)),
      enable: (id, enabled) => write((unit) => unit.secondFactors.enable(id, enabled)),
      useStep: (id, step) => write((unit) => unit.secondFactors.useStep(id, step)),
      changeRecovery: (id, seen, left) => write((unit) => unit.secondFactors.changeRecovery(id, seen, left)),
      remove: (personId) => write((unit) => unit.secondFactors.remove(personId)),
    },
    outsideTrips: {
      insert: (row) => write((unit) => unit.outsideTrips.insert(row)),
      findByDigest: (digest) => read((unit) => unit.outsideTrips.findByDigest(digest)),
      take: (id) => write((unit) => unit.outsideTrips.take(id)),
      prune: (expiredBefore) => write((unit) => unit.outsideTrips.prune(expiredBefore)),
    },
  }
}
