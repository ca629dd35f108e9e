// Operations on what is a person's own beside their credentials: what they prefer.

import type { Operation } from '../operation.ts'

export const ACCOUNT_OPERATIONS = {
  'preferences.get': {
    method: 'GET',
    path: '/api/v1/preferences',
    status: 200,
    permission: 'signed-in',
    summary: 'What your runs use when you do not say: the harness, and the model of each.',
  },
  'preferences.set': {
    method: 'PATCH',
    path: '/api/v1/preferences',
    status: 200,
    permission: 'signed-in',
    summary: 'Choose what your runs use when you do not say. What is left out stays; null: no preference.',
  },
} as const satisfies Record<string, Operation>
