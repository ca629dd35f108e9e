// Every operation of the HTTP API as data: name → method, path, who may ask, what it is. Routes, client, OpenAPI and
// documentation come from it. Shapes are in schemas.ts, so that programs which must start fast load no schema library.

import type { Operation } from './operation.ts'
import { AUDIT_OPERATIONS } from './operations/audit.ts'
import { CONSOLE_OPERATIONS } from './operations/console.ts'
import { CREDENTIAL_OPERATIONS } from './operations/credentials.ts'
import { BACKUP_OPERATIONS } from './operations/installation/backup.ts'
import { CHANNEL_OPERATIONS } from './operations/installation/channels.ts'
import { OPERATING_OPERATIONS } from './operations/installation/operating.ts'
import { TELLING_OPERATIONS } from './operations/installation/telling.ts'
import { LEASE_OPERATIONS } from './operations/leases.ts'
import { LOGIN_OPERATIONS } from './operations/logins.ts'
import { MACHINE_OPERATIONS } from './operations/machines.ts'
import { ACCOUNT_OPERATIONS } from './operations/people/account.ts'
import { SESSION_OPERATIONS } from './operations/people/sessions.ts'
import { PEOPLE_OPERATIONS } from './operations/people.ts'
import { RUN_OPERATIONS } from './operations/runs.ts'
import { SETTING_OPERATIONS } from './operations/settings.ts'
import { SIGNING_IN_OPERATIONS } from './operations/signing-in.ts'
import { TOKEN_OPERATIONS } from './operations/tokens.ts'

const TABLE = {
  ...CREDENTIAL_OPERATIONS,
  ...LOGIN_OPERATIONS,
  ...LEASE_OPERATIONS,
  ...RUN_OPERATIONS,
  ...TOKEN_OPERATIONS,
  ...SIGNING_IN_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...ACCOUNT_OPERATIONS,
  ...MACHINE_OPERATIONS,
  ...SETTING_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...PEOPLE_OPERATIONS,
  ...OPERATING_OPERATIONS,
  ...BACKUP_OPERATIONS,
  ...TELLING_OPERATIONS,
  ...CHANNEL_OPERATIONS,
  ...CONSOLE_OPERATIONS,
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof TABLE

/** Operations that nobody has to be signed in for. */
export type PublicOperationName = {
  [N in OperationName]: (typeof TABLE)[N]['permission'] extends 'public' ? N : never
}[OperationName]

/** Operations that change nothing and answer with JSON: what a page reads. */
export type ReadOperationName = {
  [N in OperationName]: (typeof TABLE)[N] extends { readonly answers: string }
    ? never
    : (typeof TABLE)[N]['method'] extends 'GET'
      ? N
      : never
}[OperationName]

/** Operations whose answer may bring a browser its cookie, or take it away. */
export type CookieOperationName = {
  [N in OperationName]: (typeof TABLE)[N] extends { readonly cookie: string } ? N : never
}[OperationName]

/** Operations whose answer is a file. */
export type StreamedOperationName = {
  [N in OperationName]: (typeof TABLE)[N] extends { readonly answers: string } ? N : never
}[OperationName]

export const OPERATIONS: Readonly<Record<OperationName, Operation>> = TABLE

export const OPERATION_NAMES = Object.keys(TABLE) as OperationName[]

/** The media type of an error answer (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

/** Whether what the path does not take of an input goes to the query; else it goes to the body. */
export function takesQuery({ method }: Operation): boolean {
  return method === 'GET' || method === 'DELETE'
}

/** Splits an input into the path with its names filled in, and what is left of it. */
export function fillPath(
  path: string,
  input: Readonly<Record<string, unknown>>,
): { path: string; rest: Record<string, unknown> } {
  const rest = { ...input }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  return { path: filled, rest }
}
