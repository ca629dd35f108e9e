// What can be said of a value while it is typed. The server has the last word, and the patterns are its own.

import type { FieldInfo, TypeInfo } from '../../../words/types.ts'

export interface Complaint {
  readonly sentence: string
  /** The type that it belongs to instead. */
  readonly instead?: TypeInfo
}

// So much of a value shows its shape; less may be its beginning.
const ENOUGH = 8

/** Null while nothing is wrong, or too little was typed to tell. `isLeft`: nobody types in it any more. */
export function complaintOf(
  field: FieldInfo,
  text: string,
  types: readonly TypeInfo[],
  isLeft: boolean,
): Complaint | null {
  const value = text.trim()
  if (value === '') return null
  // The longest beginning says the most.
  const beginnings = Object.entries(field.mistakenFor).sort(([a], [b]) => b.length - a.length)
  const mistaken = beginnings.find(([beginning]) => value.startsWith(beginning))
  const instead = types.find(({ type }) => type === mistaken?.[1])
  if (instead !== undefined)
    return { sentence: `This looks like something else: ${instead.title} (${instead.type}).`, instead }
  if (!isLeft && value.length < ENOUGH) return null
  if (new RegExp(field.pattern, field.flags).test(value)) return null
  return { sentence: `The ${field.label} ${field.expectation}.` }
}
