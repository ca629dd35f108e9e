// Operations for whoever keeps an eye on everything: the console, and programs like it.

import type { Operation } from '../operation.ts'

export const CONSOLE_OPERATIONS = {
  overview: {
    method: 'GET',
    path: '/api/v1/overview',
    status: 200,
    permission: 'signed-in',
    summary:
      'How everything is that you may see: states, what ends when, runs that wait for somebody, what changed lately, what is still to be set up.',
  },
  'credentialTypes.list': {
    method: 'GET',
    path: '/api/v1/credential-types',
    status: 200,
    permission: 'signed-in',
    summary: 'The types of credentials: their fields, where to get one, what it bills, and how one signs in.',
  },
  live: {
    method: 'GET',
    path: '/api/v1/live',
    status: 200,
    permission: 'signed-in',
    answers: 'text/event-stream',
    summary:
      'Which lists have changed, as Server-Sent Events, as far as you may know; goes on after Last-Event-ID without a gap. No values are in them: read again.',
  },
} as const satisfies Record<string, Operation>
