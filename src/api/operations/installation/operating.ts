// Operations on the installation itself: what everybody is told of it, and what is for who operates it.

import type { Operation } from '../../operation.ts'

export const OPERATING_OPERATIONS = {
  'server.describe': {
    method: 'GET',
    path: '/api/v1/server',
    status: 200,
    permission: 'public',
    summary: 'Which installation this is: its organization, fingerprint and version.',
  },
  'status.get': {
    method: 'GET',
    path: '/api/v1/status',
    status: 200,
    permission: 'operate',
    summary: 'The state of the installation: database, clock, counts, and what to be warned of.',
  },
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
