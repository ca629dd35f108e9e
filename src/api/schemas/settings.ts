// Shapes of what an organization has set for itself.

import { z } from 'zod'
import { SUBSCRIPTION_POLICIES } from '../../domain/resolution/policy.ts'
import { changedPreferences, harness, preferences, time } from './shared.ts'

const policy = z.enum(SUBSCRIPTION_POLICIES)

const harnessSwitch = z.object({
  harness,
  title: z.string(),
  enabled: z.boolean(),
  since: time.nullable().describe('When it was last switched; null when it never was'),
  by: z.string().nullable().describe('Who switched it'),
})

const subscriptions = z.object({
  harness,
  policy: policy.describe('What holds in the organization'),
  isDefault: z.boolean().describe('Nobody has chosen it'),
  since: time.nullable(),
  by: z.string().nullable(),
  effective: policy.describe('What holds for the caller: `owner` is `off` until the notice was accepted'),
  noticeAccepted: z
    .boolean()
    .nullable()
    .describe(
      "Whether the caller has accepted the notice; null where there is none. A person's own subscription waits for it under `shared` too.",
    ),
  notice: z.string().nullable().describe('To be shown before a subscription of one’s own is stored'),
  sharingTerms: z.string().nullable().describe('To be shown before `shared` is chosen'),
})

const takeOut = z
  .object({ harness, allowed: z.boolean() })
  .describe('Whether personal credentials may be taken out of this server')

export const SETTING_SCHEMAS = {
  'harnesses.list': { input: z.strictObject({}), output: z.object({ harnesses: z.array(harnessSwitch) }) },
  'harnesses.set': { input: z.strictObject({ harness, enabled: z.boolean() }), output: harnessSwitch },
  'defaults.get': { input: z.strictObject({}), output: preferences },
  'defaults.set': { input: changedPreferences, output: preferences },
  'policy.get': {
    input: z.strictObject({}),
    output: z.object({ policies: z.array(subscriptions), takeOut: z.array(takeOut) }),
  },
  'policy.takeOut': { input: z.strictObject(takeOut.shape), output: takeOut },
  'policy.set': {
    input: z.strictObject({
      harness,
      policy: z.enum([...SUBSCRIPTION_POLICIES, 'default']).describe('`default` takes a choice back'),
      acceptTerms: z
        .boolean()
        .default(false)
        .describe('The terms were shown and are accepted; needed for `shared` where there are some'),
    }),
    output: subscriptions,
  },
} as const
