// Requests for operations on what is a person's own: browsers, password, second factor, preferences.

import type { OperationName } from '../../src/api/operations.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { ErrorCode } from '../../src/domain/errors.ts'
import type { House } from '../support/house.ts'
import type { Asking, Fixture } from './fixture.ts'

export const OWN_FIXTURES = {
  'secondFactor.read': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'secondFactor.begin': {
    aim: 'nothing',
    // They have no password here.
    instead: (caller) => noMembership(caller) ?? 'forbidden',
    request: () => ({ password: 'a wrong password' }),
  },
  'secondFactor.enable': {
    aim: 'nothing',
    instead: (caller) => noMembership(caller) ?? 'conflict',
    request: () => ({ code: '000000' }),
  },
  'secondFactor.disable': {
    aim: 'nothing',
    instead: (caller) => noMembership(caller) ?? 'conflict',
    request: () => ({ password: 'a wrong password', code: '000000' }),
  },
  'secondFactor.recoveryCodes': {
    aim: 'nothing',
    instead: (caller) => noMembership(caller) ?? 'conflict',
    request: () => ({ password: 'a wrong password', code: '000000' }),
  },
  'members.resetSecondFactor': { aim: 'thing', prepare: newMember, request: (member) => ({ member }) },
  // None is set up here.
  'signIn.start': { aim: 'public', instead: () => 'forbidden', request: () => ({ provider: 'github' }) },
  'accounts.list': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'accounts.link': { aim: 'nothing', instead: () => 'not_found', request: () => ({ provider: 'github' }) },
  'accounts.unlink': {
    aim: 'thing',
    theirs: true,
    instead: noMembership,
    prepare: newAccount,
    request: (id) => ({ id }),
  },
  'signIn.methods': { aim: 'public', request: () => ({}) },
  'session.create': {
    aim: 'public',
    // No page of this server asks.
    instead: () => 'forbidden',
    request: ({ caller }) => ({ email: caller.name, password: 'a wrong password' }),
  },
  'session.read': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'session.switch': {
    aim: 'nothing',
    // They ask with a token.
    instead: (caller) => noMembership(caller) ?? 'conflict',
    request: (caller) => ({ organization: caller.caller.organizationId }),
  },
  'session.end': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'sessions.list': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'sessions.revokeOthers': { aim: 'nothing', instead: noMembership, request: () => ({}) },
  'sessions.revoke': {
    aim: 'thing',
    theirs: true,
    instead: noMembership,
    prepare: newSession,
    request: (id) => ({ id }),
  },
  'password.change': {
    aim: 'nothing',
    // They have no password here, and ask with a token, which sets no first one.
    instead: (caller) => noMembership(caller) ?? 'forbidden',
    request: () => ({ password: 'a new password of theirs' }),
  },
} satisfies Partial<Record<OperationName, Fixture>>

export function noMembership({ kind }: Caller): ErrorCode | undefined {
  return kind === 'person' ? undefined : 'not_found'
}

export async function newMember(
  { ports: { store, identity } }: House,
  { caller, unique }: Asking,
): Promise<string> {
  const member = {
    email: `${unique}@example.test`,
    name: unique,
    role: 'member',
    teams: ['platform'],
  } as const
  const add = store.atomically((unit) => identity.changing(unit).addMember(caller.organizationId, member))
  return (await add).id
}

async function newSession({ ports: { store } }: House, { caller, unique }: Asking): Promise<string> {
  const id = `ses_${unique}`
  await store.sessions.insert({
    ...{ id, digest: unique, personId: caller.id, organizationId: caller.organizationId },
    ...{ method: 'password', userAgent: 'a browser', address: '192.0.2.7' },
    ...{ createdAt: 0, lastSeenAt: Date.UTC(2026, 0, 1), expiresAt: Date.UTC(2027, 0, 1) },
  })
  return id
}

async function newAccount(
  { ports: { identity, store } }: House,
  { caller, unique }: Asking,
): Promise<string> {
  if (caller.kind !== 'person') return 'none'
  const linked = { provider: 'linear', accountId: unique, name: unique }
  await store.atomically((unit) => identity.changing(unit).linkAccount(caller.id, linked))
  return (await identity.linkedAccounts(caller.id)).at(-1)?.id ?? ''
}
