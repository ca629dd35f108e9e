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

const title = z.string().max(200).describe('1 to 100 visible characters')

const page = {
  search: z.string().min(1).max(100).optional().describe('Part of a name or an e-mail'),
  after: z.string().max(320).optional().describe('Cursor: `next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('At most so many; else all'),
}
const next = z.string().nullable()
const total = z.int().describe('How many there are that fit, on all pages')

export const PEOPLE_SCHEMAS = {
  'members.list': {
    input: z.strictObject(page),
    output: z.object({ members: z.array(person), next, total }),
  },
  'members.update': { input: z.strictObject({ member, role }), output: person },
  'members.references': { input: z.strictObject({ member }), output: references },
  'members.remove': { input: z.strictObject({ member }), output: ended },
  'membership.references': { input: z.strictObject({}), output: references },
  'membership.leave': { input: z.strictObject({}), output: ended },
  'profile.update': { input: z.strictObject({ name: title }), output: z.object({ name: z.string() }) },
  'organization.update': { input: z.strictObject({ name: title }), output: organization },
  'teams.list': {
    input: z.strictObject(page),
    output: z.object({
      teams: z.array(z.object({ team: z.string(), members: z.array(z.string()).describe('E-mails') })),
      next,
      total,
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
