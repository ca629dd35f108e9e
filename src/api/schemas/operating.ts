// Shapes of the installation's own operations.

import { z } from 'zod'
import { state } from './shared.ts'

const count = z.int().min(0)

export const OPERATING_SCHEMAS = {
  'status.get': {
    input: z.strictObject({}),
    output: z.object({
      version: z.string(),
      server: z.string().describe('The server that answers: HOST:PID'),
      database: z.object({
        kind: z.enum(['memory', 'sqlite', 'postgres']),
        version: z.string(),
        address: z.string().describe('Without user and password'),
        migrations: z.array(z.string()),
      }),
      clockOffsetSeconds: z.number().describe("How far the database's clock is ahead of the server's"),
      masterKeyId: z.string(),
      counts: z.object({
        credentials: z.partialRecord(state, count).describe('By state'),
        runningLeases: count,
        liveTokens: count,
      }),
      warnings: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string() })),
    }),
  },
} as const
