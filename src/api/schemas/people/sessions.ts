// Shapes of browsers that people are signed in with.

import { z } from 'zod'
import { ROLES } from '../../../domain/caller.ts'
import { id, time } from '../shared.ts'

const email = z.string().max(320)
const password = z.string().max(200)
const organization = z.object({ id: z.string(), name: z.string() })
const method = z.enum(['password', 'invitation', 'sign-in link', 'github', 'oidc'])

const view = z.object({
  person: z.object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    teams: z.array(z.string()),
    hasPassword: z.boolean(),
    secondFactor: z.boolean(),
  }),
  organization,
  organizations: z.array(organization).describe('All that the person belongs to, by name'),
  operator: z.boolean().describe('Whether this organization operates the installation'),
  session: z
    .object({ id, method, createdAt: time, expiresAt: time })
    .nullable()
    .describe('Null when it was asked with a token'),
})

const listed = z.object({
  id,
  current: z.boolean().describe('The one that asks'),
  method,
  userAgent: z.string(),
  address: z.string().describe('Where it signed in from'),
  organization,
  createdAt: time,
  lastSeenAt: time,
  expiresAt: time,
})

export const SESSION_SCHEMAS = {
  'signIn.methods': {
    input: z.strictObject({}),
    output: z.object({
      password: z.boolean(),
      providers: z.array(z.object({ id: z.string(), name: z.string() })),
      takesCookies: z
        .boolean()
        .describe('False: browsers keep no sign-in over plain http to another machine'),
    }),
  },
  'session.create': {
    input: z.strictObject({
      email,
      password,
      code: z
        .string()
        .max(40)
        .optional()
        .describe('Of the authenticator app, or a recovery code: when the answer was `second-factor`'),
      organization: z.string().max(200).optional().describe('Id or name; else the one last used'),
    }),
    output: z.object({ state: z.enum(['signed-in', 'second-factor']), session: view.optional() }),
  },
  'session.read': { input: z.strictObject({}), output: view },
  'session.switch': {
    input: z.strictObject({ organization: z.string().max(200).describe('Id or name') }),
    output: view,
  },
  'session.end': { input: z.strictObject({}), output: z.object({ ended: z.boolean() }) },
  'sessions.list': { input: z.strictObject({}), output: z.object({ sessions: z.array(listed) }) },
  'sessions.revokeOthers': { input: z.strictObject({}), output: z.object({ revoked: z.int() }) },
  'sessions.revoke': { input: z.strictObject({ id }), output: z.object({ revoked: z.boolean() }) },
  'password.change': {
    input: z.strictObject({
      current: password.optional().describe('Left out only by somebody who has none yet'),
      password: password.describe('At least 12 characters'),
    }),
    output: z.object({ endedSessions: z.int() }),
  },
} as const
