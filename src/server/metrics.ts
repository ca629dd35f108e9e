// What /metrics shows, in the Prometheus text format. No label ever carries a name, an id or a value.

import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { OperationName } from '../api/operations.ts'

export interface Metrics {
  /** One answered request; `seconds` from its arrival to its answer. */
  answered(operation: OperationName, status: number, seconds: number): void
  lease(harness: string, outcome: string): void
  text(): Promise<string>
  readonly contentType: string
}

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
  return {
    answered(operation, status, seconds) {
      requests.inc({ operation, status })
      durations.observe({ operation }, seconds)
    },
    lease: (harness, outcome) => leases.inc({ harness, outcome }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
