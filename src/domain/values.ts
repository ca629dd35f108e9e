// Checks what people enter for a credential's fields, by the types table. Messages never repeat a secret value.

import {
  CREDENTIAL_TYPES,
  type CredentialType,
  enteredFields,
  type FieldDefinition,
} from './credential-types.ts'
import { ClavigerError } from './errors.ts'
import { checkVariableName, printable } from './names.ts'
import { Secret } from './secret.ts'

/** Linux limits one `KEY=VALUE` string of an environment to 128 KiB including its end (MAX_ARG_STRLEN). */
export const MAX_ENVIRONMENT_STRING = 128 * 1024 - 1

/** Field name → value. */
export type FieldValues = Readonly<Record<string, Secret>>

/** What was entered, checked and trimmed. */
export interface CheckedFields {
  readonly values: FieldValues
  /** The fields that are no secret, as plain text for display. */
  readonly shown: Readonly<Record<string, string>>
  /** The last characters of the identifying field, empty when it is too short to show any; null when it was not given. */
  readonly suffix: string | null
}

/**
 * Checks a complete set of fields for a new credential. Throws `invalid` (missing, unknown, malformed) or `too_large`.
 */
export function checkFields(
  type: CredentialType,
  name: string,
  given: Readonly<Record<string, string>>,
): CheckedFields {
  if (type === 'raw') checkVariableName(name)
  const checked = checkSomeFields(type, name, given)
  for (const field of CREDENTIAL_TYPES[type].fields) {
    if (field.required && checked.values[field.name] === undefined) {
      throw new ClavigerError('invalid', `The ${field.label} is missing.`, {
        hint: `Give a value such as ${field.example}.`,
      })
    }
  }
  return checked
}

/** Checks the fields that are given, for an update that keeps the others. Same errors as {@link checkFields}. */
export function checkSomeFields(
  type: CredentialType,
  name: string,
  given: Readonly<Record<string, string>>,
): CheckedFields {
  const definition = CREDENTIAL_TYPES[type]
  const values: Record<string, Secret> = {}
  const shown: Record<string, string> = {}
  let suffix: string | null = null
  for (const [fieldName, value] of Object.entries(given)) {
    const field = definition.fields.find((one) => one.name === fieldName)
    if (!field) {
      throw new ClavigerError('invalid', `${type} has no field "${printable(fieldName)}".`, {
        hint: `Its fields are ${enteredFields(type)
          .map((one) => one.name)
          .join(', ')}.`,
      })
    }
    const text = checkField(field, field.variable ?? name, value)
    values[field.name] = new Secret(text)
    if (!field.secret) shown[field.name] = text
    if (field.name === definition.suffixOf) suffix = type !== 'raw' && text.length >= 16 ? text.slice(-4) : ''
  }
  return { values, shown, suffix }
}

/** Throws `invalid` for a field that nobody enters. */
export function checkEntered(type: CredentialType, given: Readonly<Record<string, string>>): void {
  const entered = enteredFields(type).map(({ name }) => name)
  const other = Object.keys(given).find(
    (name) => !entered.includes(name) && CREDENTIAL_TYPES[type].fields.some((field) => field.name === name),
  )
  if (other === undefined) return
  throw new ClavigerError('invalid', `The field "${other}" of ${type} comes with a sign-in only.`, {
    hint: `Fields to enter are ${entered.join(', ')}.`,
  })
}

/** Throws `too_large` for a value of so many bytes that no program could be given it under that name. */
export function checkEnvironmentSize(variable: string, bytes: number, label = 'value'): void {
  const size = new TextEncoder().encode(`${variable}=`).length + bytes
  if (size <= MAX_ENVIRONMENT_STRING) return
  throw new ClavigerError('too_large', `The ${label} is too long for the environment of a program.`, {
    hint: `${variable}=VALUE may have at most ${MAX_ENVIRONMENT_STRING} bytes; this has ${size}.`,
  })
}

function checkField(field: FieldDefinition, variable: string, value: string): string {
  const text = value.trim()
  if (text === '')
    throw new ClavigerError('invalid', `The ${field.label} is empty.`, {
      hint: 'Nothing was changed. Enter a value.',
    })
  if (!field.multiline && /[\r\n]/.test(text)) {
    throw new ClavigerError('invalid', `The ${field.label} has a line break inside.`, {
      hint: 'Paste it as one line; breaks at the ends are removed for you.',
    })
  }
  checkEnvironmentSize(variable, new TextEncoder().encode(text).length, field.label)
  for (const [prefix, other] of Object.entries(field.mistakenFor ?? {})) {
    if (text.startsWith(prefix)) {
      throw new ClavigerError(
        'invalid',
        `This is not the ${field.label}: it looks like a ${other} credential.`,
        {
          hint: `Create it as ${other} instead.`,
        },
      )
    }
  }
  if (!field.pattern.test(text)) {
    throw new ClavigerError('invalid', `The ${field.label} does not look right: it ${field.expectation}.`, {
      hint: `An example: ${field.example}`,
    })
  }
  return text
}
