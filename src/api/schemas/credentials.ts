// Shapes of the operations on credentials.

import { z } from 'zod'
import { HARNESSES } from '../../domain/harness-names.ts'
import {
  after,
  credentialType,
  description,
  fields,
  harness,
  id,
  limit,
  name,
  owner,
  state,
  time,
} from './shared.ts'

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
    expiresAt: time
      .nullable()
      .optional()
      .describe('Of a login: when its access token ends, and is renewed before'),
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

const probe = z.object({
  result: z.enum(['works', 'refused', 'no_credit', 'limited', 'forbidden', 'unknown']),
  message: z.string(),
  state,
})

export const CREDENTIAL_SCHEMAS = {
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
    output: z.object({
      credentials: z.array(credential),
      next: z.string().nullable(),
      others: z
        .array(z.object({ owner, count: z.int() }))
        .describe(
          'Personal credentials of others that you may know to exist, on a first page without filters',
        ),
    }),
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
  'credentials.get': {
    input: z.strictObject({ id }),
    output: credential.extend({
      endsAt: time
        .nullable()
        .optional()
        .describe('Of a login: when no renewing helps any more, where that is known'),
    }),
  },
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
  'credentials.move': {
    input: z.strictObject({ id, owner }),
    output: credential.extend({
      cleared: z.array(z.string()).describe('What referred to it and cannot refer to it there'),
    }),
  },
  'credentials.test': { input: z.strictObject({ id }), output: probe },
  'credentials.versions': { input: z.strictObject({ id }), output: z.object({ versions: z.array(version) }) },
  'credentials.rollback': { input: z.strictObject({ id, version: z.int().min(1) }), output: credential },
  'credentials.references': {
    input: z.strictObject({ id }),
    output: z.object({ references: z.array(z.string()) }),
  },
  'credentials.delete': { input: z.strictObject({ id }), output: z.object({ cleared: z.array(z.string()) }) },
} as const
