// Shapes of agents and workers.

import { z } from 'zod'
import { RUN_STATES } from '../../domain/runs/run.ts'
import { credentialType, description, harness, id, name, owner, state, time } from './shared.ts'

const DAY = 86_400

const agent = z.object({ name, description, createdAt: time, createdBy: z.string() })

const attached = z.object({
  id,
  name,
  owner,
  type: credentialType,
  state,
  attachedAt: time,
  attachedBy: z.string(),
})

const worker = z.object({
  id,
  name,
  agent: z.string().nullable().describe('The agent it runs as; null: it leases for itself'),
  state: z.enum(['expected', 'expired', 'enrolled', 'revoked']),
  createdAt: time,
  createdBy: z.string(),
  expiresAt: time.describe('Until when its code can be used'),
  enrolledAt: time.nullable(),
  lastSeenAt: time.nullable().describe('To the minute or so'),
  revokedAt: time.nullable(),
})

const busyWorker = worker.extend({
  embedded: z.boolean().describe('It is the one in a server'),
  off: z.string().nullable().describe('Why it carries out nothing; null: it does'),
  version: z.string().nullable().describe('Of Claviger on its machine, where it has said so'),
  server: z.string().nullable().describe('The address it reaches the server at, where it has said so'),
  programs: z
    .array(z.object({ harness, version: z.string().nullable() }))
    .nullable()
    .describe('Those of its machine that it takes runs of; null: it has never asked for any'),
  directories: z.array(z.string()).describe('Of its machine, that runs may work in'),
  runs: z
    .array(z.object({ id, harness, state: z.enum(RUN_STATES), since: time }))
    .describe('Those it has now, oldest first'),
})

const expiresInSeconds = z
  .int()
  .min(60)
  .max(3650 * DAY)
  .nullable()
  .describe('Null: never. It must be chosen.')

export const MACHINE_SCHEMAS = {
  'agents.create': {
    input: z.strictObject({ name, description: description.default('') }),
    output: agent,
  },
  'agents.list': { input: z.strictObject({}), output: z.object({ agents: z.array(agent) }) },
  'agents.get': {
    input: z.strictObject({ agent: name }),
    output: agent.extend({
      owns: z.int().describe('How many credentials it owns'),
      attached: z.array(attached),
      tokens: z.array(z.object({ name, expiresAt: time.nullable() })).describe('Those that are live'),
      workers: z.array(name).describe('Those that are not revoked'),
    }),
  },
  'agents.delete': {
    input: z.strictObject({ agent: name }),
    output: z.object({ cleared: z.array(z.string()) }),
  },
  'agents.attach': {
    input: z.strictObject({ agent: name, credential: id }),
    output: z.object({ attached: z.boolean().describe('False when it was attached already') }),
  },
  'agents.detach': {
    input: z.strictObject({ agent: name, credential: id }),
    output: z.object({ ended: z.int().describe('How many running leases ended') }),
  },
  'agents.token': {
    input: z.strictObject({ agent: name, name, expiresInSeconds }),
    output: z.object({
      id,
      name,
      agent: name,
      createdAt: time,
      expiresAt: time.nullable(),
      token: z.string().describe('Shown this once'),
    }),
  },
  'workers.enrol': {
    input: z.strictObject({
      name,
      agent: name.optional().describe('The agent it will run as'),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(7 * DAY)
        .default(3600)
        .describe('How long the code can be used'),
    }),
    output: worker.extend({
      server: z.string().nullable().describe('Where its machine reaches the server; null: as you do'),
      code: z.string().describe('Shown this once'),
    }),
  },
  'workers.list': { input: z.strictObject({}), output: z.object({ workers: z.array(busyWorker) }) },
  'workers.revoke': {
    input: z.strictObject({ name }),
    output: z.object({ ended: z.int().describe('How many running leases ended') }),
  },
  'workers.join': {
    input: z.strictObject({ code: z.string().max(200) }),
    output: z.object({
      id,
      name,
      agent: z.string().nullable(),
      organization: z.object({ id, name: z.string() }),
      token: z.string().describe('Shown this once; good until the worker is revoked'),
    }),
  },
} as const
