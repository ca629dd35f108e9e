// After a round: what is in the database is laid beside what was answered.

import type { PostgresServer } from '../../support/postgres.ts'
import { type Call, eachOf } from '../connection.ts'
import { keyOf, type Outcomes, type Write } from './writer.ts'

export interface Findings {
  readonly lost: string[]
  readonly half: string[]
  /** Refused, and stored all the same. */
  readonly stray: string[]
  /** Of the unknown ones: found whole. */
  happened: number
  compared: number
  opened: number
}

// As many credentials of a round are opened, each at another server than the one that stored it.
const OPENED = 40

/** `prefix` begins the request ids of the round. */
export async function settle(
  { postgres, database, calls, prefix }: SettleOptions,
  { acknowledged, refused, unknown }: Outcomes,
): Promise<Findings> {
  const rows = await postgres.query<AuditFact>(
    `select request_id as id, action, object_id as "objectId" from audit
     where outcome = 'allowed' and request_id like '${prefix}\\_%'`,
    database,
  )
  const audits = new Map<string, AuditFact>()
  for (const row of rows) if (row.action !== 'credential.use') audits.set(row.id, row)
  const objects = new Set(
    (
      await postgres.query<{ id: string }>(
        'select id from credential union all select id from lease union all select id from token',
        database,
      )
    ).map(({ id }) => id),
  )
  const findings: Findings = { lost: [], half: [], stray: [], happened: 0, compared: 0, opened: 0 }
  const isWhole = (id: string) => objects.has(audits.get(id)?.objectId ?? '')
  for (const one of acknowledged) {
    findings.compared += 1
    if (audits.get(one.id)?.action !== one.action) findings.lost.push(`the audit row of ${one.id}`)
    if (!objects.has(one.objectId)) findings.lost.push(`${one.action} ${one.id}`)
  }
  for (const { id } of refused) if (audits.has(id)) findings.stray.push(id)
  for (const { id } of unknown) {
    if (!audits.has(id)) continue
    if (isWhole(id)) findings.happened += 1
    else findings.half.push(id)
  }
  await open(acknowledged, calls, findings)
  return findings
}

interface SettleOptions {
  readonly postgres: PostgresServer
  readonly database: string
  readonly calls: readonly Call[]
  readonly prefix: string
}

interface AuditFact {
  readonly id: string
  readonly action: string
  readonly objectId: string
}

async function open(
  acknowledged: readonly Write[],
  calls: readonly Call[],
  findings: Findings,
): Promise<void> {
  const stored = acknowledged.filter(({ action }) => action === 'credential.create').slice(-OPENED)
  await eachOf(stored, 4, async ({ id, objectId, server }) => {
    const call = calls[(server + 1) % calls.length]
    const input = { harness: 'claude', credential: objectId, raw: false } as const
    const lease = await call?.(`settle_${id}`, 'leases.create', input).catch(() => null)
    if (lease?.credential?.fields['key'] === keyOf(id)) findings.opened += 1
    else findings.lost.push(`the value of ${id}`)
  })
}
