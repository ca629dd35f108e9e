// Shapes of the audit log.

import { z } from 'zod'
import { after, id, limit, time } from './shared.ts'

const entry = z.object({
  id,
  at: time,
  actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  action: z.string(),
  object: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  outcome: z.enum(['allowed', 'refused']),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  requestId: z.string(),
})

export const AUDIT_SCHEMAS = {
  'audit.list': {
    input: z.strictObject({ after, limit: limit(200) }),
    output: z.object({ entries: z.array(entry), next: z.string().nullable() }),
  },
} as const
