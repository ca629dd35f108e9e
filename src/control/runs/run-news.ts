// What whoever follows a run is told.

import type { RecordedEvent } from '../../domain/runs/record.ts'

/** One event of its record. Positions have no gaps: whoever has one goes on after it. */
export interface RunNews {
  readonly type: RecordedEvent['kind']
  readonly position: number
  /** RFC 3339. */
  readonly at: string
  readonly event: RecordedEvent
}
