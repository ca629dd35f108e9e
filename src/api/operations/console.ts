// Operations for whoever keeps an eye on everything: the console, and programs like it.

import type { Operation } from '../operation.ts'

export const CONSOLE_OPERATIONS = {
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
