// Shapes of invitations, sign-in links and device authorization.

import { z } from 'zod'
import { ROLES } from '../../domain/caller.ts'
import { id, time } from './shared.ts'

const DAY_SECONDS = 86_400

const role = z.enum(['owner', 'admin', 'member', 'auditor'])
const email = z.string().max(320)
const personName = z.string().max(200)
const password = z.string().max(200).describe('At least 12 characters')
const code = z.string().max(100)
const client = z.string().trim().min(1).max(64).describe('What the machine calls itself')
const userCode = z.string().max(40).describe('XXXX-XXXX, whatever the case and the dash')
const secondFactor = z
  .string()
  .max(40)
  .optional()
  .describe('Code of the authenticator app, or a recovery code, of somebody who has set one up')
const organization = z.object({ id: z.string(), name: z.string() })
const person = z.object({ id: z.string(), email: z.string(), name: z.string(), role: z.enum(ROLES) })

const invitation = z.object({
  id,
  kind: z.enum(['join', 'sign-in']),
  email: z.string(),
  role: z.enum(ROLES),
  teams: z.array(z.string()),
  createdBy: z.string().describe('E-mail, or the id of somebody who is no member any more'),
  createdAt: time,
  expiresAt: time,
})

const shownOnce = invitation.extend({
  link: z.string().describe('Shown this once'),
  code: z.string().describe('The same, to be typed into a terminal'),
})

const terminal = z.object({
  userCode: z.string(),
  client: z.string(),
  address: z.string().describe('Where it asked from'),
  organization: z.string().nullable().describe('The organization it asked for'),
  createdAt: time,
  expiresAt: time,
})

const token = {
  token: z.string().optional().describe('Shown this once'),
  tokenName: z.string().optional(),
  tokenExpiresAt: time.optional(),
}

export const SIGNING_IN_SCHEMAS = {
  'invitations.create': {
    input: z.strictObject({
      email,
      role,
      teams: z.array(z.string().max(64)).max(50).default([]),
      expiresInSeconds: z
        .int()
        .min(60)
        .max(30 * DAY_SECONDS)
        .default(7 * DAY_SECONDS),
    }),
    output: shownOnce,
  },
  'invitations.list': {
    input: z.strictObject({}),
    output: z.object({ invitations: z.array(invitation) }),
  },
  'invitations.revoke': { input: z.strictObject({ id }), output: z.object({ revoked: z.boolean() }) },
  'members.link': {
    input: z.strictObject({ member: z.string().max(320).describe('E-mail or id') }),
    output: shownOnce,
  },
  'invitations.describe': {
    input: z.strictObject({ code }),
    output: z.object({
      kind: z.enum(['join', 'sign-in']),
      organization: z.string(),
      email: z.string(),
      role: z.enum(ROLES),
      givesEmail: z.boolean().describe('Whether an e-mail can be given when it is used'),
      expiresAt: time,
    }),
  },
  'invitations.accept': {
    input: z.strictObject({
      code,
      name: personName.optional().describe('Needed to become a member'),
      password: password.optional(),
      email: email.optional(),
      token: z.boolean().default(false).describe('Also make a token for the terminal that asks'),
      client: client.optional(),
      session: z.boolean().default(false).describe('Also sign the browser in that asks'),
      secondFactor,
    }),
    output: z.object({ organization, person, signedIn: z.boolean(), ...token }),
  },
  'device.start': {
    input: z.strictObject({ client, organization: z.string().max(200).optional().describe('Id or name') }),
    output: z.object({
      deviceCode: z.string(),
      userCode: z.string(),
      verificationUrl: z.string(),
      verificationUrlComplete: z.string(),
      expiresInSeconds: z.int(),
      intervalSeconds: z.int().describe('How long to wait between two polls'),
    }),
  },
  'device.poll': {
    input: z.strictObject({ deviceCode: code }),
    output: z.object({
      state: z.enum(['pending', 'slow_down', 'denied', 'expired', 'approved']),
      organization: organization.optional(),
      person: person.optional(),
      ...token,
    }),
  },
  'device.describe': { input: z.strictObject({ userCode }), output: terminal },
  'device.signIn': {
    input: z.strictObject({
      userCode,
      email,
      password,
      decision: z.enum(['approve', 'deny']),
      secondFactor,
      organization: z.string().max(200).optional().describe('Id or name, of one who belongs to several'),
    }),
    output: z.object({
      decided: z.boolean(),
      client: z.string(),
      organization: organization.optional().describe('The one it was let into'),
      choices: z.array(organization).optional().describe('Name one of these'),
    }),
  },
  'device.approve': { input: z.strictObject({ userCode }), output: terminal },
  'device.deny': { input: z.strictObject({ userCode }), output: terminal },
} as const
