// What a channel is configured with, checked by the fields that its platform has.

import type { Channel, ChannelField } from '../../channels/channel.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'

type Given = Readonly<Record<string, string>>

/** Facts that are no secret, trimmed. Throws `invalid` for one that is missing, unknown or malformed. */
export function checkedSettings(platform: Channel, given: Given): Record<string, string> {
  return checked(platform, false, given, given)
}

/**
 * All secrets that go with these settings: those given, beside those that are `kept`. Throws as `checkedSettings` does, and
 * repeats no value.
 */
export function checkedSecrets(
  platform: Channel,
  given: Given,
  settings: Given,
  kept: Readonly<Record<string, Secret>> = {},
): Record<string, Secret> {
  const values = checked(platform, true, given, settings, Object.keys(kept))
  const fresh = Object.entries(values).map(([name, value]) => [name, new Secret(value)])
  return { ...kept, ...Object.fromEntries(fresh) }
}

/** Throws `invalid` unless secrets of these names are all that go with these settings. */
export function mustHaveSecrets(platform: Channel, names: readonly string[], settings: Given): void {
  const field = platform.fields.find(
    (one) => one.secret && isNeeded(one, settings) && !names.includes(one.name),
  )
  if (field !== undefined) throw isMissing(field)
}

function isNeeded({ required, requiredWith, requiredWithout }: ChannelField, settings: Given): boolean {
  const isThere = (name: string) => (settings[name] ?? '').trim() !== ''
  if (requiredWith !== undefined && isThere(requiredWith)) return true
  return required || (requiredWithout !== undefined && !isThere(requiredWithout))
}

function isMissing({ name, label, expectation }: ChannelField): ClavigerError {
  return new ClavigerError('invalid', `${label} is missing (${name}).`, { hint: `It ${expectation}.` })
}

function checked(
  platform: Channel,
  secret: boolean,
  given: Given,
  settings: Given,
  kept: readonly string[] = [],
): Record<string, string> {
  const fields = platform.fields.filter((field) => field.secret === secret)
  const unknown = Object.keys(given).find((name) => !fields.some((field) => field.name === name))
  if (unknown !== undefined)
    throw new ClavigerError(
      'invalid',
      `${platform.title} has no such ${secret ? 'secret' : 'setting'}: ${printable(unknown)}.`,
      {
        hint: `There are: ${fields.map(({ name }) => name).join(', ')}`,
      },
    )
  const values: Record<string, string> = {}
  for (const field of fields) {
    const { name, label, pattern, expectation, example } = field
    const value = (given[name] ?? '').trim()
    if (value === '' && (kept.includes(name) || !isNeeded(field, settings))) continue
    if (value === '') throw isMissing(field)
    if (!pattern.test(value))
      throw new ClavigerError('invalid', `${label} is not right (${name}): it ${expectation}.`, {
        hint: `For example ${example}`,
      })
    values[name] = value
  }
  return values
}
