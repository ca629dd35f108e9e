// Which runs are shown, and whether one is being started: kept in the address, so that it can be bookmarked and sent.

import type { Request } from '../../../../src/api/schemas.ts'
import { textIn } from '../../next.ts'

type Asked = Request<'runs.list'>

export interface RunFilters {
  readonly state?: NonNullable<Asked['state']>
  readonly harness?: NonNullable<Asked['harness']>
  /** Only one's own. */
  readonly mine?: 'true'
  /** The dialog that starts one is open. */
  readonly start?: 'yes'
}

export const RUN_HARNESSES: readonly NonNullable<RunFilters['harness']>[] = ['claude', 'codex']

export const RUN_STATE_CHOICES: readonly NonNullable<RunFilters['state']>[] = [
  ...(['queued', 'booting', 'ready', 'working', 'reauthenticating', 'waiting_for_credentials'] as const),
  ...(['hibernated', 'failed', 'cancelled', 'done'] as const),
]

/** What an address says of it; what is none of them is passed over. */
export function runFiltersIn(search: Record<string, unknown>): RunFilters {
  const state = RUN_STATE_CHOICES.find((one) => one === search['state'])
  const harness = RUN_HARNESSES.find((one) => one === search['harness'])
  return {
    ...(state !== undefined && { state }),
    ...(harness !== undefined && { harness }),
    ...(textIn(search, 'mine') === 'true' && { mine: 'true' as const }),
    ...(textIn(search, 'start') === 'yes' && { start: 'yes' as const }),
  }
}
