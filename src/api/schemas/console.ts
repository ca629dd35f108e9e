// Shapes for whoever keeps an eye on everything.

import { z } from 'zod'
import { HARNESSES } from '../../domain/harness-names.ts'
import { CREDENTIAL_STATES } from '../../domain/state.ts'
import { detailed } from './credentials.ts'
import { runSummary } from './runs.ts'
import { credentialType, harness, id, owner, time } from './shared.ts'

const named = z.object({ id, owner, name: z.string(), type: credentialType, suffix: z.string().nullable() })

const overview = z.object({
  harnesses: z.array(
    z.object({
      harness,
      title: z.string(),
      enabled: z.boolean(),
      works: z.boolean().describe('Something would serve a run of yours now'),
      untaken: z
        .string()
        .nullable()
        .describe('What to do before a worker would take a run of yours; null: nothing'),
      credentials: z.int().describe('How many there are for it that you may see'),
    }),
  ),
  credentials: z.object({
    total: z.int(),
    states: z.partialRecord(z.enum(CREDENTIAL_STATES), z.int()).describe('Those that some are in'),
  }),
  others: z.int().describe('Personal credentials of others that you may know to exist'),
  attention: z.array(detailed).describe('Those that do not serve, or not for long; the worst first'),
  ends: z
    .array(
      z.object({
        credential: named,
        at: time,
        estimated: z.boolean(),
        sentence: z.string(),
        manage: z.boolean().describe('You may do something about it'),
      }),
    )
    .describe('The ends that renewing does not move, the soonest first'),
  waiting: z
    .array(
      z.object({
        run: runSummary,
        why: z.string(),
        until: time.nullable().describe('When it is looked again at the latest'),
        hint: z.string().nullable().describe('What to do'),
        signIn: named
          .extend({ manage: z.boolean() })
          .nullable()
          .describe('The login that somebody has to sign in for again, where you may see it'),
      }),
    )
    .describe('Runs that wait for somebody'),
  changes: z
    .array(
      z.object({
        at: time,
        actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
        action: z.string(),
        object: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
        sentence: z.string(),
      }),
    )
    .describe('What changed lately, the newest first'),
  guide: z
    .object({
      credential: z.boolean().describe('There is one that you may see'),
      run: z.boolean(),
      worker: z.boolean().nullable().describe('Null: that is not yours to know'),
      isEmpty: z.boolean().describe('Neither a credential nor a run: begin with the guide'),
    })
    .describe('What is there already'),
})

const field = z.object({
  name: z.string(),
  label: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  multiline: z.boolean(),
  example: z.string(),
  pattern: z.string().describe('A regular expression of JavaScript, after trimming'),
  flags: z.string().describe('Of the expression'),
  expectation: z.string().describe('Completes `it …` when the pattern does not match'),
  mistakenFor: z
    .record(z.string(), credentialType)
    .describe('Beginning of a text → the type that it belongs to instead'),
})

const type = z.object({
  type: credentialType,
  harness: z.enum([...HARNESSES, 'raw']),
  kind: z.string(),
  title: z.string(),
  entry: z.enum(['typed', 'sign-in']),
  subscription: z.boolean().describe('The subscriptions policy applies'),
  testable: z.boolean().describe('Its provider can be asked whether it works, before it is stored'),
  methods: z.array(z.enum(['browser', 'paste', 'device'])).describe('How this server can sign in for it'),
  whereToGet: z.string(),
  rights: z.string(),
  bills: z.string(),
  fields: z.array(field).describe('Those that are entered, in their order'),
})

export const CONSOLE_SCHEMAS = {
  overview: { input: z.strictObject({}), output: overview },
  'credentialTypes.list': { input: z.strictObject({}), output: z.object({ types: z.array(type) }) },
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
