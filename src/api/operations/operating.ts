// Operations on the installation itself, for who operates it.

import type { Operation } from '../operation.ts'

export const OPERATING_OPERATIONS = {
  'status.get': {
    method: 'GET',
    path: '/api/v1/status',
    status: 200,
    permission: 'operate',
    summary: 'The state of the installation: database, clock, counts, and what to be warned of.',
  },
} as const satisfies Record<string, Operation>
