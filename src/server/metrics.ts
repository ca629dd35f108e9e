// What /metrics shows, in the Prometheus text format. No label ever carries a name, an id or a value. Figures that need
// the database are asked for when somebody reads them, now and then and briefly: a page without them is still a page.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { OperationName } from '../api/operations.ts'
import type { ErrorCode } from '../domain/errors.ts'
import { inTime } from '../lib/time/in-time.ts'

/** What was asked for: an operation, or an address where there is nothing. */
export type Asked = OperationName | 'none'

export interface Metrics {
  /** One answered request; `seconds` from its arrival to its answer. */
  answered(operation: Asked, status: number, seconds: number): void
  /** One that was answered with an error. */
  refused(code: ErrorCode): void
  lease(harness: string, outcome: string): void
  /** Audit entries became durable, so many seconds after they were asked for. */
  auditDurable(seconds: number): void
  /** Shows a number that is read anew each time; one that cannot be read is left out. */
  show(name: ShownName, read: () => Promise<number>): void
  text(): Promise<string>
  readonly contentType: string
}

/** The harness that somebody asks for a credential for; null: this asks for none. */
export function harnessOfLease(operation: OperationName, input: object): string | null {
  if (operation === 'leases.create' && 'harness' in input) return String(input.harness)
  if (operation !== 'config.resolved' || !('key' in input && 'includeSecrets' in input)) return null
  return input.key === 'codex_oauth' && input.includeSecrets === 'true' ? 'codex' : null
}

/** What became of that, where it is answered with no error. Agent Swarm's route answers with an empty list. */
export function outcomeOfLease(answer: unknown): 'granted' | 'no_credential' {
  const { configs } = answer as { readonly configs?: readonly unknown[] }
  return configs?.length === 0 ? 'no_credential' : 'granted'
}

/** What is asked for while somebody reads the metrics. */
export interface Figures {
  /** Throws when the database cannot be used; answers within seconds. */
  checkDatabase(): Promise<void>
  /** Credentials by state. */
  credentials(): Promise<Readonly<Record<string, number>>>
  /** Milliseconds by which the database's clock is ahead. */
  clockOffset(): number
}

// Milliseconds.
const CREDENTIALS_KEPT = 15_000
const CREDENTIALS_LIMIT = 2_000

/** Numbers that are read when somebody looks, and what they are. */
const SHOWN = {
  claviger_audit_entries: 'Entries of all audit logs, by their own record of where they end.',
  claviger_database_rolled_back:
    'Organizations whose audit log was put back to an older copy, until that is acknowledged.',
  claviger_events_waiting: 'Events that are still to be sent, counted once for each webhook.',
  claviger_events_given_up:
    'Events that a webhook did not take for a day, until they are sent again or forgotten.',
  claviger_runs_waiting:
    'Runs that wait for a credential; what waits by asking again is in claviger_leases_total.',
} as const

type ShownName = keyof typeof SHOWN

export function createMetrics(figures: Figures): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  addFigures(registers, figures)
  const requests = new Counter({
    name: 'claviger_requests_total',
    help: 'Answered API requests; operation none: there is nothing at that address.',
    labelNames: ['operation', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'claviger_request_seconds',
    help: 'Time from arrival to answer.',
    labelNames: ['operation'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  })
  const refusals = new Counter({
    name: 'claviger_refusals_total',
    help: 'Requests answered with an error, by its code.',
    labelNames: ['code'],
    registers,
  })
  const leases = new Counter({
    name: 'claviger_leases_total',
    help: 'Leases asked for, by harness and outcome (granted, or the code of the refusal).',
    labelNames: ['harness', 'outcome'],
    registers,
  })
  const auditCommits = new Histogram({
    name: 'claviger_audit_commit_seconds',
    help: 'Time from asking for an audit entry until it is on disk.',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  })
  return {
    answered(operation, status, seconds) {
      requests.inc({ operation, status })
      durations.observe({ operation }, seconds)
    },
    refused: (code) => refusals.inc({ code }),
    lease: (harness, outcome) => leases.inc({ harness, outcome }),
    auditDurable: (seconds) => auditCommits.observe(seconds),
    show(name, read) {
      const gauge: Gauge = new Gauge({
        name,
        help: SHOWN[name],
        registers,
        async collect() {
          const value = await read().catch(() => undefined)
          if (value === undefined) gauge.remove()
          else gauge.set(value)
        },
      })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function addFigures(registers: Registry[], { checkDatabase, credentials, clockOffset }: Figures): void {
  new Gauge({
    name: 'claviger_database_up',
    help: 'Whether the database can be used: 1 or 0.',
    registers,
    async collect() {
      this.set(await checkDatabase().then(yes, no))
    },
  })
  new Gauge({
    name: 'claviger_clock_offset_seconds',
    help: "How far the database's clock is ahead of this machine's.",
    registers,
    collect() {
      this.set(clockOffset() / 1000)
    },
  })
  const counted = keptFor(CREDENTIALS_KEPT, credentials)
  new Gauge({
    name: 'claviger_credentials',
    help: 'Credentials by state. Missing while the database cannot be asked.',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await inTime(counted(), CREDENTIALS_LIMIT, () => new Error('late')).catch(() => ({}))
      this.reset()
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count)
    },
  })
}

// Asks again when the last answer is old; while one is under way, nobody asks a second time.
function keptFor<T>(milliseconds: number, ask: () => Promise<T>): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; readonly until: number } | undefined
  return () => {
    if (kept !== undefined && performance.now() < kept.until) return kept.answer
    const answer = ask()
    const mine = { answer, until: performance.now() + milliseconds }
    kept = mine
    // A failure is not kept.
    answer.catch(() => {
      if (kept === mine) kept = undefined
    })
    return answer
  }
}

function yes(): number {
  return 1
}

function no(): number {
  return 0
}
