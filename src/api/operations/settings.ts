// Operations on what an organization has set for itself: which harnesses are on, and whom subscriptions may serve.

import type { Operation } from '../operation.ts'

export const SETTING_OPERATIONS = {
  'harnesses.list': {
    method: 'GET',
    path: '/api/v1/harnesses',
    status: 200,
    permission: 'readSettings',
    summary: 'List the harnesses, and which of them are switched off for the organization.',
  },
  'harnesses.set': {
    method: 'PUT',
    path: '/api/v1/harnesses/{harness}',
    status: 200,
    permission: 'manageSettings',
    summary: 'Switch a harness on or off for the organization. Off: no run of it gets a credential, at once.',
  },
  'defaults.get': {
    method: 'GET',
    path: '/api/v1/defaults',
    status: 200,
    permission: 'readSettings',
    summary: 'What runs use when neither they nor their person say: the harness, and the model of each.',
  },
  'defaults.set': {
    method: 'PATCH',
    path: '/api/v1/defaults',
    status: 200,
    permission: 'manageSettings',
    summary:
      'Choose what runs use when neither they nor their person say. What is left out stays; null: nothing.',
  },
  'policy.get': {
    method: 'GET',
    path: '/api/v1/policy',
    status: 200,
    permission: 'readSettings',
    summary: 'Get the subscriptions policy of each harness, and what follows from it for the caller.',
  },
  'policy.set': {
    method: 'PUT',
    path: '/api/v1/policy/{harness}',
    status: 200,
    permission: 'manageSettings',
    summary:
      'Choose whom subscriptions of a harness may serve. `shared` for Claude is for owners of the organization, who must have accepted the terms shown with `policy.get`.',
  },
  'policy.takeOut': {
    method: 'PUT',
    path: '/api/v1/policy/{harness}/take-out',
    status: 200,
    permission: 'manageSettings',
    summary: 'Choose whether people may take personal credentials of theirs out of this server, whole.',
  },
} as const satisfies Record<string, Operation>
