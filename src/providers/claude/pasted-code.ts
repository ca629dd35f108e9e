// What people paste after signing in to Claude in a browser, brought to the one form the program reads. Pure.

import { pastedParameters, pastedText } from '../pasted-text.ts'

const MAX_CHARACTERS = 4096
const PART = /^[\w.~+/=-]+$/

/**
 * The `code#state` in what was pasted: that itself, a whole redirect URL, or its query string. Null when a half is
 * missing or it is something else.
 */
export function pastedCode(text: string): string | null {
  const pasted = pastedText(text, MAX_CHARACTERS)
  if (pasted === null) return null
  const [code, state] = partsOf(pasted)
  if (code === undefined || state === undefined || !PART.test(code) || !PART.test(state)) return null
  return `${code}#${state}`
}

function partsOf(pasted: string): readonly (string | undefined)[] {
  if (!pasted.includes('code=')) return pasted.split('#', 3).length === 2 ? pasted.split('#') : []
  const parameters = pastedParameters(pasted)
  return [parameters.get('code') ?? undefined, parameters.get('state') ?? undefined]
}
