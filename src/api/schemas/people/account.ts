// Shapes of what is a person's own beside their credentials.

import { z } from 'zod'
import { changedPreferences, id, preferences, time } from '../shared.ts'

// Postgres keeps no NUL in a text.
const password = z.string().max(200)
const code = z.string().max(40).describe('Of the app, or a recovery code')
const recoveryCodes = z.array(z.string()).describe('Each works once. Shown this once')

const provider = z.string().max(20)
const returnTo = z.string().max(1000).default('/').describe('A path of this server')
const trip = { input: z.strictObject({ provider, returnTo }), output: z.object({ url: z.string() }) }

export const ACCOUNT_SCHEMAS = {
  'signIn.start': trip,
  'accounts.list': {
    input: z.strictObject({}),
    output: z.object({
      accounts: z.array(
        z.object({
          id,
          provider: z.string(),
          accountId: z.string().describe('By which it is known; never given to another account'),
          name: z.string().describe('What it was called when it was linked'),
          linkedAt: time,
        }),
      ),
      linkable: z.array(z.object({ id: z.string(), name: z.string() })),
    }),
  },
  'accounts.link': {
    input: z.strictObject({
      ...{ provider, returnTo },
      password: password.optional().describe('Left out only by somebody who has none'),
      code: code.optional().describe('Of the app, or a recovery code, of somebody who has set one up'),
    }),
    output: trip.output,
  },
  'accounts.unlink': { input: z.strictObject({ id }), output: z.object({ unlinked: z.boolean() }) },
  'secondFactor.read': {
    input: z.strictObject({}),
    output: z.object({
      enabled: z.boolean(),
      since: time.nullable(),
      recoveryCodesLeft: z.int(),
    }),
  },
  'secondFactor.begin': {
    input: z.strictObject({ password }),
    output: z.object({
      secret: z.string().describe('To be typed into the app. Shown this once'),
      uri: z.string().describe('The same for a picture that the app reads (otpauth://)'),
    }),
  },
  'secondFactor.enable': {
    input: z.strictObject({ code: z.string().max(40).describe('That the app shows') }),
    output: z.object({ recoveryCodes }),
  },
  'secondFactor.disable': {
    input: z.strictObject({ password, code }),
    output: z.object({ enabled: z.literal(false) }),
  },
  'secondFactor.recoveryCodes': {
    input: z.strictObject({ password, code }),
    output: z.object({ recoveryCodes }),
  },
  'members.resetSecondFactor': {
    input: z.strictObject({ member: z.string().max(320).describe('E-mail or id of a member') }),
    output: z.object({ reset: z.boolean() }),
  },
  'preferences.get': { input: z.strictObject({}), output: preferences },
  'preferences.set': {
    input: changedPreferences,
    output: preferences,
  },
} as const
