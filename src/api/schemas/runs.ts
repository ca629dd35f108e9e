// Shapes of runs. What workers say of them is in run-reports.ts.

import { z } from 'zod'
import { RUN_ORIGINS } from '../../domain/channels/serving.ts'
import { ACCESS } from '../../domain/runs/conversation.ts'
import { SAID_AT_MOST as MOST } from '../../domain/runs/limits.ts'
import { MESSAGE_STATES, RUN_STATES } from '../../domain/runs/run.ts'
import { item, ownId, text, usage } from './run-reports.ts'
import { harness, id, name, owner, time } from './shared.ts'

/** Longer ones belong into a file of the workspace. */
const MESSAGE_AT_MOST = 200_000

const messageText = text(MESSAGE_AT_MOST).min(1)

const workspace = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fresh') }),
  z.strictObject({ kind: z.literal('directory'), path: text(4096).min(1) }),
  z.strictObject({
    kind: z.literal('git'),
    url: text(2048).min(1),
    ref: text(255).min(1).nullable().default(null),
  }),
])

const credential = z.object({
  id,
  name: z.string(),
  type: z.string(),
  owner,
  suffix: z.string(),
  generation: z.int(),
})

const runState = z.enum(RUN_STATES)

export const runSummary = z.object({
  id,
  harness,
  title: z.string().describe('The beginning of its first message'),
  state: runState,
  since: time,
  reason: z.string().describe('Why it is in this state; empty when there is nothing to say'),
  wish: z
    .enum(['hibernate', 'cancel', 'end'])
    .nullable()
    .describe('Asked for, and not yet done by its worker'),
  for: z.object({ kind: z.enum(['person', 'agent']), id: z.string(), name: z.string() }),
  team: z.string().nullable(),
  worker: z.object({ id, name: z.string() }).nullable().describe('The one that has it'),
  credential: credential
    .nullable()
    .describe('What serves it, or served it last; null: nothing yet, or the login of the machine'),
  createdAt: time,
})

const serving = z.object({
  lease: id,
  credential: credential.nullable().describe('Null: the login of the machine itself'),
  reason: z.string().describe('Why it was taken, and why not the one before'),
  startedAt: time,
  endedAt: time.nullable(),
  turns: z.int(),
  usage,
})

const message = z.object({
  id: z.string(),
  text: z.string().nullable().describe('Null for those who see metadata only'),
  state: z.enum(MESSAGE_STATES),
  reason: z.string(),
  createdAt: time,
  createdBy: z.string(),
  changedAt: time,
})

const run = runSummary.extend({
  wanted: z.object({
    credential: z.string().nullable().describe('The one credential asked for by name; nothing else serves'),
    model: z.string().nullable(),
    access: z.enum(ACCESS),
    workspace,
    worker: z.string().nullable(),
  }),
  chosen: z
    .object({ credential: z.string().nullable(), model: z.string().nullable() })
    .nullable()
    .describe('What was chosen since, and serves from then on instead of what was asked for'),
  credentialKeyType: z.string().nullable().describe("The type of its credential in Agent Swarm's spelling"),
  credentialKeySuffix: z.string().nullable(),
  until: time.nullable().describe('While it waits for credentials: when it is looked again at the latest'),
  tried: z
    .array(z.object({ id, name: z.string(), type: z.string(), generation: z.int(), reason: z.string() }))
    .describe('What its last process was refused with, oldest first'),
  link: z.string().nullable().describe('Where its credentials are looked after, when that is what it lacks'),
  hint: z.string().nullable().describe('What to do when no worker that was heard of lately would take it'),
  served: z.array(serving).describe('Every credential that served it, oldest first'),
  usage,
  messages: z
    .array(message)
    .describe('In their order: the last ones, or the last before the position asked for'),
  before: z.int().nullable().describe('There are earlier messages: ask with this as `before`'),
  lastEvent: z.int().describe('Position of its last event'),
})

const pending = z.object({
  id: z.string(),
  text: z.string(),
  state: z
    .enum(['queued', 'sent'])
    .describe(
      'sent: an earlier process got it and nobody knows what came of it. Go on with a continuation, never with the same text',
    ),
})

const chosen = z
  .object({ count: z.int().describe('Another one is another choice'), model: z.string().nullable() })
  .nullable()
  .describe('What was chosen in mid-conversation: from the next turn on it is leased for anew')

const interrupted = z
  .string()
  .nullable()
  .describe('The message to be broken off, if that is still to be done')

const claimed = z.object({
  id,
  claim: z.string().describe('Goes with every report; another claim ends it'),
  harness,
  for: z.object({ kind: z.enum(['person', 'agent']), id: z.string(), name: z.string() }),
  model: z.string().nullable(),
  access: z.enum(ACCESS),
  workspace,
  session: z
    .string()
    .nullable()
    .describe('What the program called its memory of the conversation, on this machine'),
  usage: usage.describe('What the conversation has used so far'),
  isNew: z.boolean().describe('Nobody had it before'),
  moved: z.boolean().describe('Another machine had it: what was not pushed, and the session, stayed there'),
  wish: z.enum(['hibernate', 'cancel', 'end']).nullable(),
  bell: z.int().describe('Goes with heartbeats'),
  ...{ chosen, interrupted },
  origin: z.enum(RUN_ORIGINS).describe('`strangers`: nothing of the machine may be theirs'),
  cloneAccess: z.boolean().describe('`runs.repository` has what its repository is cloned with'),
  messages: z.array(pending),
})

const beat = z.object({ id, claim: z.string().max(100), bell: z.int().min(0) }).strict()

const waitSeconds = z.int().min(0).max(30).default(30)

const workerProcess = z
  .string()
  .min(1)
  .max(100)
  .describe(
    'A name that this process of the worker has chosen at its start, and no other has. The newest works',
  )

const chosenById = z.strictObject({ id })

export const RUN_SCHEMAS = {
  'runs.create': {
    input: z.strictObject({
      harness: harness.optional().describe('Left out: the one that the person prefers'),
      prompt: messageText.optional().describe('Its first message'),
      credential: name
        .optional()
        .describe('Name, OWNER/NAME or id of the one credential to use, without fallback'),
      team: name.optional().describe('Draw on this team only, and let its members read it'),
      workspace: workspace.default({ kind: 'fresh' }),
      access: z.enum(ACCESS).default('write').describe('What the agent may do in its workspace'),
      model: text(200)
        .min(1)
        .optional()
        .describe('Left out: the one that the person prefers for the harness'),
      worker: name.optional().describe('Only this worker'),
      key: ownId.optional().describe('Asked for again with the same key, it is the same run'),
    }),
    output: run,
  },
  'runs.list': {
    input: z.strictObject({
      state: runState.optional(),
      harness: harness.optional(),
      mine: z.stringbool().default(false).describe("The caller's own only"),
      after: id.optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    output: z.object({ runs: z.array(runSummary), next: z.string().nullable() }),
  },
  'runs.read': {
    input: z.strictObject({
      id,
      before: z.coerce
        .number()
        .int()
        .min(1)
        .optional()
        .describe('Of its messages those before this position'),
    }),
    output: run,
  },
  'runs.send': {
    input: z.strictObject({
      id,
      text: messageText,
      message: ownId.optional().describe('A name for the message: sent again, it is the same one'),
    }),
    output: z.object({ message, state: runState }),
  },
  'runs.events': {
    input: z.strictObject({
      id,
      after: z.coerce.number().int().min(0).default(0).describe('Position of the last event that is known'),
      follow: z.stringbool().default(true).describe('Stay until the run is over'),
    }),
    output: z.object({}),
  },
  'runs.hibernate': { input: chosenById, output: runSummary },
  'runs.wake': { input: chosenById, output: runSummary },
  'runs.cancel': { input: chosenById, output: runSummary },
  'runs.end': { input: chosenById, output: runSummary },
  'runs.choose': {
    input: z.strictObject({
      id,
      credential: name
        .nullable()
        .optional()
        .describe('Name, OWNER/NAME or id. Null: whichever comes first. Left out: as it was'),
      model: text(200).min(1).nullable().optional().describe('Null: none by name. Left out: as it was'),
    }),
    output: run,
  },
  'runs.interrupt': {
    input: z.strictObject({
      id,
      message: ownId.optional().describe('Left out: the one that the program has'),
    }),
    output: runSummary,
  },
  'runs.delete': { input: chosenById, output: z.object({}) },
  'runs.claim': {
    input: z.strictObject({
      harnesses: z.array(harness).min(1).max(10),
      capacity: z
        .int()
        .min(0)
        .max(100)
        .describe(
          'How many more it can take. 0: none comes, but when one waits that it could take, its idlest one hibernates',
        ),
      directories: z
        .array(text(4096).regex(/^\/(?!.*\/$)|^\/$/))
        .max(100)
        .default([])
        .describe('Directories of its machine that runs may work in, with all that is in them'),
      onlyFor: z.string().max(200).optional().describe('Only runs of this person'),
      version: text(MOST.word).optional().describe('Of Claviger on its machine'),
      server: text(2000).optional().describe('The address that it reaches the server at'),
      programs: z
        .array(z.strictObject({ harness, version: text(MOST.word).nullable() }))
        .max(10)
        .optional()
        .describe('Versions of the programs of its harnesses'),
      holding: z
        .array(z.string().max(100))
        .max(1000)
        .default([])
        .describe('Claims it has. What it had under others it has lost by starting again, and gets again'),
      process: workerProcess,
      asked: z
        .int()
        .min(0)
        .describe('Counts what this process has asked. A newer question ends the one before'),
      ended: z
        .array(workerProcess)
        .max(10)
        .default([])
        .describe(
          'Earlier processes of this worker that have certainly ended: what they had comes again at once',
        ),
      waitSeconds,
    }),
    output: z.object({ runs: z.array(claimed) }),
  },
  'runs.heartbeat': {
    input: z.strictObject({ process: workerProcess, runs: z.array(beat).max(1000), waitSeconds }),
    output: z.object({
      lost: z.array(id).describe('Under another claim, or over: stop their processes'),
      news: z.array(
        z.object({
          id,
          bell: z.int(),
          wish: z.enum(['hibernate', 'cancel', 'end']).nullable(),
          ...{ chosen, interrupted },
          messages: z.array(pending),
        }),
      ),
    }),
  },
  'runs.report': {
    input: z.strictObject({ id, claim: z.string().max(100), items: z.array(item).min(1).max(500) }),
    output: z.object({
      reported: z.int().describe('The last one that is kept'),
      state: runState,
      wish: z.enum(['hibernate', 'cancel', 'end']).nullable(),
      bell: z.int(),
    }),
  },
  'runs.repository': {
    input: z.strictObject({ id, claim: z.string().max(100) }),
    output: z.object({
      url: z.string().describe('What it is for, and nothing else'),
      username: z.string(),
      token: z.string(),
      expiresAt: time,
    }),
  },
  'runs.cloned': {
    input: z.strictObject({
      id,
      token: text(2_000)
        .regex(/^[\x21-\x7e]+$/)
        .describe('As `runs.repository` gave it'),
    }),
    output: z.object({}),
  },
  'runs.places': {
    input: z.strictObject({ places: z.array(id).max(200).describe('Ids of runs') }),
    output: z.object({
      over: z.array(id).describe('Cancelled, ended or deleted: their places may be removed'),
    }),
  },
} as const
