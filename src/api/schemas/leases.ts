// Shapes of leases and of explanations.

import { z } from 'zod'
import { WORKER_ID } from '../../domain/names.ts'
import { ambient, credentialType, harness, id, name, owner, state, time } from './shared.ts'

const decision = z.object({
  scope: z.enum(['explicit', 'agent', 'user', 'team', 'organization', 'ambient']),
  credential: z
    .object({
      ...{ id, name, owner, type: credentialType, state },
      suffix: z.string().nullable().describe('Null where it is not yours to see'),
    })
    .nullable(),
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
  run: id.optional().describe('For workers: the run they have claimed. It says whose credentials, and which'),
  claim: z.string().max(100).optional().describe('With run: the claim'),
  worker: z
    .string()
    .regex(WORKER_ID)
    .optional()
    .describe('What the machine calls itself that asks: the audit log says it, and nothing else goes by it'),
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

const newLease = lease.extend({ handle: z.string().describe('Opaque token, good for this lease only') })

const rejection = z.strictObject({
  id,
  generation: z.int().min(0).describe('The one that was refused'),
  status: z.int().min(100).max(599).optional().describe('The HTTP status of the refusal'),
  code: z
    .string()
    .regex(/^[\w .:-]{1,100}$/)
    .optional()
    .describe('The word the provider or the program has for it, for example authentication_failed'),
  resetAt: time.optional().describe('When a quota is there again'),
  retryAfterSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .optional()
    .describe('The same, as Retry-After says it'),
})

const rejectionAnswer = z.object({
  verdict: z
    .enum(['retry', 'switch', 'wait', 'fail'])
    .describe(
      'retry: read the lease and go on. switch: the lease is over, go on with the new one. wait: keep the lease and follow its events. fail: nothing serves.',
    ),
  reason: z.string(),
  generation: z.int().nullable().describe('With retry: the one that is current'),
  until: time
    .nullable()
    .describe('With wait: when to ask again at the latest; null: when somebody has signed in'),
  signInHint: z.string().nullable().describe('With wait: what the owner of a login types'),
  lease: newLease.nullable().describe('With switch: the new lease'),
  tried: z
    .array(z.object({ id, name, type: credentialType, generation: z.int(), reason: z.string() }))
    .describe('What this run was refused with, oldest first'),
})

export const LEASE_SCHEMAS = {
  'leases.create': {
    input: leaseRequest.strict(),
    output: newLease,
  },
  'leases.read': { input: z.strictObject({ id }), output: lease },
  'leases.reject': { input: rejection, output: rejectionAnswer },
  'leases.events': {
    input: z.strictObject({
      id,
      generation: z.coerce
        .number()
        .int()
        .min(0)
        .optional()
        .describe('The one that the holder has: it is told of a newer one at once'),
    }),
    output: z.object({}),
  },
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
    output: z.object({
      harness,
      for: z.string(),
      enabled: z.boolean().describe('False: an admin has switched the harness off'),
      chosen: z.int().nullable().describe('Which of the decisions would serve, from 0'),
      sentence: z.string().nullable().describe('Why nothing would serve, as whoever starts a run is told'),
      hint: z.string().nullable(),
      decisions: z.array(decision),
    }),
  },
} as const
