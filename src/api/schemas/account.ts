// Shapes of what is a person's own beside their credentials.

import { z } from 'zod'
import { harness } from './shared.ts'

// Postgres keeps no NUL in a text.
const model = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => !value.includes('\u0000'), 'it holds a NUL')
  .nullable()

const preferences = z.object({
  harness: harness.nullable(),
  models: z.object({ claude: model, codex: model }),
})

export const ACCOUNT_SCHEMAS = {
  'preferences.get': { input: z.strictObject({}), output: preferences },
  'preferences.set': {
    input: z.strictObject({
      harness: harness.nullable().optional(),
      models: z.strictObject({ claude: model.optional(), codex: model.optional() }).optional(),
    }),
    output: preferences,
  },
} as const
