// Agent Swarm's routes, for workers that were written for it.

import type { Operation } from '../operation.ts'

export const SWARM_OPERATIONS = {
  'config.resolved': {
    method: 'GET',
    path: '/api/config/resolved',
    status: 200,
    permission: 'lease',
    summary:
      "In Agent Swarm's shape: the ChatGPT login that the asking token may have, under the key `codex_oauth`; nothing under any other. With its value a lease is made, bound to that token, and audited.",
  },
  'tasks.read': {
    method: 'GET',
    path: '/api/tasks/{id}',
    status: 200,
    permission: 'readRuns',
    summary: "A run in the shape of Agent Swarm's tasks, with the type and suffix of its credential.",
  },
} as const satisfies Record<string, Operation>
