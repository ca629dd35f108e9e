// Shapes of the operations on credentials.

import { z } from 'zod'
import { HARNESSES } from '../../domain/harness-names.ts'
import { RUN_STATES } from '../../domain/runs/run.ts'
import { usage } from './run-reports.ts'
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

export const credential = z
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

const may = z
  .object({ manage: z.boolean(), use: z.boolean().describe('For a run of your own') })
  .describe('What you may do with it')

export const twin = z
  .object({
    credential: z.object({ id, owner, name }).nullable().describe('Null for one that you may not see'),
    sameToken: z.boolean().describe('The very same token: whoever renews first ends the other'),
  })
  .describe('Another credential that holds the same login, or one of the same account')

/** A credential that came from somewhere else. */
export const imported = z.object({
  credential,
  renewed: z
    .enum(['yes', 'later', 'static'])
    .describe(
      'yes: every other copy is dead. later: it is not yet, and must not be used. static: there is nothing to renew',
    ),
  why: z.string().optional().describe('later: what trying it has come to, where that is known'),
  twins: z.array(twin),
})

export const detailed = credential.extend({
  may,
  account: z
    .object({ email: z.string().nullable(), plan: z.string().nullable() })
    .nullable()
    .optional()
    .describe('Of a login, as its provider said'),
  endsAt: time
    .nullable()
    .optional()
    .describe('The end that renewing does not move, where one is known: of a login, or of a token'),
  endsEstimated: z.boolean().optional().describe('Nobody has said it: it follows from when it was stored'),
  lastUsedAt: time.nullable().optional().describe('To the minute or so'),
  usedBy: z
    .object({ leases: z.int(), runs: z.int(), agents: z.int() })
    .optional()
    .describe('Running leases, runs it serves now, agents it is attached to'),
  position: z.int().nullable().optional().describe('Place in the order its owner has set, from 0'),
})

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
  askAgainAt: time
    .optional()
    .describe(
      'Its provider was not asked: it is tested by renewing it, which was done lately; then it may be again',
    ),
  state,
})

const renewal = z.object({
  why: z
    .enum(['sign-in', 'use', 'ahead', 'forced', 'verify', 'recover', 'orphan', 'unknown'])
    .describe(
      'use: a lease needed it. ahead: before it ends, or to keep it warm. forced: a holder was refused with it',
    ),
  sentence: z.string(),
  by: z.string().describe('Who signed in, or whose refusal it was; else the server'),
  from: z.int().nullable().describe('The generation that it was to replace'),
  generation: z.int().nullable().describe('The one that it made'),
  current: z.boolean(),
  outcome: z.enum(['done', 'refused', 'failed', 'unsent', 'open', 'kept']),
  at: time,
  endedAt: time.nullable(),
  took: z.int().nullable().describe('How long the provider took, in milliseconds'),
})

const saveAnyway = z
  .boolean()
  .default(false)
  .describe('With `test`: whatever comes of it, it is stored. One that was refused is `rejected` then')

const tested = z
  .object({ result: probe.shape.result, message: z.string() })
  .nullable()
  .describe('What came of the test; null: there was none')

const digests = z
  .array(z.string().regex(/^[0-9a-f]{64}$/))
  .max(1000)
  .describe('Of the tokens of files that it came from: copies of these may be around, and are dead')

const holder = z.object({
  id: z.string().min(1).max(200).describe('Tells it apart from every other place that keeps credentials'),
  title: z.string().min(1).max(300).describe('What people call it'),
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
      saveAnyway,
      acceptNotice: z
        .boolean()
        .default(false)
        .describe('The notice about subscriptions was shown and accepted'),
    }),
    output: credential.extend({ tested }),
  },
  'credentials.list': {
    input: z.strictObject({
      harness: z.enum([...HARNESSES, 'raw']).optional(),
      owner: owner.optional(),
      type: credentialType.optional(),
      state: state.optional(),
      name: name.optional(),
      search: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe('Part of the name, of the description or of the last characters'),
      order: z
        .enum(['made', 'tried'])
        .default('made')
        .describe('`tried`: as they are tried for a run, of one owner and harness and without other filters'),
      after,
      limit: limit(100),
    }),
    output: z.object({
      credentials: z.array(detailed),
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
    output: detailed.extend({
      users: z
        .object({
          runs: z.array(z.object({ id, title: z.string(), state: z.enum(RUN_STATES), for: z.string() })),
          agents: z.array(z.string()),
        })
        .optional()
        .describe('The runs it serves now, those that you may see; the agents it is attached to'),
    }),
  },
  'credentials.update': {
    input: z.strictObject({
      id,
      description: description.optional(),
      fields: fields.optional(),
      clear: z.array(z.string().max(64)).max(16).default([]).describe('Optional fields to remove'),
      test: z
        .boolean()
        .default(false)
        .describe('Ask the provider about the new value first; refused, the old one stays current'),
      saveAnyway,
    }),
    output: credential.extend({ tested }),
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
  'credentials.renewals': {
    input: z.strictObject({ id, limit: limit(100) }),
    output: z.object({ renewals: z.array(renewal) }),
  },
  'credentials.usage': {
    input: z.strictObject({ id, days: z.coerce.number().int().min(1).max(366).default(30) }),
    output: z.object({
      days: z
        .array(z.object({ day: z.iso.date(), turns: z.int(), usage }))
        .describe('Every day until today, in UTC, also those without any'),
      total: z.object({ turns: z.int(), usage }),
      runs: z
        .array(
          z.object({
            id,
            title: z.string().nullable().describe('Null for those whose words are not yours to read'),
            for: z.string().nullable(),
            startedAt: time,
            turns: z.int(),
            usage,
          }),
        )
        .describe('Those it served last, with what each used of it'),
    }),
  },
  'credentials.rollback': {
    input: z.strictObject({
      id,
      version: z.int().min(1),
      test: z.boolean().default(false).describe('Ask the provider about that value first'),
      saveAnyway,
    }),
    output: credential.extend({ tested }),
  },
  'credentials.references': {
    input: z.strictObject({ id }),
    output: z.object({ references: z.array(z.string()) }),
  },
  'credentials.handOver': {
    input: z.strictObject({ id, to: holder }),
    output: z.object({
      ...{ id, type: credentialType, name, description },
      ...{ expiresAt: time.nullable(), endsAt: time.nullable() },
      source: id.describe('Its id, and what tells this login or value of it apart: for whoever receives it'),
      again: z.boolean().describe('It was on its way there already'),
      digests,
      fields: z.record(z.string(), z.string()).describe('All values'),
    }),
  },
  'credentials.handedOver': {
    input: z.strictObject({ id, to: holder.shape.id }),
    output: z.object({ deleted: z.boolean().describe('False: it has had a new login or value meanwhile') }),
  },
  'credentials.keep': { input: z.strictObject({ id, to: holder.shape.id }), output: credential },
  'credentials.receive': {
    input: z.strictObject({
      source: id.describe('As it was handed out: what came of it already is not stored again'),
      from: holder.shape.title,
      ...{ type: credentialType, name, owner, description: description.default(''), fields },
      ...{ expiresAt: time.nullable(), endsAt: time.nullable(), digests: digests.default([]) },
      acceptNotice: z.boolean().default(false),
    }),
    output: imported,
  },
  'credentials.delete': { input: z.strictObject({ id }), output: z.object({ cleared: z.array(z.string()) }) },
} as const
