// Shapes of the installation's own operations.

import { z } from 'zod'
import { state, time } from '../shared.ts'

const count = z.int().min(0)
const keyId = z.string().describe('An HMAC of the master key, in hexadecimal')

const rekeying = z.object({
  state: z
    .enum(['settled', 'wanted', 'running', 'waiting'])
    .describe('wanted: ask for it with rekey.start. waiting: see problem'),
  problem: z.string().nullable().describe('What stands in the way'),
  source: z.string().describe('Variable or file the master keys come from'),
  ours: z.boolean().describe('Whether the server makes and removes master keys itself'),
  current: keyId.describe('Everything new is under this one'),
  recorded: keyId.describe('Everything was under this one when re-keying last ended'),
  keys: z.array(z.object({ id: keyId, dataKeys: count })).describe('Of this server, the current one first'),
  rewrapped: count.describe('Data keys brought under the current one since this server began'),
  left: count.describe('Data keys under an older one'),
  lost: count.describe('Data keys under a master key that this server does not have'),
  servers: z
    .array(z.object({ name: z.string(), keys: z.array(keyId) }))
    .describe('The others on the same database'),
})

export const OPERATING_SCHEMAS = {
  'server.describe': {
    input: z.strictObject({}),
    output: z.object({
      product: z.literal('claviger'),
      version: z.string(),
      time: time.describe('By the clock of the installation'),
      organization: z.string().describe('The one that operates the installation'),
      fingerprint: z
        .string()
        .describe(
          'Tells installations apart: it stays when keys, addresses and databases change. No secret.',
        ),
      publicUrl: z.string().describe('Where people reach it'),
    }),
  },
  'status.get': {
    input: z.strictObject({}),
    output: z.object({
      version: z.string(),
      server: z.string().describe('The server that answers: HOST:PID'),
      database: z.object({
        kind: z.enum(['memory', 'sqlite', 'postgres']),
        version: z.string(),
        address: z.string().describe('Without user and password'),
        migrations: z.array(z.string()),
      }),
      clockOffsetSeconds: z.number().describe("How far the database's clock is ahead of the server's"),
      masterKeyId: z.string(),
      counts: z.object({
        credentials: z.partialRecord(state, count).describe('By state'),
        runningLeases: count,
        liveTokens: count,
      }),
      warnings: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string() })),
    }),
  },
  'rekey.start': { input: z.strictObject({}), output: rekeying },
  'rekey.status': { input: z.strictObject({}), output: rekeying },
} as const
