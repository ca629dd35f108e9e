// JSON settings of a program: read with one clear sentence when malformed, and merged back key by key.
// It does not know which keys mean what.

import { ClavigerError } from '../domain/errors.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export interface ObjectHistory {
  readonly before: JsonObject
  readonly delivered: JsonObject
  readonly after: JsonObject
  readonly now: JsonObject
}

/** The object in `text`; an empty file or none is an empty object. Throws `invalid`, naming `file`, for anything else. */
export function readJsonObject(file: string, text: string | undefined): JsonObject {
  const parsed = parseJsonObject(text ?? '')
  if (parsed !== null) return parsed
  throw new ClavigerError(
    'invalid',
    `${file} is not a JSON object, so it was left alone and nothing was started.`,
    {
      hint: `Mend ${file}, then try again.`,
    },
  )
}

/** The same without throwing: null for malformed text. */
export function parseJsonObject(text: string): JsonObject | null {
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  if (trimmed === '') return {}
  try {
    const parsed: unknown = JSON.parse(trimmed)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function writeJson(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** `object` without `keys`. */
export function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}

/**
 * What the program changed in its copy, applied to the user's file: keys that we had altered for the run stay the
 * user's, and so do those which somebody changed meanwhile. Null when nothing remains to apply.
 */
export function mergeObjects(history: ObjectHistory): JsonObject | null {
  const { before, delivered, after, now } = history
  const result = new Map(Object.entries(now))
  let changed = false
  for (const key of new Set([...Object.keys(delivered), ...Object.keys(after)])) {
    if (same(delivered[key], after[key])) continue
    const inner = mergeInner(history, key)
    if (inner === 'values') {
      const isOurs = !same(delivered[key], before[key])
      const isTheirs = !same(now[key], before[key])
      if (isOurs || isTheirs) continue
      if (after[key] === undefined) result.delete(key)
      else result.set(key, after[key])
      changed = true
    } else if (inner !== null) {
      result.set(key, inner)
      changed = true
    }
  }
  return changed ? Object.fromEntries(result) : null
}

function mergeInner(history: ObjectHistory, key: string): JsonObject | null | 'values' {
  const [before, delivered, now] = [history.before[key], history.delivered[key], history.now[key]]
  const after = history.after[key]
  const others = [before, delivered, now]
  if (!isObject(after) || !others.every((one) => one === undefined || isObject(one))) return 'values'
  return mergeObjects({ before: objectOr(before), delivered: objectOr(delivered), after, now: objectOr(now) })
}

function objectOr(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
