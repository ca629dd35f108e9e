// What /metrics shows, in the Prometheus text format. No label ever carries a name, an id or a value.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { OperationName } from '../api/operations.ts'

export interface Metrics {
  /** One answered request; `seconds` from its arrival to its answer. */
  answered(operation: OperationName, status: number, seconds: number): void
  lease(harness: string, outcome: string): void
  /** Audit entries became durable, so many seconds after they were asked for. */
  auditDurable(seconds: number): void
  /** Shows a number that is read anew each time; one that cannot be read is left out. */
  show(name: ShownName, read: () => Promise<number>): void
  text(): Promise<string>
  readonly contentType: string
}

/** Numbers that are read when somebody looks, and what they are. */
const SHOWN = {
  claviger_audit_entries: 'Entries of all audit logs, by their own record of where they end.',
  claviger_database_rolled_back:
    'Organizations whose audit log was put back to an older copy, until that is acknowledged.',
} as const

type ShownName = keyof typeof SHOWN

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'claviger_requests_total',
    help: 'Answered API requests.',
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
