// A request for every operation of the API. TO ADD AN OPERATION: one line in FIXTURES (what is a person's own: in own-fixtures.ts), by what its request is aimed at:
//
//   nothing      its permission alone decides
//   credential   a credential by id; permission `credential:…`
//   owner        an owner by name; permission `credential:…`
//   lease        a lease by id; permission `own-lease`
//   thing        anything else by id or name, behind a general right: `prepare` makes one as the owner of the organization
//                (`theirs`: as who asks) and returns its id; `nobodys`: it belongs to no organization
//   public       no token is needed; the request carries a code or a password, a wrong one
//
// The request must succeed for those who may make it, or be answered with what `instead` names for a rule of the
// operation's own. The matrix (matrix.test.ts) makes it in the name of everybody and compares with the table of
// permissions.

import type { OperationName } from '../../src/api/operations.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { ErrorCode } from '../../src/domain/errors.ts'
import { fakeKey } from '../support/house.ts'
import type { Asking, Fixture } from './fixture.ts'
import {
  channelNamed,
  HOOK,
  NO_TERMINAL,
  newAgent,
  newChannel,
  newCredential,
  newEvent,
  newLogin,
  newRun,
  newTeam,
  newTerminal,
  newWebhook,
} from './makers.ts'
import { newMember, noMembership, OWN_FIXTURES } from './own-fixtures.ts'

// Where everybody can put something of theirs; agents and workers have no such place.
const mine = ({ caller }: Asking) => (caller.kind === 'person' ? 'me' : 'org')

// A role that a token of theirs may have.
function rankOf({ caller: { role } }: Asking) {
  return role === 'agent' || role === 'worker' ? 'member' : role
}

export const FIXTURES: Readonly<Record<OperationName, Fixture>> = {
  ...OWN_FIXTURES,
  'credentials.create': {
    aim: 'owner',
    request: (owner, { unique }) => ({
      ...{ type: 'claude/api-key', owner, name: `new-${unique}`, fields: { key: fakeKey(unique) } },
    }),
  },
  'credentials.list': { aim: 'nothing', request: () => ({}) },
  'credentials.getOrder': { aim: 'owner', request: (owner) => ({ owner, harness: 'claude' }) },
  'credentials.setOrder': {
    aim: 'owner',
    request: (owner) => ({ owner, harness: 'claude', credentials: [] }),
  },
  'credentials.get': { aim: 'credential', request: (id) => ({ id }) },
  'credentials.update': { aim: 'credential', request: (id) => ({ id, description: 'changed' }) },
  'credentials.rename': { aim: 'credential', request: (id, { unique }) => ({ id, name: `name-${unique}` }) },
  'credentials.move': { aim: 'credential', request: (id, asking) => ({ id, owner: mine(asking) }) },
  'credentials.test': { aim: 'credential', request: (id) => ({ id }) },
  'credentials.versions': { aim: 'credential', whole: true, request: (id) => ({ id }) },
  'credentials.renewals': { aim: 'credential', whole: true, request: (id) => ({ id }) },
  'credentials.usage': { aim: 'credential', whole: true, request: (id) => ({ id }) },
  'credentials.rollback': { aim: 'credential', request: (id) => ({ id, version: 1 }) },
  'credentials.references': { aim: 'credential', whole: true, request: (id) => ({ id }) },
  'credentials.handOver': {
    aim: 'credential',
    request: (id) => ({ id, to: { id: 'elsewhere', title: 'a file' } }),
  },
  // Nothing is on its way.
  'credentials.handedOver': {
    aim: 'credential',
    instead: () => 'conflict',
    request: (id) => ({ id, to: 'elsewhere' }),
  },
  'credentials.keep': {
    aim: 'credential',
    instead: () => 'conflict',
    request: (id) => ({ id, to: 'elsewhere' }),
  },
  'credentials.receive': {
    aim: 'owner',
    request: (owner, { unique }) => ({
      ...{ source: unique, from: 'a file', type: 'claude/api-key', owner, name: `new-${unique}` },
      ...{ fields: { key: fakeKey(unique) }, expiresAt: null, endsAt: null },
    }),
  },
  'credentials.delete': { aim: 'credential', request: (id) => ({ id }) },
  'logins.start': {
    aim: 'owner',
    request: (owner, { unique }) => ({ type: 'codex/oauth', owner, name: `new-${unique}`, method: 'paste' }),
  },
  'loginLinks.create': { aim: 'credential', instead: () => 'invalid', request: (id) => ({ id }) },
  'loginLinks.describe': {
    aim: 'nothing',
    instead: () => 'not_found',
    request: () => ({ code: 'nonsense' }),
  },
  'logins.get': { aim: 'thing', theirs: true, prepare: newLogin, request: (id) => ({ id }) },
  'logins.complete': {
    aim: 'thing',
    theirs: true,
    prepare: newLogin,
    request: (id) => ({ id, pasted: 'good' }),
  },
  'logins.cancel': { aim: 'thing', theirs: true, prepare: newLogin, request: (id) => ({ id }) },
  'logins.import': {
    aim: 'owner',
    // The provider is away: what is stored is renewed later.
    request: (owner, { unique }) => ({ from: 'codex', file: unique, owner, name: `new-${unique}` }),
  },
  // Nothing is stored for Codex, so that the machine's own serves: whose credential serves is another test.
  'leases.create': { aim: 'nothing', request: () => ({ harness: 'codex', ambient: 'login' }) },
  'leases.read': { aim: 'lease', request: (id) => ({ id }) },
  'leases.reject': { aim: 'lease', request: (id) => ({ id, generation: 0 }) },
  'leases.events': { aim: 'lease', request: (id) => ({ id }) },
  'leases.end': { aim: 'lease', request: (id) => ({ id }) },
  // A person's credential is looked for at once.
  'runs.create': { aim: 'nothing', instead: noCredential, request: () => ({ harness: 'codex' }) },
  'runs.list': { aim: 'nothing', request: () => ({}) },
  'runs.read': {
    aim: 'thing',
    theirs: true,
    instead: notOfWorkers,
    prepare: newRun,
    request: (id) => ({ id }),
  },
  // Nothing is stored that could be handed out: whose login serves is another test.
  'config.resolved': { aim: 'nothing', request: () => ({ key: 'codex_oauth', includeSecrets: 'true' }) },
  'tasks.read': {
    aim: 'thing',
    theirs: true,
    instead: notOfWorkers,
    prepare: newRun,
    request: (id) => ({ id }),
  },
  'runs.send': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id, text: 'hello' }) },
  'runs.events': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id, follow: 'false' }) },
  'runs.hibernate': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.wake': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.cancel': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.end': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.choose': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id, model: 'other' }) },
  'runs.interrupt': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.delete': { aim: 'thing', theirs: true, prepare: newRun, request: (id) => ({ id }) },
  'runs.claim': {
    aim: 'nothing',
    silent: true,
    request: () => ({ harnesses: ['codex'], capacity: 1, waitSeconds: 0, process: 'p1', asked: 1 }),
  },
  'runs.places': { aim: 'nothing', silent: true, request: () => ({ places: [] }) },
  'runs.heartbeat': {
    aim: 'nothing',
    silent: true,
    request: () => ({ process: 'p1', runs: [], waitSeconds: 0 }),
  },
  'runs.report': {
    aim: 'thing',
    // Nobody but the worker that has claimed it.
    instead: () => 'conflict',
    prepare: newRun,
    request: (id) => ({ id, claim: 'none', items: [ITEM] }),
  },
  'runs.repository': {
    aim: 'thing',
    // Nobody but the worker that has claimed it.
    instead: () => 'not_found',
    prepare: newRun,
    request: (id) => ({ id, claim: 'none' }),
  },
  'runs.cloned': {
    aim: 'thing',
    // No channel has begun it.
    instead: () => 'not_found',
    prepare: newRun,
    request: (id) => ({ id, token: 'fake-clone-token' }),
  },
  'defaults.get': { aim: 'nothing', request: () => ({}) },
  'defaults.set': { aim: 'nothing', request: () => ({ harness: 'claude' }) },
  overview: { aim: 'nothing', request: () => ({}) },
  'credentialTypes.list': { aim: 'nothing', request: () => ({}) },
  live: { aim: 'nothing', request: () => ({}) },
  explain: {
    aim: 'nothing',
    request: () => ({ harness: 'claude' }),
    ofPerson: (user) => ({ harness: 'claude', user }),
  },
  whoami: { aim: 'nothing', request: () => ({}) },
  'tokens.create': {
    aim: 'nothing',
    request: (asking) => ({ name: `token-${asking.unique}`, role: rankOf(asking), expiresInSeconds: 60 }),
  },
  'tokens.list': { aim: 'nothing', request: () => ({}) },
  'tokens.revoke': {
    aim: 'thing',
    theirs: true,
    prepare: async (house, asking) => {
      const request = { name: asking.unique, role: rankOf(asking), expiresInSeconds: null }
      return (await house.ask(asking.caller, 'tokens.create', request)).name
    },
    request: (name) => ({ name }),
  },
  'harnesses.list': { aim: 'nothing', request: () => ({}) },
  'harnesses.set': { aim: 'nothing', request: () => ({ harness: 'claude', enabled: true }) },
  'policy.get': { aim: 'nothing', request: () => ({}) },
  'policy.takeOut': { aim: 'nothing', request: () => ({ harness: 'codex', allowed: false }) },
  'policy.set': { aim: 'nothing', request: () => ({ harness: 'codex', policy: 'owner' }) },
  'audit.list': { aim: 'nothing', request: () => ({}) },
  'audit.export': { aim: 'nothing', request: () => ({}) },
  'audit.verify': { aim: 'nothing', request: () => ({}) },
  'audit.anchor': { aim: 'nothing', request: () => ({}) },
  'audit.warnings': { aim: 'nothing', request: () => ({}) },
  'audit.acknowledge': { aim: 'nothing', request: () => ({}) },
  'status.get': { aim: 'nothing', request: () => ({}) },
  'rekey.start': { aim: 'nothing', request: () => ({}) },
  'rekey.status': { aim: 'nothing', request: () => ({}) },
  'backup.create': { aim: 'nothing', request: () => ({}) },
  'members.list': { aim: 'nothing', request: () => ({}) },
  'members.update': { aim: 'thing', prepare: newMember, request: (member) => ({ member, role: 'auditor' }) },
  'members.references': { aim: 'thing', prepare: newMember, request: (member) => ({ member }) },
  'members.remove': { aim: 'thing', prepare: newMember, request: (member) => ({ member }) },
  'members.link': { aim: 'thing', prepare: newMember, request: (member) => ({ member }) },
  'membership.references': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'membership.leave': {
    aim: 'nothing',
    // The only owner stays.
    instead: (caller) => noMembership(caller) ?? (caller.role === 'owner' ? 'conflict' : undefined),
    request: () => ({}),
  },
  'profile.update': {
    aim: 'nothing',
    instead: noMembership,
    request: ({ caller }) => ({ name: caller.name }),
  },
  'organization.update': { aim: 'nothing', request: ({ unique }) => ({ name: unique }) },
  'teams.list': { aim: 'nothing', request: () => ({}) },
  'teams.create': { aim: 'nothing', request: ({ unique }) => ({ team: unique }) },
  'teams.delete': { aim: 'thing', prepare: newTeam, request: (team) => ({ team }) },
  'teams.join': {
    aim: 'thing',
    prepare: newTeam,
    request: (team, { caller }) => ({ team, member: caller.organizationId === 'org-acme' ? 'cyd' : 'eve' }),
  },
  'teams.leave': { aim: 'thing', prepare: newMember, request: (member) => ({ team: 'platform', member }) },
  'organizations.list': { aim: 'nothing', request: () => ({}) },
  'organizations.create': {
    aim: 'nothing',
    request: ({ unique }) => ({ name: unique, owner: `${unique}@example.test` }),
  },
  'agents.create': { aim: 'nothing', request: ({ unique }) => ({ name: unique }) },
  'agents.list': { aim: 'nothing', request: () => ({}) },
  'agents.get': { aim: 'thing', prepare: newAgent, request: (agent) => ({ agent }) },
  'agents.delete': { aim: 'thing', prepare: newAgent, request: (agent) => ({ agent }) },
  'agents.attach': {
    aim: 'thing',
    prepare: newCredential,
    request: (credential) => ({ agent: 'nightly', credential }),
  },
  'agents.detach': {
    aim: 'thing',
    prepare: async (house, asking) => {
      const credential = await newCredential(house, asking)
      await house.ask(asking.caller, 'agents.attach', { agent: 'nightly', credential })
      return credential
    },
    request: (credential) => ({ agent: 'nightly', credential }),
  },
  'agents.token': {
    aim: 'thing',
    prepare: newAgent,
    request: (agent, { unique }) => ({ agent, name: unique, expiresInSeconds: 60 }),
  },
  'workers.enrol': { aim: 'nothing', request: ({ unique }) => ({ name: unique }) },
  'workers.list': { aim: 'nothing', request: () => ({}) },
  'workers.revoke': {
    aim: 'thing',
    prepare: async (house, { caller, unique }) =>
      (await house.ask(caller, 'workers.enrol', { name: unique })).name,
    request: (name) => ({ name }),
  },
  'workers.join': { aim: 'public', instead: () => 'invalid', request: () => ({ code: 'nonsense' }) },
  'webhooks.create': { aim: 'nothing', request: () => ({ url: HOOK }) },
  'webhooks.list': { aim: 'nothing', request: () => ({}) },
  'webhooks.remove': { aim: 'thing', prepare: newWebhook, request: (id) => ({ id }) },
  'webhooks.test': { aim: 'thing', prepare: newWebhook, request: (id) => ({ id }) },
  'channels.create': { aim: 'nothing', request: ({ unique }) => channelNamed(unique) },
  'channels.list': { aim: 'nothing', request: () => ({}) },
  // The platform of tests makes no apps.
  'channels.startApp': {
    aim: 'nothing',
    instead: () => 'invalid',
    request: ({ unique }) => ({ kind: 'github', name: unique }),
  },
  'channels.get': { aim: 'thing', prepare: newChannel, request: (id) => ({ id }) },
  'channels.update': { aim: 'thing', prepare: newChannel, request: (id) => ({ id, access: 'read' }) },
  'channels.remove': { aim: 'thing', prepare: newChannel, request: (id) => ({ id }) },
  'channels.test': { aim: 'thing', prepare: newChannel, request: (id) => ({ id }) },
  'events.list': { aim: 'nothing', request: () => ({}) },
  'events.replay': { aim: 'thing', prepare: newEvent, request: (id) => ({ id }) },
  'invitations.create': {
    aim: 'nothing',
    request: ({ unique }) => ({ email: `${unique}@example.test`, role: 'member' }),
  },
  'server.describe': { aim: 'public', request: () => ({}) },
  'invitations.list': { aim: 'nothing', request: () => ({}) },
  'invitations.revoke': {
    aim: 'thing',
    prepare: async (house, { caller, unique }) => {
      const invited = { email: `${unique}@example.test`, role: 'member' } as const
      return (await house.ask(caller, 'invitations.create', invited)).id
    },
    request: (id) => ({ id }),
  },
  'invitations.describe': {
    aim: 'public',
    instead: () => 'not_found',
    request: () => ({ code: 'nonsense' }),
  },
  'invitations.accept': {
    aim: 'public',
    instead: () => 'not_found',
    request: ({ unique }) => ({ code: 'nonsense', name: unique, token: true }),
  },
  'device.start': { aim: 'public', request: ({ unique }) => ({ client: unique }) },
  'device.poll': { aim: 'public', instead: () => 'invalid', request: () => ({ deviceCode: 'nonsense' }) },
  'device.describe': {
    aim: 'public',
    instead: () => 'not_found',
    request: () => ({ userCode: NO_TERMINAL }),
  },
  'device.signIn': {
    aim: 'public',
    instead: () => 'not_found',
    request: ({ caller }) => {
      return { userCode: NO_TERMINAL, email: caller.name, password: 'a wrong password', decision: 'approve' }
    },
  },
  'preferences.get': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'preferences.set': { aim: 'nothing', instead: noMembership, request: () => ({ harness: 'claude' }) },
  'device.approve': {
    aim: 'thing',
    nobodys: true,
    prepare: newTerminal,
    request: (userCode) => ({ userCode }),
  },
  'device.deny': { aim: 'thing', nobodys: true, prepare: newTerminal, request: (userCode) => ({ userCode }) },
}

const ITEM = { is: 'state', seq: 1, at: '2026-01-01T00:00:00Z', state: 'ready' } as const

// Nothing is stored for it in these houses.
function noCredential(): ErrorCode {
  return 'no_credential'
}

function notOfWorkers({ kind }: Caller): ErrorCode | undefined {
  return kind === 'worker' ? 'not_found' : undefined
}
