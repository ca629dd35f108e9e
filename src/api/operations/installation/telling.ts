// Operations on what an organization is told: its webhooks, and the events that were told.

import type { Operation } from '../../operation.ts'

export const TELLING_OPERATIONS = {
  'webhooks.create': {
    method: 'POST',
    path: '/api/v1/webhooks',
    status: 201,
    permission: 'manageSettings',
    summary:
      'Add a webhook: events are sent there, signed by the rules of Standard Webhooks. The secret is shown this once.',
  },
  'webhooks.list': {
    method: 'GET',
    path: '/api/v1/webhooks',
    status: 200,
    permission: 'manageSettings',
    summary: 'List the webhooks of the organization.',
  },
  'webhooks.remove': {
    method: 'DELETE',
    path: '/api/v1/webhooks/{id}',
    status: 200,
    permission: 'manageSettings',
    summary: 'Remove a webhook, with what was still to be sent to it.',
  },
  'webhooks.test': {
    method: 'POST',
    path: '/api/v1/webhooks/{id}/test',
    status: 200,
    permission: 'manageSettings',
    summary: 'Send a `webhook.test` event to a webhook now, once, and say what came back.',
  },
  'events.list': {
    method: 'GET',
    path: '/api/v1/events',
    status: 200,
    permission: 'readAudit',
    summary: 'List what was told, and what became of sending it to each webhook.',
  },
  'events.replay': {
    method: 'POST',
    path: '/api/v1/events/{id}/replay',
    status: 200,
    permission: 'manageSettings',
    summary: 'Send an event again, under the same id, to every webhook that wants its kind.',
  },
} as const satisfies Record<string, Operation>
