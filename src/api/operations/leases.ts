// Operations that hand credentials out, and the one that says which would be handed out.

import type { Operation } from '../operation.ts'

export const LEASE_OPERATIONS = {
  'leases.create': {
    method: 'POST',
    path: '/api/v1/leases',
    status: 201,
    permission: 'lease',
    summary: 'Resolve and hand out the credential for a run. Audited before the value exists in memory.',
  },
  'leases.read': {
    method: 'GET',
    path: '/api/v1/leases/{id}',
    status: 200,
    permission: 'own-lease',
    summary: 'The current value for a running lease, for its holder or its handle.',
  },
  'leases.reject': {
    method: 'POST',
    path: '/api/v1/leases/{id}/rejections',
    status: 200,
    permission: 'own-lease',
    summary: 'Its holder was refused with the credential of the lease: what to do now.',
  },
  'leases.events': {
    method: 'GET',
    path: '/api/v1/leases/{id}/events',
    status: 200,
    permission: 'own-lease',
    answers: 'text/event-stream',
    summary:
      'What becomes of a lease, as Server-Sent Events: rotated, login-arrived, revoked. No value is in them; read the lease.',
  },
  'leases.end': {
    method: 'DELETE',
    path: '/api/v1/leases/{id}',
    status: 200,
    permission: 'own-lease',
    summary: 'End a lease; its handle stops working.',
  },
  explain: {
    method: 'GET',
    path: '/api/v1/explain',
    status: 200,
    permission: 'explain',
    summary: 'All candidates for a run in order, with the reason for each.',
  },
} as const satisfies Record<string, Operation>
