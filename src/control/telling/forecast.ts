// Looking ahead: what ends although it is renewed, what cannot be renewed, and what is known twice. Each is told once, which
// a name in the outbox sees to: any number of servers may look.

import { dayOf, endingSentence, thresholdOf } from '../../domain/telling/endings.ts'
import type { GrantRow, GrantTwin } from '../../store/grant-groups.ts'
import type { CredentialRow, Store } from '../../store/store.ts'
import type { GrantPorts, Notice } from '../grants/tools.ts'
import type { Ports } from '../use-case.ts'
import { type End, endOf } from './ends.ts'

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
    const end = await endOf(ports.store, row, grant)
    const found = [
      ...(end === null ? [] : endsSoon(end, ports.now())),
      ...(grant === undefined ? [] : await duplicatesOf(ports, grant)),
    ]
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

function endsSoon({ at, estimated, of }: End, now: number): Found[] {
  const days = thresholdOf(at, now)
  if (days === null) return []
  const once = `ends_soon ${of} ${dayOf(at)} ${days}`
  return [{ event: 'grant.ends_soon', once, reason: endingSentence(at, now, estimated) }]
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
