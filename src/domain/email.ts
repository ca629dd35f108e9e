// E-mail addresses and names of people, as far as we look at them: whether the address exists, only a letter to it shows.

import { ClavigerError } from './errors.ts'
import { printable } from './names.ts'

const MAX_EMAIL = 254
const MAX_NAME = 100
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** The address in lower case; throws `invalid` for what is none. */
export function checkEmail(text: string): string {
  const [local = '', domain = '', ...rest] = text.length > MAX_EMAIL ? [] : text.split('@')
  const labels = domain.split('.')
  const right =
    rest.length === 0 && local.length <= 64 && LOCAL.test(local) && labels.length > 1 && labels.every(isLabel)
  if (right) return text.toLowerCase()
  throw new ClavigerError('invalid', `"${printable(text)}" is not an e-mail address.`, {
    hint: `Write it like ada@example.com, at most ${MAX_EMAIL} characters.`,
  })
}

/** The name of a person or an organization without blanks around it; throws `invalid` for one that cannot be shown. */
export function checkTitle(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= MAX_NAME && !INVISIBLE.test(name)) return name
  throw new ClavigerError('invalid', `"${printable(text)}" cannot be a name here.`, {
    hint: `Use 1 to ${MAX_NAME} visible characters.`,
  })
}

function isLabel(text: string): boolean {
  return LABEL.test(text)
}
