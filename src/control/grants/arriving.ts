// A login that has arrived, by a sign-in or an import: it becomes a credential with a grant, or the new login of one that
// is there. A new login wins over every try of the one before.

import type { CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { dueAt, type GrantTimings } from '../../domain/grants/decide.ts'
import { after, type Grant, signedIn, type Tokens } from '../../domain/grants/grant.ts'
import { stateOf } from '../../domain/grants/state.ts'
import type { Owner } from '../../domain/owner.ts'
import { formatOwner } from '../../domain/owner.ts'
import { newId } from '../../lib/id.ts'
import type { TokenSet } from '../../providers/provider.ts'
import type { GrantRow, GrantTwin } from '../../store/grant-groups.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'
import { pointer, sealVersion, VERSIONS_KEPT } from '../credentials/sealing.ts'
import { changedMeanwhile } from '../find.ts'
import { keyContext } from '../guard.ts'
import { letGo } from './renewing/letting-go.ts'
import { type GrantPorts, situationOf } from './tools.ts'

export interface ArrivalPorts extends Pick<GrantPorts, 'now'> {
  readonly vault: Vault
  readonly timings: GrantTimings
}

/** Who brings it, and how, for the history. */
export interface Bringing {
  readonly by: string
  readonly note: string
}

/** Where a new credential goes. */
export interface NewPlace {
  readonly organizationId: string
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly type: CredentialType
  readonly description: string
}

/** The row of a credential that this login becomes; nothing is stored. */
export function rowOf(
  { vault, now }: ArrivalPorts,
  place: NewPlace,
  tokens: TokenSet,
  by: string,
): CredentialRow {
  const { content, expiresAt } = tokens
  const at = now()
  const [harness = 'raw'] = place.type.split('/')
  const bound = {
    ...{ organizationId: place.organizationId, id: place.id, owner: formatOwner(place.owner) },
    ...{ type: place.type, name: place.name, version: 1 },
  }
  return {
    ...bound,
    ...{
      harness,
      description: place.description,
      revision: 1,
      state: 'ok',
      stateReason: '',
      stateUntil: null,
    },
    ...{ suffix: content.suffix ?? '', shown: content.shown, position: null, expiresAt },
    wrappedKey: vault.createKey(keyContext(bound)),
    ...{ createdAt: at, createdBy: by, updatedAt: at },
  }
}

/** Stores a new credential with its grant. Authorized by whoever calls; throws `conflict` for a taken name. */
export async function insertLogin(
  ports: ArrivalPorts,
  unit: StoreGroups,
  row: CredentialRow,
  tokens: TokenSet,
  { by, note }: Bringing,
): Promise<void> {
  const content = { ...tokens.content, suffix: row.suffix }
  await unit.credentials.insert(row)
  const made = { version: row.version, note, createdAt: row.createdAt, createdBy: by }
  await unit.versions.insert(sealVersion(ports.vault, row, content, made))
  await insertGrant(ports, unit, row, tokens, signedIn(newId('login'), row.version, issued(ports, tokens)))
}

/**
 * Makes it the login of a credential that is there: a new generation of a new login. Throws `conflict` for another account
 * unless `otherAccount`, or when the credential was changed meanwhile.
 */
export async function replaceLogin(
  ports: ArrivalPorts,
  unit: StoreGroups,
  row: CredentialRow,
  tokens: TokenSet,
  { by, note, otherAccount }: Bringing & { readonly otherAccount: boolean },
): Promise<void> {
  const there = await unit.grants.get(row.id)
  if (there !== undefined && !otherAccount) mustBeSameAccount(row, there.account, tokens)
  const version = row.version + 1
  const content = { ...tokens.content, suffix: tokens.content.suffix ?? '' }
  const at = ports.now()
  const grant = there
    ? after(there.grant, { kind: 'signed-in', login: newId('login'), tokens: issued(ports, tokens) })
    : signedIn(newId('login'), version, issued(ports, tokens))
  const { state, reason, until } = stateOf(grant, at)
  const shown = { state, stateReason: reason, stateUntil: until }
  const change = {
    ...pointer(ports.vault, row, content, version),
    ...shown,
    expiresAt: tokens.expiresAt,
    updatedAt: at,
  }
  if (!(await unit.credentials.update(row.organizationId, row.id, row.revision, change)))
    throw changedMeanwhile(row.name)
  await unit.versions.insert(
    sealVersion(ports.vault, row, content, { version, note, createdAt: at, createdBy: by }),
  )
  await unit.versions.prune(row.id, version - VERSIONS_KEPT + 1)
  const current = { ...grant, generation: version }
  if (there === undefined) return insertGrant(ports, unit, row, tokens, current)
  const known = { account: tokens.account.id, digest: tokens.digest }
  const changed = { grant: current, dueAt: due(ports, row, current), ...known }
  if (!(await unit.grants.update(row.id, there.revision, changed))) throw changedMeanwhile(row.name)
  await letGo(unit, row.id, { before: there.grant, now: current }, at)
  await unit.signals.send('grants', row.id)
}

/** Others that hold the same login: reported to whoever stores it. */
export function twinsOf(
  unit: Pick<StoreGroups, 'grants'>,
  row: CredentialRow,
  tokens: TokenSet,
): Promise<GrantTwin[]> {
  const { organizationId, id: credentialId } = row
  return unit.grants.twins({
    organizationId,
    credentialId,
    account: tokens.account.id,
    digest: tokens.digest,
  })
}

/**
 * The grant of a login that was found where it is kept, as version `row.version` of this row; `before` is that of the
 * login it took the place of.
 */
export function grantOf(
  ports: Pick<ArrivalPorts, 'now' | 'timings'>,
  row: CredentialRow,
  tokens: TokenSet,
  before: GrantRow | null,
): GrantRow {
  const grant = signedIn(newId('login'), row.version, issued(ports, tokens))
  return { ...grantRow(ports, row, tokens, grant), revision: (before?.revision ?? 0) + 1 }
}

async function insertGrant(
  ports: ArrivalPorts,
  unit: StoreGroups,
  row: CredentialRow,
  tokens: TokenSet,
  grant: Grant,
): Promise<void> {
  await unit.grants.insert(grantRow(ports, row, tokens, grant))
  await unit.signals.send('grants', row.id)
}

function grantRow(
  ports: Pick<ArrivalPorts, 'now' | 'timings'>,
  row: CredentialRow,
  tokens: TokenSet,
  grant: Grant,
): GrantRow {
  return {
    ...{ credentialId: row.id, organizationId: row.organizationId, revision: 1 },
    ...{ grant, dueAt: due(ports, row, grant), account: tokens.account.id, digest: tokens.digest },
  }
}

function due(
  ports: Pick<ArrivalPorts, 'now' | 'timings'>,
  { id: credentialId }: CredentialRow,
  grant: Grant,
): number | null {
  return dueAt(grant, situationOf(ports, { credentialId, grant }, null))
}

function issued(
  { now }: Pick<ArrivalPorts, 'now'>,
  { expiresAt, endsAt, renewable, mintedAt }: TokenSet,
): Tokens {
  return { issuedAt: now(), expiresAt, endsAt, renewable, ...(mintedAt !== undefined && { mintedAt }) }
}

function mustBeSameAccount(row: CredentialRow, account: string, tokens: TokenSet): void {
  if (account === '' || tokens.account.id === '' || account === tokens.account.id) return
  const { email } = tokens.account
  const whose = email === '' ? 'another account' : `another account, ${email}`
  throw new ClavigerError(
    'conflict',
    `${row.name} holds the login of a different account; this is ${whose}.`,
    {
      hint: 'Sign in as the same person, store it under another name, or say --replace-account.',
    },
  )
}
