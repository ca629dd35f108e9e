// Shapes of tokens and of whom one belongs to.

import { z } from 'zod'
import { ROLES } from '../../domain/caller.ts'
import { id, name, time } from './shared.ts'

const token = z.object({
  id,
  name,
  role: z.enum(ROLES),
  holderKind: z.enum(['person', 'agent', 'worker']),
  holder: z.string().describe('Id of the person or worker, name of the agent'),
  holderName: z.string().describe('E-mail of the person, name of the agent or worker'),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable().describe('To a minute; null: never'),
})

export const TOKEN_SCHEMAS = {
  whoami: {
    input: z.strictObject({}),
    output: z.object({
      kind: z.enum(['person', 'agent', 'worker']),
      id: z.string(),
      name: z.string(),
      role: z.enum(ROLES),
      organization: z.object({ id: z.string(), name: z.string() }),
      teams: z.array(z.string()),
      agent: z.string().nullable().describe('The agent it runs as'),
      operator: z.boolean().describe('Whether this organization operates the installation'),
    }),
  },
  'tokens.create': {
    input: z.strictObject({
      name,
      role: z.enum(['owner', 'admin', 'member', 'auditor']),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(10 * 365 * 86_400)
        .nullable()
        .describe('Null: never. It must be chosen.'),
    }),
    output: token.extend({ token: z.string().describe('Shown this once') }),
  },
  'tokens.list': { input: z.strictObject({}), output: z.object({ tokens: z.array(token) }) },
  'tokens.revoke': { input: z.strictObject({ name }), output: z.object({ revoked: z.boolean() }) },
} as const
