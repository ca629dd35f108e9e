// Request and response shapes of every operation: one schema each gives the check, the type and the documentation.
// Shape only: whether a value fits its type or a caller may ask is decided in domain/ and control/.

import { z } from 'zod'
import { MISSING } from '../domain/errors.ts'
import type { OperationName } from './operations.ts'
import { AUDIT_SCHEMAS } from './schemas/audit.ts'
import { CONSOLE_SCHEMAS } from './schemas/console.ts'
import { CREDENTIAL_SCHEMAS } from './schemas/credentials.ts'
import { BACKUP_SCHEMAS } from './schemas/installation/backup.ts'
import { CHANNEL_SCHEMAS } from './schemas/installation/channels.ts'
import { OPERATING_SCHEMAS } from './schemas/installation/operating.ts'
import { TELLING_SCHEMAS } from './schemas/installation/telling.ts'
import { LEASE_SCHEMAS } from './schemas/leases.ts'
import { LOGIN_SCHEMAS } from './schemas/logins.ts'
import { MACHINE_SCHEMAS } from './schemas/machines.ts'
import { ACCOUNT_SCHEMAS } from './schemas/people/account.ts'
import { SESSION_SCHEMAS } from './schemas/people/sessions.ts'
import { PEOPLE_SCHEMAS } from './schemas/people.ts'
import { RUN_SCHEMAS } from './schemas/runs.ts'
import { SETTING_SCHEMAS } from './schemas/settings.ts'
import { SIGNING_IN_SCHEMAS } from './schemas/signing-in.ts'
import { TOKEN_SCHEMAS } from './schemas/tokens.ts'

export const SCHEMAS = {
  ...CREDENTIAL_SCHEMAS,
  ...LOGIN_SCHEMAS,
  ...LEASE_SCHEMAS,
  ...RUN_SCHEMAS,
  ...TOKEN_SCHEMAS,
  ...SIGNING_IN_SCHEMAS,
  ...SESSION_SCHEMAS,
  ...ACCOUNT_SCHEMAS,
  ...MACHINE_SCHEMAS,
  ...SETTING_SCHEMAS,
  ...AUDIT_SCHEMAS,
  ...PEOPLE_SCHEMAS,
  ...OPERATING_SCHEMAS,
  ...BACKUP_SCHEMAS,
  ...TELLING_SCHEMAS,
  ...CHANNEL_SCHEMAS,
  ...CONSOLE_SCHEMAS,
} as const satisfies Record<OperationName, { input: z.ZodObject; output: z.ZodObject }>

type Schemas = typeof SCHEMAS

/** What the server works with after the check (defaults filled in). */
export type Input<N extends OperationName> = z.output<Schemas[N]['input']>

/** What a client may send (defaults may be left out). */
export type Request<N extends OperationName> = z.input<Schemas[N]['input']>

export type Output<N extends OperationName> = z.output<Schemas[N]['output']>

export type CredentialView = Output<'credentials.rename'>
export type DecisionView = Output<'explain'>['decisions'][number]

/** The body of an error answer (RFC 9457 problem details). */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  requestId: z.string().optional(),
  retryAfter: z.int().optional().describe('Seconds until it can be tried again'),
  missing: z.enum(MISSING).optional().describe('What the same request can be sent again with'),
})

export type Problem = z.output<typeof problem>
