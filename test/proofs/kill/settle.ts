// The audit log beside what was asked: every acknowledged act has exactly its rows, a refused one has none, and an
// unanswered one has all of them (then it happened) or not the last one (then it did not).

import type { Output } from '../../../src/api/schemas.ts'
import type { Call } from '../connection.ts'
import type { Act, Made } from './acts.ts'
import type { Outcomes } from './writer.ts'

type Entry = Output<'audit.list'>['entries'][number]

/** Where reading the audit log goes on in the next round. */
export interface AuditPosition {
  after: string | undefined
}

export interface Settled {
  /** Unanswered acts that turned out to have happened. */
  readonly happened: number
  /** Audit rows that were laid beside what was asked. */
  readonly rows: number
  readonly lost: string[]
  readonly half: string[]
}

/** What was released to somebody, and must have one audit row each: request id → how many. */
export type Releases = ReadonlyMap<string, number>

/** Reads the audit rows since the last time, holds them against the outcomes and applies what happened unanswered. */
export async function settle(
  call: Call,
  position: AuditPosition,
  { acknowledged, unanswered, refused }: Outcomes,
  releases: Releases,
): Promise<Settled> {
  const entries = await readAudit(call, position)
  const byRequest = Map.groupBy(entries, (entry) => entry.requestId)
  const settled = { happened: 0, rows: entries.length, lost: [] as string[], half: [] as string[] }
  const take = (id: string) => {
    const found = byRequest.get(id) ?? []
    byRequest.delete(id)
    return found
  }
  for (const act of acknowledged) checkAcknowledged(act, take(act.id), settled)
  for (const act of refused) {
    if (take(act.id).length > 0) settled.half.push(`${act.id} was refused and has left an audit row`)
  }
  for (const act of unanswered) {
    if (settleUnanswered(act, take(act.id), settled)) settled.happened += 1
  }
  for (const [id, wanted] of releases) {
    const found = take(id).length
    if (found !== wanted)
      settled.lost.push(`${id} released ${wanted} credentials and has ${found} audit rows`)
  }
  // The first start makes a token that nobody asked for over HTTP.
  byRequest.delete('')
  for (const [id, rows] of byRequest)
    settled.half.push(`${rows.length} audit rows name ${id}, which was not asked`)
  return settled
}

async function readAudit(call: Call, position: AuditPosition): Promise<Entry[]> {
  const all: Entry[] = []
  for (;;) {
    const after = position.after === undefined ? {} : { after: position.after }
    const page = await call('proof_audit', 'audit.list', { limit: 1000, ...after })
    all.push(...page.entries)
    position.after = all.at(-1)?.position.toString() ?? position.after
    if (page.next === null) return all
  }
}

function checkAcknowledged(act: Act, found: readonly Entry[], { lost }: Settled): void {
  if (sameRows(act.rows, found)) return
  lost.push(
    `${act.id} was acknowledged; its audit rows are "${actionsOf(found)}", not "${act.rows.join(', ')}"`,
  )
}

function settleUnanswered(act: Act, found: readonly Entry[], { half }: Settled): boolean {
  const last = found.find((entry) => entry.action === act.rows.at(-1))
  if (last !== undefined && sameRows(act.rows, found)) {
    act.apply(madeBy(last))
    return true
  }
  // A change in two units may have come as far as the first, which changes nothing.
  const begun = found.length === 0 || (act.rows.length > 1 && actionsOf(found) === 'credential.reseal')
  if (!begun)
    half.push(`${act.id} was not answered and has left "${actionsOf(found)}" of "${act.rows.join(', ')}"`)
  return false
}

function sameRows(wanted: readonly string[], found: readonly Entry[]): boolean {
  return wanted.join() === found.map((entry) => entry.action).join() && found.every(isAllowed)
}

function actionsOf(found: readonly Entry[]): string {
  return found.map((entry) => entry.action).join(', ')
}

function isAllowed(entry: Entry): boolean {
  return entry.outcome === 'allowed'
}

function madeBy({ object, details }: Entry): Made {
  const lease = details['lease']
  return { id: typeof lease === 'string' ? lease : object.id, secret: null }
}
