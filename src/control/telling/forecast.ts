// Looking ahead: what ends although it is renewed, what cannot be renewed, and what is known twice. Each is told once, which
// a name in the outbox sees to: any number of servers may look.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { dayOf, endingSentence, estimatedEnd, thresholdOf } from '../../domain/telling/endings.ts'
import type { GrantRow, GrantTwin } from '../../store/grant-groups.ts'
import type { CredentialRow, Store } from '../../store/store.ts'
import type { GrantPorts, Notice } from '../grants/tools.ts'
import type { Ports } from '../use-case.ts'

const PAGE = 200

export interface ForecastPorts extends Pick<Ports, 'store' | 'now'>, Pick<GrantPorts, 'tell'> {
  readonly identity: Pick<Ports['identity'], 'organizations'>
  /** Ends it after the organization under way. */
  readonly signal: AbortSignal
}

/** One look over everything that is kept. */
export async function forecast(ports: ForecastPorts): Promise<void> {
  for (const { id } of await ports.identity.organizations()) {
    if (ports.signal.aborted) return
    await lookAt(ports, id)
  }
}

async function lookAt(ports: ForecastPorts, organizationId: string): Promise<void> {
  const grants = new Map(
    (await ports.store.grants.list(organizationId)).map((row) => [row.credentialId, row]),
  )
  for await (const row of credentialsOf(ports.store, organizationId)) {
    const grant = grants.get(row.id)
    const found =
      grant === undefined
        ? await endingOf(ports, row)
        : [...endingOfGrant(ports, grant), ...(await duplicatesOf(ports, grant))]
    for (const { event, reason, once } of found) {
      const notice = { event, reason, once, organizationId, credentialId: row.id }
      await ports.store.atomically((unit) => ports.tell(unit, notice))
    }
  }
}

async function* credentialsOf(store: Store, organizationId: string): AsyncGenerator<CredentialRow> {
  let after = ''
  for (;;) {
    const rows = await store.credentials.list(organizationId, {}, { after, limit: PAGE })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last.id
  }
}

type Found = Pick<Notice, 'event' | 'reason'> & { readonly once: string }

function endingOfGrant({ now }: ForecastPorts, { credentialId, grant }: GrantRow): Found[] {
  // A login that is over has been told of.
  if (grant.endsAt === null || grant.refusal !== null) return []
  return endsSoon(grant.endsAt, now(), { name: `${credentialId} ${grant.login}`, estimated: false })
}

async function endingOf({ store, now }: ForecastPorts, row: CredentialRow): Promise<Found[]> {
  if (CREDENTIAL_TYPES[row.type].entry !== 'typed') return []
  const name = `${row.id} ${row.version}`
  if (row.expiresAt !== null) return endsSoon(row.expiresAt, now(), { name, estimated: false })
  if (estimatedEnd(row.type, 0) === null) return []
  // The oldest version with what is the current value by its looks: a rollback makes nothing younger.
  const same = (await store.versions.list(row.id)).filter(({ suffix }) => suffix === row.suffix)
  const estimate = estimatedEnd(row.type, same.at(-1)?.createdAt ?? row.createdAt)
  return estimate === null
    ? []
    : endsSoon(estimate, now(), { name: `${row.id} ${row.suffix}`, estimated: true })
}

function endsSoon(
  endsAt: number,
  now: number,
  { name, estimated }: { readonly name: string; readonly estimated: boolean },
): Found[] {
  const days = thresholdOf(endsAt, now)
  if (days === null) return []
  const once = `ends_soon ${name} ${dayOf(endsAt)} ${days}`
  return [{ event: 'grant.ends_soon', once, reason: endingSentence(endsAt, now, estimated) }]
}

async function duplicatesOf({ store }: ForecastPorts, row: GrantRow): Promise<Found[]> {
  const twins = await store.grants.twins(row)
  return Promise.all(twins.map((twin) => duplicate(store, row, twin)))
}

async function duplicate(store: Store, row: GrantRow, twin: GrantTwin): Promise<Found> {
  const home = twin.organizationId === row.organizationId
  const other = home ? await store.credentials.get(twin.organizationId, twin.credentialId) : undefined
  // Of another organization nothing is said but that it has the same token.
  const where = other === undefined ? 'elsewhere on this server' : `as ${other.name} of ${other.owner}`
  const reason = twin.sameToken
    ? `The same login is stored ${where}: whoever renews first ends the other. Sign in again on one of them.`
    : `The same account is signed in ${where} too.`
  const kind = twin.sameToken ? 'token' : 'account'
  const once = `duplicate ${kind} ${row.credentialId} ${row.grant.login} ${twin.credentialId}`
  return { event: 'grant.duplicate_found', reason, once }
}
