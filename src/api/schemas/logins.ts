// Shapes of the operations on sign-ins.

import { z } from 'zod'
import { credential, imported, twin } from './credentials.ts'
import { credentialType, description, id, name, owner, time } from './shared.ts'

const login = z.object({
  id,
  type: credentialType,
  method: z.enum(['browser', 'paste', 'device']),
  state: z.enum(['pending', 'complete', 'failed', 'expired', 'cancelled']),
  message: z.string().describe('Why it has failed'),
  owner,
  name,
  expiresAt: time,
  intervalSeconds: z.number().nullable().describe('How often to ask; null unless by device'),
  credential: credential.nullable().describe('Once it is complete'),
  twins: z.array(twin),
})

const acceptNotice = z
  .boolean()
  .default(false)
  .describe('The notice about subscriptions was shown and accepted')

const code = z.string().max(200)

const DAY = 86_400

export const LOGIN_SCHEMAS = {
  'loginLinks.create': {
    input: z.strictObject({
      id,
      member: z
        .string()
        .max(320)
        .optional()
        .describe(
          'E-mail or id of whom it is for; without one, whoever it belongs to, else whoever manages it',
        ),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(7 * DAY)
        .default(DAY),
    }),
    output: z.object({
      id,
      link: z.string().describe('Shown this once'),
      member: z.object({ id: z.string(), email: z.string() }).nullable(),
      expiresAt: time,
    }),
  },
  'loginLinks.describe': {
    input: z.strictObject({ code }),
    output: z.object({
      credential: z.object({ id, name, type: credentialType, owner }),
      account: z.string().nullable().describe('The e-mail of the account to sign in with, where it is known'),
      expiresAt: time,
      methods: z.array(z.enum(['browser', 'paste', 'device'])),
    }),
  },
  'logins.start': {
    input: z.strictObject({
      type: z.enum(['codex/oauth', 'claude/oauth']),
      owner: owner.optional(),
      name: name.optional(),
      description: description.default(''),
      credential: id.optional().describe('Give this one a new login, instead of owner and name'),
      orInto: z
        .array(id)
        .max(100)
        .optional()
        .describe(
          'With owner and name: the first of these that is of the same account gets the new login instead',
        ),
      link: code
        .optional()
        .describe('The code of a link that you were sent, instead of a credential; it is used up'),
      method: z.enum(['browser', 'paste', 'device']),
      port: z
        .union([z.literal(1455), z.literal(1457)])
        .default(1455)
        .describe('Where the machine of the browser listens; the provider knows no other'),
      replaceAccount: z.boolean().default(false).describe('Even when the new login is of another account'),
      acceptNotice,
    }),
    output: login.extend({
      authorizeUrl: z.string().nullable().describe('For the browser of the person; null by device'),
      userCode: z.string().nullable().describe('To be typed at verificationUrl; by device only'),
      verificationUrl: z.string().nullable(),
    }),
  },
  'logins.get': { input: z.strictObject({ id }), output: login },
  'logins.complete': { input: z.strictObject({ id, pasted: z.string().max(16_384) }), output: login },
  'logins.cancel': { input: z.strictObject({ id }), output: login },
  'logins.import': {
    input: z.strictObject({
      from: z.enum(['codex', 'claude']).describe('Whose file it is'),
      file: z.string().max(262_144).describe('auth.json or .credentials.json, whole. Write-only.'),
      owner,
      name,
      description: description.default(''),
      acceptNotice,
    }),
    output: imported,
  },
} as const
