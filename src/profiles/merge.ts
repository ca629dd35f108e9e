// Two changes of one file of profiles: ours, which was begun and not ended, and that of another program meanwhile.

import type { ProfileDocument, StateDocument } from './format.ts'

type Records = Readonly<Record<string, unknown>>

/** What others have made of `base`, with what was to become of it here. Where both have changed the same, theirs stays. */
export function merge<Document extends ProfileDocument | StateDocument>(
  base: Document,
  ours: Document,
  theirs: Document,
): Document {
  const merged = mergeRecords(base, ours, theirs)
  for (const name of ['profiles', 'order', 'lastGood', 'usageStats'] as const) {
    const part = (one: Document) => (one[name] ?? {}) as Records
    if (theirs[name] !== undefined) merged[name] = mergeRecords(part(base), part(ours), part(theirs))
  }
  return merged as Document
}

function mergeRecords(base: Records, ours: Records, theirs: Records): Record<string, unknown> {
  const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)])
  return Object.fromEntries(
    [...keys]
      .map((key) => [key, isSame(theirs[key], base[key]) ? ours[key] : theirs[key]] as const)
      .filter(([, value]) => value !== undefined),
  )
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
