// Shapes of members, teams and organizations.

import { z } from 'zod'
import { ROLES } from '../../domain/caller.ts'
import { name } from './shared.ts'

const email = z.string().max(320)
const member = z.string().max(320).describe('E-mail or id of a member')
const team = z.string().max(80).describe('Slug of a team')
const role = z.enum(['owner', 'admin', 'member', 'auditor'])

const person = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  teams: z.array(z.string()),
})

const held = z
  .object({ tokens: z.int(), leases: z.int(), credentials: z.int() })
  .describe('Tokens that are not revoked, running leases, personal credentials')

const ended = z.object({ id: z.string(), email: z.string(), ended: held })
const references = z.object({ id: z.string(), email: z.string(), held, references: z.array(z.string()) })
const organization = z.object({ id: z.string(), name: z.string() })
const joined = z.object({ team: z.string(), member: z.string(), changed: z.boolean() })

export const PEOPLE_SCHEMAS = {
  'members.list': { input: z.strictObject({}), output: z.object({ members: z.array(person) }) },
  'members.update': { input: z.strictObject({ member, role }), output: person },
  'members.references': { input: z.strictObject({ member }), output: references },
  'members.remove': { input: z.strictObject({ member }), output: ended },
  'membership.references': { input: z.strictObject({}), output: references },
  'membership.leave': { input: z.strictObject({}), output: ended },
  'teams.list': {
    input: z.strictObject({}),
    output: z.object({
      teams: z.array(z.object({ team: z.string(), members: z.array(z.string()).describe('E-mails') })),
    }),
  },
  'teams.create': { input: z.strictObject({ team }), output: z.object({ team: z.string() }) },
  'teams.delete': { input: z.strictObject({ team }), output: z.object({ deleted: z.string() }) },
  'teams.join': { input: z.strictObject({ team, member }), output: joined },
  'teams.leave': { input: z.strictObject({ team, member }), output: joined },
  'organizations.list': {
    input: z.strictObject({}),
    output: z.object({ organizations: z.array(organization) }),
  },
  'organizations.create': {
    input: z.strictObject({
      name,
      owner: email.describe('E-mail of its first owner, who may be new here'),
      ownerName: name.optional().describe('Of an owner who is new here; else what stands before the @'),
    }),
    output: organization.extend({
      owner: person,
      link: z
        .string()
        .optional()
        .describe('For an owner who is new here, to set a password; shown this once'),
    }),
  },
} as const
