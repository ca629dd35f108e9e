// Which credentials are shown: kept in the address, so that a list can be bookmarked and sent.

import type { Request } from '../../../../src/api/schemas.ts'
import { textIn } from '../../next.ts'

type Asked = Request<'credentials.list'>

export interface Filters {
  readonly harness?: NonNullable<Asked['harness']>
  readonly owner?: string
  readonly state?: NonNullable<Asked['state']>
  readonly search?: string
}

export const HARNESS_CHOICES: readonly NonNullable<Filters['harness']>[] = ['claude', 'codex', 'raw']

export const STATE_CHOICES: readonly NonNullable<Filters['state']>[] = [
  ...(['ok', 'expiring', 'refreshing', 'cooling_down', 'rejected'] as const),
  ...(['needs_login', 'quarantined', 'blocked'] as const),
]

// What the API takes.
const MOST = 100

/** The filters in an address; what is none of them is passed over. */
export function filtersIn(search: Record<string, unknown>): Filters {
  const harness = HARNESS_CHOICES.find((one) => one === search['harness'])
  const state = STATE_CHOICES.find((one) => one === search['state'])
  const owner = textIn(search, 'owner')
  const text = textIn(search, 'search')?.slice(0, MOST)
  return {
    ...(harness !== undefined && { harness }),
    ...(owner !== undefined && { owner }),
    ...(state !== undefined && { state }),
    ...(text !== undefined && { search: text }),
  }
}
