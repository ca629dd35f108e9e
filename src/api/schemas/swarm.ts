// Agent Swarm's shapes. Its programs send more than is looked at here, and may: what is unknown is left out.

import { z } from 'zod'
import { WORKER_ID } from '../../domain/names.ts'
import { id, time } from './shared.ts'

const word = z.string().max(200)

const config = z.object({
  ...{ id, scope: z.literal('global'), scopeId: z.null(), key: z.literal('codex_oauth') },
  value: z
    .string()
    .describe(
      "JSON: Codex's own auth.json, and beside it access, refresh, expires and accountId. The refresh token is the handle of a lease, good here only. ******** without includeSecrets",
    ),
  ...{ isSecret: z.literal(true), envPath: z.null(), description: z.string() },
  createdAt: time.describe('When it was asked for, as lastUpdatedAt'),
  ...{ lastUpdatedAt: time, encrypted: z.literal(true) },
})

/** What Agent Swarm knows of states. */
const TASK_STATUSES = ['pending', 'in_progress', 'paused', 'completed', 'failed', 'cancelled'] as const

const task = z.object({
  id,
  agentId: z.string().nullable().describe('Id of the worker that has it'),
  task: z.string().describe('The beginning of its first message'),
  status: z.enum(TASK_STATUSES),
  source: z.literal('api'),
  provider: z.string().describe('The harness'),
  model: z.string().optional(),
  ...{ createdAt: time, lastUpdatedAt: time, finishedAt: time.optional() },
  failureReason: z.string().optional(),
  wasPaused: z.boolean(),
  credentialKeyType: z.string().optional().describe('For example CODEX_OAUTH'),
  credentialKeySuffix: z.string().optional(),
  logs: z.array(z.object({})).describe('Empty: what happens in a run is at /api/v1/runs/{id}/events'),
})

export const SWARM_SCHEMAS = {
  'config.resolved': {
    input: z.object({
      key: word.optional().describe('codex_oauth. There is nothing under any other'),
      includeSecrets: z.enum(['true', 'false']).optional().describe('true: with the value'),
      agentId: z
        .string()
        .regex(WORKER_ID)
        .optional()
        .describe('Of the worker: of several that share a token each gets a lease of its own'),
    }),
    output: z.object({ configs: z.array(config), message: z.string().optional() }),
  },
  'tasks.read': { input: z.object({ id }), output: task },
} as const
