// Operations on the installation itself.

import type { Operation } from '../operation.ts'

export const OPERATING_OPERATIONS = {
  'rekey.start': {
    method: 'POST',
    path: '/api/v1/rekey',
    status: 200,
    permission: 'operate',
    summary: 'Bring every data key under another master key, in the background.',
  },
  'rekey.status': {
    method: 'GET',
    path: '/api/v1/rekey',
    status: 200,
    permission: 'operate',
    summary: 'Which master keys the data keys are under, and how far re-keying is.',
  },
} as const satisfies Record<string, Operation>
