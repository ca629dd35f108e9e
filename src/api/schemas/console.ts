// Shapes for whoever keeps an eye on everything.

import { z } from 'zod'

export const CONSOLE_SCHEMAS = {
  live: {
    input: z.strictObject({
      after: z.coerce
        .number()
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe('Position of the last event that is known; without it, from now on'),
    }),
    output: z.object({}),
  },
} as const
