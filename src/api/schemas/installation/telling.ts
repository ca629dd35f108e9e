// Shapes of webhooks and events.

import { z } from 'zod'
import { EVENT_NAMES } from '../../../domain/telling/events.ts'
import { after, description, id, limit, time } from '../shared.ts'

const eventName = z.enum(EVENT_NAMES)

const webhook = z.object({
  id,
  url: z.string(),
  description,
  events: z.array(eventName).nullable().describe('Those it wants; null: all'),
  createdAt: time,
  createdBy: z.string(),
})

const delivery = z.object({
  webhook: id,
  state: z.enum(['waiting', 'delivered', 'given-up']),
  attempts: z.int(),
  lastStatus: z
    .string()
    .describe(
      'What the last try came to: a status of HTTP, or a word such as `timeout`; empty before the first',
    ),
  nextAt: time.nullable().describe('When it is tried next'),
  deliveredAt: time.nullable(),
  gaveUpAt: time.nullable(),
})

const event = z.object({
  id: id.describe('The `webhook-id` that it is sent under'),
  type: eventName,
  createdAt: time,
  credential: z
    .object({ id, name: z.string(), type: z.string(), owner: z.string(), suffix: z.string() })
    .describe('As it was then'),
  reason: z.string(),
  link: z.string().nullable(),
  deliveries: z.array(delivery),
})

export const TELLING_SCHEMAS = {
  'webhooks.create': {
    input: z.strictObject({
      url: z.string().max(2000).describe('An https address'),
      description: description.default(''),
      events: z.array(eventName).min(1).optional().describe('All when it is left out'),
    }),
    output: webhook.extend({ secret: z.string().describe('`whsec_…`, shown this once') }),
  },
  'webhooks.list': { input: z.strictObject({}), output: z.object({ webhooks: z.array(webhook) }) },
  'webhooks.remove': { input: z.strictObject({ id }), output: z.object({ id }) },
  'webhooks.test': {
    input: z.strictObject({ id }),
    output: z.object({
      delivered: z.boolean().describe('Whether the status that came back was 2xx'),
      status: z.string().describe('A status of HTTP, or a word such as `timeout`'),
    }),
  },
  'events.list': {
    input: z.strictObject({
      after,
      limit: limit(100),
      order: z.enum(['oldest', 'newest']).default('oldest').describe('Which come first'),
      state: z.enum(['undelivered']).optional().describe('Only those that some webhook has not taken'),
    }),
    output: z.object({ events: z.array(event), next: z.string().nullable() }),
  },
  'events.replay': {
    input: z.strictObject({ id }),
    output: z.object({ webhooks: z.int().describe('How many it is sent to') }),
  },
} as const
