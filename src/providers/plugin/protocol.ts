// What Claviger and a plugin of a provider say to each other: JSON, one object a line, a request and then its answer. This
// table is the documentation too (docs/plugins.md is made from it).

import { z } from 'zod'
import { PLUGIN_TYPES } from '../../domain/credential-types.ts'
import { PLUGIN_NAME } from '../../domain/names.ts'

/** The version of it that is spoken here; a plugin that answers with another is not used. */
export const PROTOCOL = 1

/** What a program is called: this, and the name of the provider. */
export const PROGRAM_PREFIX = 'claviger-provider-'

/** Bounds of one start of a plugin. Times are milliseconds. */
export const LIMITS = {
  describe: 10_000,
  call: 30_000,
  /** All steps of a login together, people included. */
  login: 600_000,
  steps: 50,
  lineBytes: 64 * 1024,
  /** Both streams together. */
  outputBytes: 1024 * 1024,
} as const

const METHODS = ['describe', 'login', 'continue', 'refresh', 'probe', 'revoke'] as const

export type Method = (typeof METHODS)[number]

/** What a plugin may have beside `describe`, `login` and `continue`. */
const ABILITIES = ['refresh', 'probe', 'revoke'] as const

export type Ability = (typeof ABILITIES)[number]

const text = (most: number) => z.string().min(1).max(most)
const SECONDS_AT_MOST = 366 * 24 * 3600

export const descriptionShape = z.object({
  name: text(32).regex(PLUGIN_NAME).describe('The NAME of `claviger-provider-NAME`.'),
  version: text(40).describe('Its own version, for people.'),
  title: text(80).optional().describe('What people call the provider.'),
  types: z.array(z.enum(PLUGIN_TYPES)).min(1).describe('Types of credentials it brings.'),
  methods: z.array(z.enum(ABILITIES)).describe('What it can do beside signing in.'),
  environment: z
    .array(text(64).regex(/^[A-Z][A-Z0-9_]*$/))
    .max(32)
    .optional()
    .describe('Variables it is given, where they are set. `CLAVIGER_…` is never given.'),
  hosts: z.array(text(253)).max(32).optional().describe('Whom it talks to, for people; nothing is enforced.'),
})

export type Description = z.infer<typeof descriptionShape>

const accountShape = z.object({
  id: text(200).optional().describe('Whose it is, for telling accounts apart.'),
  email: text(200).optional(),
})

export const renewalShape = z.object({
  refresh: text(16_384).describe('What `refresh` is given. It never leaves this machine but to the plugin.'),
  expiresInSeconds: z.number().min(1).max(SECONDS_AT_MOST).describe('How long the key lives from now on.'),
})

export const credentialShape = z.object({
  type: z.enum(PLUGIN_TYPES).describe('One of those it has described.'),
  key: text(16_384).describe('What the harness is given. It must fit the type: docs/credential-types.md.'),
  baseUrl: text(2_000).optional().describe('For `codex/api-key` only.'),
  account: accountShape.optional(),
  renewal: renewalShape.optional().describe('Only for a key that ends and that `refresh` renews.'),
})

const stepText = { text: text(1_000).describe('One sentence for the person.') }

export const stepShape = z.discriminatedUnion('step', [
  z.object({ step: z.literal('prompt'), ...stepText, secret: z.boolean().optional() }),
  z.object({ step: z.literal('open'), ...stepText, url: z.url({ protocol: /^https?$/ }).max(4_000) }),
  z.object({ step: z.literal('note'), ...stepText }),
  z.object({ step: z.literal('done'), credential: credentialShape }),
])

export type PluginStep = z.infer<typeof stepShape>

export const PROBE_RESULTS = ['works', 'refused', 'no_credit', 'limited', 'forbidden', 'unknown'] as const

export const probeShape = z.object({ result: z.enum(PROBE_RESULTS) })

export const revokeShape = z.object({ revoked: z.boolean().describe('False: ask again later.') })

/** Why a plugin does not do what it was asked. */
export const ERRORS = {
  unsupported: 'It has no such method.',
  invalid: 'It does not understand the request.',
  denied: 'The person, or the provider, did not agree. For `login` and `continue`.',
  refused: 'For good: the login is over, and nothing but a new one helps. For `refresh`.',
  unavailable: 'Not now, and nothing has changed at the provider. It is asked again later.',
  unknown: 'Nobody knows whether the provider has done it. It is asked again, carefully.',
} as const

export type ErrorName = keyof typeof ERRORS

const errorShape = z.object({
  code: z.enum(Object.keys(ERRORS) as [ErrorName, ...ErrorName[]]),
  message: text(1_000).optional().describe('For the person who signs in; shown nowhere else.'),
  retryAfterSeconds: z.number().min(0).max(86_400).optional(),
})

export const answerShape = z.object({
  protocol: z.literal(PROTOCOL),
  id: text(64).describe('That of the request.'),
  result: z.record(z.string(), z.unknown()).optional(),
  error: errorShape.optional(),
})

/** A credential as it goes to a plugin. */
export interface PluginCredential {
  readonly type: string
  readonly key: string
  readonly baseUrl?: string
  readonly account?: { readonly id?: string; readonly email?: string }
  readonly refresh?: string
}
