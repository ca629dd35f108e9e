// Shapes of leases and of explanations.

import { z } from 'zod'
import { ambient, credentialType, harness, id, name, owner, state, time } from './shared.ts'

const decision = z.object({
  scope: z.enum(['explicit', 'agent', 'user', 'team', 'organization', 'ambient']),
  credential: z.object({ id, name, owner, type: credentialType, state }).nullable(),
  verdict: z.enum(['chosen', 'fallback', 'skipped']),
  reason: z.string(),
})

const leaseRequest = z.object({
  harness,
  credential: name
    .optional()
    .describe('Name, OWNER/NAME or id of the one credential to use, without fallback'),
  team: name.optional(),
  agent: name.optional(),
  ambient,
  raw: z.boolean().default(true).describe('Also hand out the raw secrets of the run'),
})

const lease = z.object({
  id,
  expiresAt: time,
  credential: z
    .object({
      id,
      name,
      owner,
      type: credentialType,
      suffix: z.string(),
      generation: z.int(),
      expiresAt: time.nullable().describe('When it ends by itself, as far as anybody knows'),
      fields: z.record(z.string(), z.string()),
    })
    .nullable()
    .describe('Null when the login of the machine itself serves the run'),
  raw: z.array(z.object({ id, name, owner, value: z.string() })),
  reason: z.string(),
})

export const LEASE_SCHEMAS = {
  'leases.create': {
    input: leaseRequest.strict(),
    output: lease.extend({ handle: z.string().describe('Opaque token, good for this lease only') }),
  },
  'leases.read': { input: z.strictObject({ id }), output: lease },
  'leases.end': { input: z.strictObject({ id }), output: z.object({ ended: z.boolean() }) },
  explain: {
    input: z.strictObject({
      harness,
      user: name.optional().describe('E-mail, id or me; the caller when nobody is named'),
      team: name
        .optional()
        .describe("Only this team; without a user, for those who manage or audit, nobody's run in it"),
      agent: name.optional().describe("As this agent; without a user the agent's own run"),
      credential: name.optional(),
      ambient,
    }),
    output: z.object({ harness, for: z.string(), decisions: z.array(decision) }),
  },
} as const
