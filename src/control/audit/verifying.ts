// Verifying the audit log a stretch at a time, so that a log of any length needs neither memory nor a long request.

import { type ChainPlace, chainStart } from '../../domain/audit/chain.ts'
import { checkChain, compareWithSeen, endsBefore, type Finding } from '../../domain/audit/check.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { sha256 } from '../../lib/digest.ts'
import type { AuditStore } from '../../store/store.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { readRollBacks, rollBackFinding } from './roll-back.ts'

// Entries held at a time, and read by one call.
const PAGE = 1_000
const STRETCH = 50_000

// What is wrong with one entry is often wrong with all that follow.
const MOST_FINDINGS = 100

type Verify = Control['audit.verify']

export function createVerifyingUseCases({ store, auditSeen }: Workshop): Pick<Control, 'audit.verify'> {
  const verify: Verify = async ({ organizationId }, input) => {
    const start = startOf(organizationId, input)
    const seen = [...both(input.anchorPosition, input.anchorHash, 'An anchor'), auditSeen?.(organizationId)]
    const stretch = await readStretch(
      store.audit,
      organizationId,
      start,
      seen.filter((place) => place !== undefined),
    )
    const findings = [...stretch.findings]
    if (stretch.ended) {
      const noted = (await readRollBacks(store))[organizationId]
      if (noted !== undefined) findings.push(rollBackFinding(noted))
    }
    return {
      ...{ from: start.position + 1, to: stretch.last.position, hash: stretch.last.hash },
      entries: stretch.entries,
      findings: findings.slice(0, MOST_FINDINGS),
      omitted: Math.max(0, findings.length - MOST_FINDINGS),
      next: stretch.ended ? null : stretch.last,
    }
  }
  return { 'audit.verify': verify }
}

function startOf(organizationId: string, { position, hash }: Parameters<Verify>[1]): ChainPlace {
  const [start] = both(position === 0 ? undefined : position, hash, 'A position to go on from')
  return start ?? chainStart(sha256, organizationId)
}

function both(position: number | undefined, hash: string | undefined, what: string): ChainPlace[] {
  if (position !== undefined && hash !== undefined) return [{ position, hash }]
  if (position === undefined && hash === undefined) return []
  throw new ClavigerError('invalid', `${what} is a position and the hash that is there.`, {
    hint: 'Send both, or neither. `next` of an answer is the place to go on from.',
  })
}

interface Stretch {
  readonly entries: number
  readonly last: ChainPlace
  readonly findings: readonly Finding[]
  /** The end of the log was reached. */
  readonly ended: boolean
}

// `seen`: places that were seen elsewhere, and must be in the chain.
async function readStretch(
  audit: AuditStore,
  organizationId: string,
  start: ChainPlace,
  seen: readonly ChainPlace[],
): Promise<Stretch> {
  const atStart = await faultsAtStart(audit, organizationId, start)
  if (atStart.gone) return { entries: 0, last: start, findings: atStart.findings, ended: true }
  const check = checkChain(sha256, organizationId, start)
  const findings = [...atStart.findings]
  let entries = 0
  while (entries < STRETCH) {
    // The end is asked for before the entries: whatever it covers is among them.
    const before = await audit.head(organizationId)
    const page = await audit.list(organizationId, { after: check.last.position, limit: PAGE })
    for (const entry of page) {
      findings.push(...check.add(entry))
      const place = seen.find(({ position }) => position === entry.position)
      if (place !== undefined) findings.push(...compareWithSeen(place, entry.hash))
    }
    entries += page.length
    if (page.length === 0) {
      const now = await audit.head(organizationId)
      // Entries that came while we looked are read too. What was missing before the look stays missing.
      if (before.position <= check.last.position && now.position > check.last.position) continue
      findings.push(...check.end(now), ...seen.flatMap((place) => endsBefore(check.last, place)))
      return { entries, last: check.last, findings, ended: true }
    }
    // Others wait for their turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { entries, last: check.last, findings, ended: false }
}

// Between two calls the place to go on from may have been changed too; without it there is nothing to go on from.
async function faultsAtStart(
  audit: AuditStore,
  organizationId: string,
  start: ChainPlace,
): Promise<{ gone: boolean; findings: Finding[] }> {
  if (start.position === 0) return { gone: false, findings: [] }
  const [entry] = await audit.list(organizationId, { after: start.position - 1, limit: 1 })
  if (entry === undefined) {
    return { gone: true, findings: endsBefore(await audit.head(organizationId), start) }
  }
  const hash = entry.position === start.position ? entry.hash : ''
  return { gone: false, findings: compareWithSeen(start, hash) }
}
