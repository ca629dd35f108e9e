// Operations on the audit log.

import type { Operation } from '../operation.ts'

export const AUDIT_OPERATIONS = {
  'audit.list': {
    method: 'GET',
    path: '/api/v1/audit',
    status: 200,
    permission: 'readAudit',
    summary: 'Read the audit log, oldest or newest first, or look for something in it.',
  },
  'audit.export': {
    method: 'GET',
    path: '/api/v1/audit/export',
    status: 200,
    permission: 'readAudit',
    answers: 'application/octet-stream',
    summary:
      'The entries that fit as a file, oldest first; the whole log with format `signed`, which can be verified without a server.',
  },
  'audit.verify': {
    method: 'GET',
    path: '/api/v1/audit/verify',
    status: 200,
    permission: 'readAudit',
    summary: 'Verify a stretch of the audit log; ask again with `next` until it is null.',
  },
  'audit.anchor': {
    method: 'POST',
    path: '/api/v1/audit/anchor',
    status: 200,
    permission: 'readAudit',
    summary: 'Sign where the audit log ends now.',
  },
  'audit.warnings': {
    method: 'GET',
    path: '/api/v1/audit/warnings',
    status: 200,
    permission: 'readAudit',
    summary: 'See whether the database was put back to an older copy.',
  },
  'audit.acknowledge': {
    method: 'POST',
    path: '/api/v1/audit/acknowledge',
    status: 200,
    permission: 'operate',
    summary: 'Acknowledge that the database was put back, which ends the warning.',
  },
} as const satisfies Record<string, Operation>
