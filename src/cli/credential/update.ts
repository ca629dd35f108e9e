// `credential update`: a new value, single fields of it, or the description.

import { CREDENTIAL_TYPES, type CredentialType, enteredFields } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { checkSomeFields } from '../../domain/values.ts'
import type { Context } from '../context.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { fieldsToSend } from '../secrets.ts'
import { checkDescription, givenFields } from './create.ts'
import { shortly } from './describe.ts'
import { askedFields, enterFields } from './entry.ts'

export interface UpdateOptions extends OwnerFlags {
  readonly value?: boolean
  readonly valueFile?: string
  readonly field?: readonly string[]
  readonly clearField?: readonly string[]
  readonly description?: string
  readonly test?: boolean
  readonly baseUrl?: string
  readonly region?: string
}

export async function run(
  context: Context,
  options: UpdateOptions,
  words: readonly string[],
): Promise<number> {
  const { value, valueFile, field = [], clearField = [], description } = options
  const entersValue = value === true || valueFile !== undefined || field.length > 0
  if (value === true && valueFile !== undefined) {
    throw new ClavigerError('invalid', '--value and --value-file exclude each other.', {
      hint: '--value asks for the value; --value-file reads it.',
    })
  }
  checkDescription(description)
  const { client, who, credential } = await findCredential(context, options, words, { manage: true })
  const { id, type, name } = credential
  if (entersValue && CREDENTIAL_TYPES[type].entry === 'sign-in') {
    throw new ClavigerError('invalid', `${name} is made by signing in: there is no value to enter.`, {
      hint: `Sign in for it again: claviger credential login ${name}`,
    })
  }
  const given = givenFields(type, name, options)
  const fields = field.length > 0 ? namedFields(type, field) : askedFields(type, given)
  const entry = { type, name, fields, keeps: fields.length > 1, valueFile }
  const entered = entersValue ? await enterFields(context, entry) : {}
  const { values } = checkSomeFields(type, name, { ...given, ...entered })
  if (Object.keys(values).length === 0 && clearField.length === 0 && description === undefined) {
    throw new ClavigerError('invalid', 'There is nothing to change.', {
      hint: 'Give --value for a new value, or --description TEXT.',
    })
  }
  const updated = await client.call('credentials.update', {
    id,
    ...(Object.keys(values).length > 0 && { fields: fieldsToSend(values) }),
    ...(description !== undefined && { description }),
    clear: [...clearField],
    test: options.test === true,
  })
  context.ui.answer(updated, () => [`Updated ${shortly(updated, who)}.`])
  return 0
}

function namedFields(type: CredentialType, names: readonly string[]) {
  const fields = enteredFields(type)
  return names.map((name) => {
    const field = fields.find((one) => one.name === name)
    if (field) return field
    throw new ClavigerError('invalid', `${type} has no field "${printable(name)}".`, {
      hint: `Its fields are ${fields.map((one) => one.name).join(', ')}.`,
    })
  })
}
