// Request and response shapes of every operation: one schema each gives the check, the type and the documentation.
// Shape only: whether a value fits its type or a caller may ask is decided in domain/ and control/.

import { z } from 'zod'
import { ROLES } from '../domain/caller.ts'
import { CREDENTIAL_TYPE_NAMES } from '../domain/credential-types.ts'
import { HARNESSES } from '../domain/harness-names.ts'
import { CREDENTIAL_STATES } from '../domain/state.ts'
import type { OperationName } from './operations.ts'

const harness = z.enum(HARNESSES)
const credentialType = z.enum(CREDENTIAL_TYPE_NAMES)
const state = z.enum(CREDENTIAL_STATES)
const owner = z.string().max(80).describe('org, team:SLUG, user:ID, agent:NAME, or me for the caller')
const id = z.string().max(64)
const name = z.string().max(200)
const description = z.string().max(1000)
const time = z.iso.datetime().describe('RFC 3339')
const fields = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/), z.string())
  .describe('Field name → value. Write-only.')
const after = z.string().max(64).optional().describe('Cursor: `next` of the page before')

const credential = z
  .object({
    id,
    owner,
    name,
    type: credentialType,
    harness: z.enum([...HARNESSES, 'raw']),
    state,
    stateReason: z.string(),
    stateUntil: time.nullable(),
    description: z.string().optional(),
    suffix: z.string().optional().describe('The last characters, to tell keys apart'),
    fields: z.record(z.string(), z.string()).optional().describe('Fields that are no secret'),
    version: z.int().optional(),
    createdAt: time.optional(),
    updatedAt: time.optional(),
  })
  .describe('What a caller may see of a credential. Members see less of what the organization owns.')

const version = z.object({
  version: z.int(),
  createdAt: time,
  createdBy: z.string(),
  note: z.string(),
  suffix: z.string(),
  current: z.boolean(),
})

const decision = z.object({
  scope: z.enum(['explicit', 'agent', 'user', 'team', 'organization', 'ambient']),
  credential: z.object({ id, name, owner, type: credentialType, state }).nullable(),
  verdict: z.enum(['chosen', 'fallback', 'skipped']),
  reason: z.string(),
})

const probe = z.object({
  result: z.enum(['works', 'refused', 'no_credit', 'limited', 'forbidden', 'unknown']),
  message: z.string(),
  state,
})

const ambient = z
  .enum(['environment', 'login', 'none', 'refused'])
  .default('none')
  .describe('What the machine of the run already has')

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
      fields: z.record(z.string(), z.string()),
    })
    .nullable()
    .describe('Null when the login of the machine itself serves the run'),
  raw: z.array(z.object({ id, name, owner, value: z.string() })),
  reason: z.string(),
})

const token = z.object({
  id,
  name,
  role: z.enum(ROLES),
  holder: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
})

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

function limit(standard: number) {
  return z.coerce.number().int().min(1).max(1000).default(standard)
}

export const SCHEMAS = {
  'credentials.create': {
    input: z.strictObject({
      type: credentialType,
      name,
      owner,
      description: description.default(''),
      fields,
      test: z.boolean().default(false).describe('Ask the provider first, and store nothing when it refuses'),
      acceptNotice: z
        .boolean()
        .default(false)
        .describe('The notice about subscriptions was shown and accepted'),
    }),
    output: credential,
  },
  'credentials.list': {
    input: z.strictObject({
      harness: z.enum([...HARNESSES, 'raw']).optional(),
      owner: owner.optional(),
      type: credentialType.optional(),
      state: state.optional(),
      name: name.optional(),
      after,
      limit: limit(100),
    }),
    output: z.object({ credentials: z.array(credential), next: z.string().nullable() }),
  },
  'credentials.getOrder': {
    input: z.strictObject({ owner, harness }),
    output: z.object({ owner, harness, credentials: z.array(z.object({ id, name })) }),
  },
  'credentials.setOrder': {
    input: z.strictObject({
      owner,
      harness,
      credentials: z.array(id).max(1000).describe('Ids, first to be used first'),
    }),
    output: z.object({ owner, harness, credentials: z.array(z.object({ id, name })) }),
  },
  'credentials.get': { input: z.strictObject({ id }), output: credential },
  'credentials.update': {
    input: z.strictObject({
      id,
      description: description.optional(),
      fields: fields.optional(),
      clear: z.array(z.string().max(64)).max(16).default([]).describe('Optional fields to remove'),
      test: z.boolean().default(false),
    }),
    output: credential,
  },
  'credentials.rename': { input: z.strictObject({ id, name }), output: credential },
  'credentials.move': { input: z.strictObject({ id, owner }), output: credential },
  'credentials.test': { input: z.strictObject({ id }), output: probe },
  'credentials.versions': { input: z.strictObject({ id }), output: z.object({ versions: z.array(version) }) },
  'credentials.rollback': { input: z.strictObject({ id, version: z.int().min(1) }), output: credential },
  'credentials.references': {
    input: z.strictObject({ id }),
    output: z.object({ references: z.array(z.string()) }),
  },
  'credentials.delete': { input: z.strictObject({ id }), output: z.object({ cleared: z.array(z.string()) }) },
  'leases.create': {
    input: leaseRequest.strict(),
    output: lease.extend({ handle: z.string().describe('Opaque token, good for this lease only') }),
  },
  'leases.read': { input: z.strictObject({ id }), output: lease },
  'leases.end': { input: z.strictObject({ id }), output: z.object({ ended: z.boolean() }) },
  explain: {
    input: z.strictObject({
      harness,
      user: name.optional().describe('E-mail or id; the caller when absent'),
      team: name.optional(),
      agent: name.optional(),
      credential: name.optional(),
      ambient,
    }),
    output: z.object({ harness, for: z.string(), decisions: z.array(decision) }),
  },
  whoami: {
    input: z.strictObject({}),
    output: z.object({
      kind: z.enum(['person', 'agent', 'worker']),
      id: z.string(),
      name: z.string(),
      role: z.enum(ROLES),
      organization: z.object({ id: z.string(), name: z.string() }),
      teams: z.array(z.string()),
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
  'audit.list': {
    input: z.strictObject({ after, limit: limit(200) }),
    output: z.object({ entries: z.array(entry), next: z.string().nullable() }),
  },
} as const satisfies Record<OperationName, { input: z.ZodObject; output: z.ZodObject }>

type Schemas = typeof SCHEMAS

/** What the server works with after the check (defaults filled in). */
export type Input<N extends OperationName> = z.output<Schemas[N]['input']>

/** What a client may send (defaults may be left out). */
export type Request<N extends OperationName> = z.input<Schemas[N]['input']>

export type Output<N extends OperationName> = z.output<Schemas[N]['output']>

export type CredentialView = Output<'credentials.get'>
export type DecisionView = Output<'explain'>['decisions'][number]

/** The body of an error answer (RFC 9457 problem details). */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  requestId: z.string().optional(),
})

export type Problem = z.output<typeof problem>
