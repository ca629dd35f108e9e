// Shapes of channels.

import { z } from 'zod'
import { CHANNEL_KINDS } from '../../../domain/channels/call.ts'
import { STRANGERS } from '../../../domain/channels/serving.ts'
import { ACCESS } from '../../../domain/runs/conversation.ts'
import { id, name, time } from '../shared.ts'

const kind = z.enum(CHANNEL_KINDS)
const strangers = z
  .enum(STRANGERS)
  .describe('Who serves accounts that no member has linked, and code that is not ours: nobody, or the agent')
const access = z
  .enum(ACCESS)
  .describe('What the runs of members may do in their workspace; all others only read')
const agent = z.string().max(64).nullable().describe('The agent that serves where no person may')
const word = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/)
const settings = z.record(word, z.string().max(2000)).describe('Facts that are no secret, by name')
const secrets = z.record(word, z.string().max(20_000)).describe('By name. Write-only')

const deliverTo = z.string().describe('The address that the platform delivers to')

const channel = z.object({
  ...{ id, kind, name, settings: z.record(z.string(), z.string()), strangers, agent, access },
  secretNames: z.array(z.string()).describe('Secrets that it has'),
  deliverTo,
  account: z.string().nullable().describe('Id of who the channel is over there; null: not known yet'),
  accountName: z.string().nullable().describe('What that account is called there; null: not known yet'),
  installAt: z.string().nullable().describe('Where its app is installed; null: nowhere that is known'),
  lastDeliveryAt: time.nullable().describe('When something that was signed came last'),
  lastStatus: z.string().describe('What became of that, or of the last comment'),
  createdAt: time,
  createdBy: z.string(),
})

const field = z.object({
  name: z.string(),
  label: z.string(),
  secret: z.boolean(),
  required: z.boolean(),
  requiredWith: z.string().optional().describe('Required as well where this setting is there'),
  requiredWithout: z.string().optional().describe('Required as well where this setting is not there'),
  example: z.string(),
  expectation: z.string().describe('Completes “it …”'),
  pattern: z.string().describe('A regular expression that it has to match, once trimmed'),
  multiline: z.boolean(),
})

const platform = z.object({
  ...{ kind, title: z.string(), fields: z.array(field), deliverTo },
  isReachable: z.boolean().describe('Whether that may be reached from other machines than this one'),
  makesApps: z.boolean().describe('Whether channels.startApp can be asked for it'),
})

const delivery = z.object({
  receivedAt: time,
  author: z.string().describe('What they were called over there'),
  url: z.string().nullable(),
  attempts: z.int(),
  outcome: z.string().describe('started, continued, refused, ended, nothing, failed; empty: not yet'),
  reason: z.string(),
  run: id.nullable(),
  nextAt: time.nullable().describe('When it is tried next'),
})

const chosen = z.strictObject({ id: name.describe('Name or id') })

export const CHANNEL_SCHEMAS = {
  'channels.create': {
    input: z.strictObject({
      ...{ kind, name, settings: settings.default({}), secrets },
      strangers: strangers.default('refuse'),
      agent: agent.optional(),
      access: access.default('write'),
    }),
    output: channel,
  },
  'channels.list': {
    input: z.strictObject({}),
    output: z.object({
      channels: z.array(channel),
      kinds: z.array(platform).describe('Platforms that this server has'),
    }),
  },
  'channels.startApp': {
    input: z.strictObject({
      kind,
      name: z
        .string()
        .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,32}[\p{L}\p{N}.])?$/u)
        .describe('What the app is to be called over there'),
      organization: z.string().max(100).optional().describe('Whose it is to be; else of whoever makes it'),
    }),
    output: z.object({ url: z.string().describe('Where the browser goes') }),
  },
  'channels.get': { input: chosen, output: channel.extend({ deliveries: z.array(delivery) }) },
  'channels.update': {
    input: chosen.extend({
      name: name.optional(),
      settings: settings.optional(),
      secrets: secrets.optional().describe('By name; others stay, and an empty one is no more. Write-only'),
      strangers: strangers.optional(),
      agent: agent.optional(),
      access: access.optional(),
    }),
    output: channel,
  },
  'channels.remove': { input: chosen, output: z.object({ id }) },
  'channels.test': {
    input: chosen,
    output: z.object({
      works: z.boolean(),
      account: z.string().nullable().describe('Who the channel is over there'),
      message: z.string().describe('Why it does not work; empty when it does'),
    }),
  },
} as const
