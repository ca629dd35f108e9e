// What people bring back from the page they agreed on: a bare code, `code#state`, a query string or a whole URL. Pure.

import { pastedParameters, pastedText } from '../pasted-text.ts'

const MAX_CHARACTERS = 8192
const PART = /^[\w.~+/=:-]+$/

/** `refused`: the page said no. `state` is null where none came along. */
export type PastedCode =
  | { readonly kind: 'code'; readonly code: string; readonly state: string | null }
  | { readonly kind: 'refused'; readonly state: string | null }

/** Null when there is neither a code nor a refusal in it. */
export function readPasted(text: string): PastedCode | null {
  const pasted = pastedText(text, MAX_CHARACTERS)
  if (pasted === null) return null
  if (/(^|[?&])(code|error)=/.test(pasted)) return fromQuery(pastedParameters(pasted))
  const [code = '', state, ...more] = pasted.split('#')
  if (more.length > 0 || !PART.test(code) || code.includes('://')) return null
  if (state === undefined) return { kind: 'code', code, state: null }
  return PART.test(state) ? { kind: 'code', code, state } : null
}

function fromQuery(parameters: URLSearchParams): PastedCode | null {
  const [code, state] = [parameters.get('code'), parameters.get('state')]
  if (parameters.has('error')) return { kind: 'refused', state }
  return code !== null && PART.test(code) ? { kind: 'code', code, state } : null
}
