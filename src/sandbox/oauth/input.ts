// Reads what the control routes of the OAuth server are sent. Everything wrong is a BadRequest in one sentence.

import { BadRequest, isObject, type JsonObject } from '../http.ts'
import type { TokenFault } from './faults.ts'
import { type Account, type GrantSettings, rotations } from './grants.ts'

/** A text of `body`, when there is one. */
export function textAt(body: JsonObject, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new BadRequest(400, `${name} must be a text.`)
}

export function flagAt(body: JsonObject, name: string): boolean | undefined {
  const value = body[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new BadRequest(400, `${name} must be true or false.`)
}

export function numberAt(body: JsonObject, name: string): number | undefined {
  const value = body[name]
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new BadRequest(400, `${name} must be a number.`)
}

/** A whole number, `least` or above. */
export function countAt(body: JsonObject, name: string, least = 0): number | undefined {
  const value = numberAt(body, name)
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return value
  throw new BadRequest(400, `${name} must be a whole number, ${least} or above.`)
}

export function choiceAt<const Choice extends string>(
  body: JsonObject,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  const choice = choices.find((one) => one === value)
  if (choice === undefined) throw new BadRequest(400, `${name} must be one of ${choices.join(', ')}.`)
  return choice
}

/** An object of `body`, empty when there is none. */
function objectAt(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? {}
  if (isObject(value)) return value
  throw new BadRequest(400, `${name} must be an object.`)
}

/** The same without what is undefined. */
export function present<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}

export function accountAt(body: JsonObject): Partial<Account> {
  const account = objectAt(body, 'account')
  const names = ['id', 'email', 'plan', 'userId', 'organizationId', 'organizationName'] as const
  return present(Object.fromEntries(names.map((name) => [name, textAt(account, name)])))
}

export function grantSettingsAt(body: JsonObject, name: string): Partial<GrantSettings> {
  const settings = objectAt(body, name)
  return present({
    rotation: choiceAt(settings, 'rotation', rotations),
    graceMs: countAt(settings, 'graceMs'),
    accessTokenMs: countAt(settings, 'accessTokenMs'),
    chainMs: settings.chainMs === null ? null : countAt(settings, 'chainMs'),
  })
}

// Field → how it is read. A field with a question mark may be left out.
type Fields = Readonly<Record<string, (body: JsonObject, name: string) => unknown>>

const at = (body: JsonObject, name: string) => choiceAt(body, name, ['before-commit', 'after-commit'])
const text = (body: JsonObject, name: string) => textAt(body, name)
const count = (body: JsonObject, name: string) => countAt(body, name)
const some = (body: JsonObject, name: string) => countAt(body, name, 1)

const faultFields: Readonly<Record<TokenFault['kind'], Fields>> = {
  status: {
    status: (body, name) => countAt(body, name, 200),
    'code?': text,
    'retryAfter?': text,
    'at?': at,
  },
  html: { 'at?': at },
  redirect: { to: text, 'at?': at },
  huge: { bytes: count, 'at?': at },
  lost: { 'at?': at },
  delay: { ms: count, 'at?': at },
  hang: { 'at?': at },
  drip: { everyMs: count, 'bytes?': some },
  'no-refresh-token': {},
  'unchanged-refresh-token': {},
  'expires-in': { 'value?': lifetime },
  'other-account': { 'account?': (body) => accountAt(body) },
}

/** A fault as the control routes take it: the same object as in a program. */
export function faultAt(body: JsonObject): TokenFault {
  const fault = objectAt(body, 'fault')
  const kinds = Object.keys(faultFields) as TokenFault['kind'][]
  const kind = choiceAt(fault, 'kind', kinds)
  if (kind === undefined) throw new BadRequest(400, `fault needs a kind: ${kinds.join(', ')}.`)
  const parsed: Record<string, unknown> = { kind }
  for (const [field, read] of Object.entries(faultFields[kind])) {
    const name = field.replace('?', '')
    const value = read(fault, name)
    if (value === undefined && name === field) throw new BadRequest(400, `A fault ${kind} needs ${name}.`)
    if (value !== undefined) parsed[name] = value
  }
  const unknown = Object.keys(fault).find((name) => name !== 'kind' && !isField(kind, name))
  if (unknown !== undefined) throw new BadRequest(400, `A fault ${kind} has no ${unknown}.`)
  return parsed as TokenFault
}

function isField(kind: TokenFault['kind'], name: string): boolean {
  return name in faultFields[kind] || `${name}?` in faultFields[kind]
}

function lifetime(body: JsonObject, name: string): number | string | undefined {
  return typeof body[name] === 'string' ? body[name] : numberAt(body, name)
}
