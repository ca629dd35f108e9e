// The small shapes that operations have in common.

import { z } from 'zod'
import { CREDENTIAL_TYPE_NAMES } from '../../domain/credential-types.ts'
import { HARNESSES } from '../../domain/harness-names.ts'
import { CREDENTIAL_STATES } from '../../domain/state.ts'

export const harness = z.enum(HARNESSES)
export const credentialType = z.enum(CREDENTIAL_TYPE_NAMES)
export const state = z.enum(CREDENTIAL_STATES)
export const owner = z.string().max(80).describe('org, team:SLUG, user:ID, agent:NAME, or me for the caller')
export const id = z.string().max(64)
export const name = z.string().max(200)
export const description = z.string().max(1000)
export const time = z.iso.datetime().describe('RFC 3339')
export const fields = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/), z.string())
  .describe('Field name → value. Write-only.')
export const after = z.string().max(64).optional().describe('Cursor: `next` of the page before')
export const ambient = z
  .enum(['environment', 'login', 'none', 'refused'])
  .default('none')
  .describe('What the machine of the run already has')

const model = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => !value.includes('\u0000'), 'it holds a NUL')
  .nullable()

export const preferences = z.object({
  harness: harness.nullable(),
  models: z.object({ claude: model, codex: model }),
})

/** What is left out stays. */
export const changedPreferences = z.strictObject({
  harness: harness.nullable().optional(),
  models: z.strictObject({ claude: model.optional(), codex: model.optional() }).optional(),
})

export function limit(standard: number) {
  return z.coerce.number().int().min(1).max(1000).default(standard)
}
