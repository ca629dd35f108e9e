// What a channel is configured with, checked by the fields that its platform has.

import type { Channel } from '../../channels/channel.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'

type Given = Readonly<Record<string, string>>

/** Facts that are no secret, trimmed. Throws `invalid` for one that is missing, unknown or malformed. */
export function checkedSettings(platform: Channel, given: Given): Record<string, string> {
  return checked(platform, false, given)
}

/** All secrets; they are changed together. Throws as `checkedSettings` does, and repeats no value. */
export function checkedSecrets(platform: Channel, given: Given): Record<string, Secret> {
  const values = checked(platform, true, given)
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]))
}

function checked(platform: Channel, secret: boolean, given: Given): Record<string, string> {
  const fields = platform.fields.filter((field) => field.secret === secret)
  const unknown = Object.keys(given).find((name) => !fields.some((field) => field.name === name))
  if (unknown !== undefined)
    throw new ClavigerError('invalid', `${platform.title} has no such ${secret ? 'secret' : 'setting'}.`, {
      hint: `There are: ${fields.map(({ name }) => name).join(', ')}`,
    })
  const values: Record<string, string> = {}
  for (const { name, label, required, pattern, expectation, example } of fields) {
    const value = (given[name] ?? '').trim()
    if (value === '' && !required) continue
    if (value === '')
      throw new ClavigerError('invalid', `${label} is missing (${name}).`, { hint: `It ${expectation}.` })
    if (!pattern.test(value))
      throw new ClavigerError('invalid', `${label} is not right (${name}): it ${expectation}.`, {
        hint: `For example ${example}`,
      })
    values[name] = value
  }
  return values
}
