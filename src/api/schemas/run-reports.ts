// Shapes of what workers say of runs, and words of all that is about runs.

import { z } from 'zod'
import { SAID_AT_MOST as MOST } from '../../domain/runs/limits.ts'
import { MESSAGE_STATES, REPORTED_STATES } from '../../domain/runs/run.ts'
import { id, time } from './shared.ts'

// Postgres keeps no NUL in a text.
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\u0000'), 'it holds a NUL')

export const ownId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)

export const usage = z.object({ input: z.int().min(0), cachedInput: z.int().min(0), output: z.int().min(0) })

const failure = z.strictObject({
  kind: z.enum([
    'authentication',
    'quota',
    'billing',
    'organization',
    'overload',
    'request',
    'program',
    'network',
  ]),
  status: z.int().nullable(),
  code: text(MOST.word).nullable(),
  text: text(MOST.failure),
  resetsAt: z.int().nullable(),
})

const output = text(MOST.output)
const call = text(MOST.word)
const turnUsage = usage.nullable()

const conversationEvent = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('session'),
    session: text(MOST.session).min(1),
    model: text(MOST.word).nullable(),
  }),
  z.strictObject({ kind: z.literal('text'), text: output }),
  z.strictObject({ kind: z.literal('reasoning'), text: output }),
  z.strictObject({ kind: z.literal('tool'), call, name: text(MOST.toolName), input: output }),
  z.strictObject({ kind: z.literal('tool-result'), call, failed: z.boolean(), output }),
  z.strictObject({ kind: z.literal('retry'), attempt: z.int(), of: z.int().nullable(), failure }),
  z.strictObject({ kind: z.literal('turn-done'), usage: turnUsage }),
  z.strictObject({ kind: z.literal('turn-failed'), failure, usage: turnUsage }),
  z.strictObject({ kind: z.literal('notice'), text: text(MOST.notice) }),
  z.strictObject({ kind: z.literal('unknown'), name: text(MOST.word) }),
])

const numbered = { seq: z.int().min(1).describe('1, 2, 3 … under one claim'), at: time }

export const item = z.discriminatedUnion('is', [
  z.strictObject({
    ...{ is: z.literal('event'), ...numbered, event: conversationEvent },
    lease: id.optional().describe('Of the end of a turn: the lease that served it'),
  }),
  z.strictObject({
    ...{ is: z.literal('state'), ...numbered, state: z.enum(REPORTED_STATES) },
    reason: text(MOST.reason).default(''),
    until: time.optional().describe('While it waits: when it looks again'),
  }),
  z.strictObject({
    ...{ is: z.literal('message'), ...numbered, message: ownId },
    state: z
      .enum(MESSAGE_STATES)
      .describe(
        'sent: before the program gets it. queued: the program certainly never got it. done, failed: what came of it',
      ),
    reason: text(MOST.reason).default(''),
  }),
])
