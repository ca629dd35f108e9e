// Operations on the installation as a whole.

import type { Operation } from '../../operation.ts'

export const BACKUP_OPERATIONS = {
  'backup.create': {
    method: 'POST',
    path: '/api/v1/backup',
    status: 200,
    permission: 'operate',
    answers: 'application/gzip',
    summary: 'Make a backup of everything but the master key, and download it.',
  },
} as const satisfies Record<string, Operation>
