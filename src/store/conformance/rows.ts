// What the parts of the conformance suite share. Rows: complete, plainly fake, each with a new id that is larger than the ones before.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import { type Attempt, signedIn } from '../../domain/grants/grant.ts'
import type { AttemptRow, GrantRow } from '../grant-groups.ts'
import type { LoginAttemptRow } from '../login-groups.ts'
import type { AgentRow, WorkerRow } from '../machine-groups.ts'
import type {
  DeviceLoginRow,
  InvitationRow,
  OutsideTripRow,
  SecondFactorRow,
  SessionRow,
} from '../people-groups.ts'
import type { CredentialRow, LeaseRow, Store, TokenRow, VersionRow } from '../store.ts'

/** Gives the store of the current test. */
export type CurrentStore = () => Store

let count = 0

/** Ids of one run of the suite, ordered by time as real ones are. */
function nextId(): string {
  count += 1
  return `id-${count.toString().padStart(12, '0')}`
}

export function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values)
}

export function credentialRow(changed: Partial<CredentialRow> = {}): CredentialRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    owner: 'team:platform',
    name: `name-${id}`,
    type: 'claude/api-key',
    harness: 'claude',
    description: 'for the tests',
    version: 1,
    revision: 1,
    state: 'ok',
    stateReason: '',
    stateUntil: null,
    expiresAt: null,
    suffix: 'wxyz',
    shown: { region: 'us-east-1' },
    position: null,
    wrappedKey: bytes(0, 255, 10, 13),
    createdAt: 1_700_000_000_000,
    createdBy: 'person-1',
    updatedAt: 1_700_000_000_000,
    ...changed,
  }
}

export function versionRow(credentialId: string, changed: Partial<VersionRow> = {}): VersionRow {
  return {
    credentialId,
    version: 1,
    createdAt: 1_700_000_000_000,
    createdBy: 'person-1',
    note: 'created',
    suffix: 'wxyz',
    shown: { region: 'us-east-1' },
    values: { key: bytes(1, 2, 3) },
    ...changed,
  }
}

export function leaseRow(changed: Partial<LeaseRow> = {}): LeaseRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    credentialId: 'credential-1',
    generation: 1,
    harness: 'claude',
    holderKind: 'person',
    holderId: 'person-1',
    tokenId: 'token-1',
    handleDigest: `digest-of-${id}`,
    createdAt: 1000,
    expiresAt: 2000,
    endedAt: null,
    endReason: null,
    choice: '{}',
    ...changed,
  }
}

export function tokenRow(changed: Partial<TokenRow> = {}): TokenRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    name: `token-${id}`,
    digest: `digest-of-${id}`,
    role: 'member',
    holderKind: 'person',
    holderId: 'person-1',
    createdAt: 1000,
    createdBy: 'person-1',
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...changed,
  }
}

export function agentRow(changed: Partial<AgentRow> = {}): AgentRow {
  return {
    organizationId: 'org-a',
    name: `agent-${nextId()}`,
    description: 'refactors at night',
    createdAt: 1_700_000_000_000,
    createdBy: 'ada@example.test',
    ...changed,
  }
}

export function workerRow(changed: Partial<WorkerRow> = {}): WorkerRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    name: `worker-${id}`,
    agent: null,
    enrolmentDigest: `digest-of-${id}`,
    enrolmentExpiresAt: 2000,
    createdAt: 1000,
    createdBy: 'ada@example.test',
    enrolledAt: null,
    revokedAt: null,
    lastSeenAt: null,
    machine: null,
    processes: [],
    ...changed,
  }
}

export function auditEntry(changed: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: nextId(),
    organizationId: 'org-a',
    at: 1000,
    actorKind: 'person',
    actorId: 'person-1',
    actorName: 'ada@example.test',
    action: 'lease.create',
    objectKind: 'credential',
    objectId: 'credential-1',
    objectName: 'main',
    outcome: 'allowed',
    details: { version: 3, forced: true, reason: 'it belongs to the team "platform"', until: null },
    requestId: 'request-1',
    ...changed,
  }
}

export function grantRow(credentialId: string, changed: Partial<GrantRow> = {}): GrantRow {
  return {
    credentialId,
    organizationId: 'org-a',
    revision: 1,
    grant: signedIn(`login-of-${credentialId}`, 1, {
      ...{ issuedAt: 1000, expiresAt: 2000, endsAt: null, renewable: true },
    }),
    dueAt: 1700,
    account: `account-of-${credentialId}`,
    digest: `digest-of-${credentialId}`,
    ...changed,
  }
}

export function attemptRow(credentialId: string, changed: Partial<AttemptRow> = {}): AttemptRow {
  const id = nextId()
  return {
    id,
    credentialId,
    organizationId: 'org-a',
    login: `login-of-${credentialId}`,
    generation: 1,
    purpose: 'renew',
    replica: 'replica-1',
    digest: `digest-of-${credentialId}`,
    state: 'sent',
    beat: 0,
    startedAt: 1700,
    endedAt: null,
    answer: null,
    revokeAt: null,
    revokeTries: 0,
    asked: 'use',
    ...changed,
  }
}

export function loginAttemptRow(changed: Partial<LoginAttemptRow> = {}): LoginAttemptRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    initiatorKind: 'person',
    initiatorId: 'person-1',
    type: 'codex/oauth',
    method: 'paste',
    credentialId: `credential-of-${id}`,
    owner: 'team:platform',
    name: `name-of-${id}`,
    request: { description: 'for "tests"', relogin: false, replaceAccount: true, acceptNotice: false },
    server: null,
    intervalMs: null,
    wrappedKey: bytes(0, 255, 10),
    sealed: bytes(1, 2, 3),
    state: 'pending',
    message: '',
    createdAt: 1000,
    expiresAt: 2000,
    claim: null,
    claimedAt: null,
    endedAt: null,
    ...changed,
  }
}

/** What a grant keeps of an attempt. */
export function attemptOf({ id, generation, purpose, replica, startedAt }: AttemptRow): Attempt {
  return { id, generation, purpose, replica, startedAt }
}

export function invitationRow(changed: Partial<InvitationRow> = {}): InvitationRow {
  const id = nextId()
  return {
    id,
    organizationId: 'org-a',
    kind: 'join',
    digest: `digest-of-${id}`,
    email: 'bob@example.test',
    role: 'member',
    teams: ['mobile', 'platform "west"'],
    personId: null,
    createdBy: 'person-1',
    createdAt: 1000,
    expiresAt: 2000,
    usedAt: null,
    revokedAt: null,
    ...changed,
  }
}

export function sessionRow(changed: Partial<SessionRow> = {}): SessionRow {
  const id = nextId()
  return {
    id,
    digest: `digest-of-${id}`,
    personId: 'person-1',
    organizationId: 'org-a',
    method: 'password',
    userAgent: 'a browser "of tests"',
    address: '192.0.2.7',
    createdAt: 1000,
    lastSeenAt: 1000,
    expiresAt: 2000,
    ...changed,
  }
}

export function secondFactorRow(changed: Partial<SecondFactorRow> = {}): SecondFactorRow {
  return {
    id: nextId(),
    personId: 'person-1',
    wrappedKey: bytes(0, 255, 10, 13),
    secret: bytes(1, 2, 0, 255),
    recovery: [],
    lastStep: 0,
    createdAt: 1000,
    enabledAt: null,
    ...changed,
  }
}

export function outsideTripRow(changed: Partial<OutsideTripRow> = {}): OutsideTripRow {
  const id = nextId()
  return {
    id,
    digest: `digest-of-${id}`,
    browserDigest: `digest-of-browser-${id}`,
    provider: 'github',
    linking: null,
    returnTo: '/',
    createdAt: 1000,
    expiresAt: 2000,
    ...changed,
  }
}

export function deviceLoginRow(changed: Partial<DeviceLoginRow> = {}): DeviceLoginRow {
  const id = nextId()
  return {
    id,
    digest: `digest-of-${id}`,
    userCode: `code-${id}`,
    clientName: 'laptop',
    address: '192.0.2.7',
    wanted: null,
    createdAt: 1000,
    expiresAt: 2000,
    state: 'pending',
    organizationId: null,
    personId: null,
    role: null,
    decidedAt: null,
    ...changed,
  }
}
