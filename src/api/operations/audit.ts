// Operations on the audit log.

import type { Operation } from '../operation.ts'

export const AUDIT_OPERATIONS = {
  'audit.list': {
    method: 'GET',
    path: '/api/v1/audit',
    status: 200,
    permission: 'readAudit',
    summary: 'Read the audit log, oldest first.',
  },
} as const satisfies Record<string, Operation>
