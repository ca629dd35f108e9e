// The file `auth-profiles.json`: what is in it, and how it is written. The format is that of coderClaw and OpenClaw; what
// this program does not know of it stays as it is. Since 2026.4 OpenClaw keeps what is no secret in a file of its own,
// `auth-state.json`. No file is opened here, and no value is judged.

import { z } from 'zod'

/** The version of the format that is read and written. */
export const FORMAT_VERSION = 1

const text = z.string().min(1)
const milliseconds = z.number()
const common = {
  provider: text,
  email: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
}

const apiKeyProfile = z.looseObject({ type: z.literal('api_key'), ...common, key: z.string().optional() })
const tokenProfile = z.looseObject({
  ...{ type: z.literal('token'), ...common },
  ...{ token: z.string().optional(), expires: milliseconds.optional() },
})
const oauthProfile = z.looseObject({
  ...{ type: z.literal('oauth'), ...common },
  ...{ access: z.string(), refresh: z.string(), expires: milliseconds },
  ...{ accountId: z.string().optional(), clientId: z.string().optional() },
})

const profileShape = z.discriminatedUnion('type', [apiKeyProfile, tokenProfile, oauthProfile])

/** One profile as it is in the file, with whatever else is in it. */
export type Profile = z.infer<typeof profileShape>

const statsShape = z.looseObject({
  lastUsed: milliseconds.optional(),
  cooldownUntil: milliseconds.optional(),
  disabledUntil: milliseconds.optional(),
  disabledReason: z.string().optional(),
  errorCount: z.number().optional(),
})

/** What became of a profile lately. Times are milliseconds since 1970. */
export type UsageStats = z.infer<typeof statsShape>

const STATE = ['order', 'lastGood', 'usageStats'] as const
const version = z.literal(FORMAT_VERSION)
const state = {
  order: z.record(z.string(), z.array(z.string())).optional(),
  lastGood: z.record(z.string(), z.string()).optional(),
  usageStats: z.record(z.string(), z.unknown()).optional(),
}

const documentShape = z.looseObject({ version, profiles: z.record(z.string(), z.unknown()), ...state })
const stateShape = z.looseObject({ version: version.optional(), ...state })

/** The whole file. Profiles of kinds that are not known stay what they are. */
export type ProfileDocument = z.infer<typeof documentShape>

/** What `auth-state.json` holds: for each entry of it, what the file of profiles says of the same does not count. */
export type StateDocument = z.infer<typeof stateShape>

/** Why a text is no such file. `newer`: it is one, of a version that only later programs know. */
export type Unreadable = 'empty' | 'torn' | 'foreign' | 'newer'

export type Reading<Document = ProfileDocument> =
  | { readonly kind: 'read'; readonly document: Document }
  | { readonly kind: Unreadable }

/** A file without a profile. */
export function emptyDocument(): ProfileDocument {
  return { version: FORMAT_VERSION, profiles: {} }
}

/** Reads the text of the file. */
export function readDocument(written: string): Reading {
  return readAs(documentShape, written)
}

/** Reads the text of `auth-state.json`. */
export function readState(written: string): Reading<StateDocument> {
  return readAs(stateShape, written)
}

function readAs<Document>(shape: z.ZodType<Document>, written: string): Reading<Document> {
  if (written.trim() === '') return { kind: 'empty' }
  const json = parse(written)
  if (json === undefined) return { kind: 'torn' }
  const version = versionOf(json)
  if (version !== null && version > FORMAT_VERSION) return { kind: 'newer' }
  // What was read itself, and no copy: in that, what is known would come before what is not.
  return shape.safeParse(json).success ? { kind: 'read', document: json as Document } : { kind: 'foreign' }
}

/** All that both files say. */
export function withState(document: ProfileDocument, state: StateDocument): ProfileDocument {
  const both = STATE.filter((name) => document[name] !== undefined || state[name] !== undefined)
  return {
    ...document,
    ...Object.fromEntries(both.map((name) => [name, { ...document[name], ...state[name] }])),
  }
}

/** The same in two files again, as OpenClaw divides it; `before` is what `auth-state.json` was. */
export function withoutState(
  document: ProfileDocument,
  before: StateDocument,
): { readonly profiles: ProfileDocument; readonly state: StateDocument } {
  const { order, lastGood, usageStats, ...profiles } = document
  return {
    profiles: profiles as ProfileDocument,
    state: { version: FORMAT_VERSION, ...before, order, lastGood, usageStats },
  }
}

/** The text of the file, or of `auth-state.json`. */
export function printDocument(document: ProfileDocument | StateDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** The profile, or null for one of a kind that is not known. */
export function readProfile(json: unknown): Profile | null {
  return profileShape.safeParse(json).success ? (json as Profile) : null
}

/** What is said of a profile; nothing, where that is in no form that is known. */
export function readStats(json: unknown): UsageStats {
  const { data } = statsShape.safeParse(json)
  if (data === undefined) return {}
  const times = TIMES.flatMap((name) => {
    const time = data[name]
    return time === undefined ? [] : [[name, inCalendar(time)] as const]
  })
  return { ...data, ...Object.fromEntries(times) }
}

const TIMES = ['lastUsed', 'cooldownUntil', 'disabledUntil'] as const

// What a date can be, in milliseconds since 1970.
const LAST_DAY = 8_640_000_000_000_000

/** A time that is in the calendar: some write the largest number there is where they mean never. */
export function inCalendar(time: number): number {
  return Math.min(Math.max(time, -LAST_DAY), LAST_DAY)
}

// What a text begins with that was cut short is no JSON, and so is nothing of ours.
function parse(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    // Told apart by whoever asked.
    return undefined
  }
}

function versionOf(json: unknown): number | null {
  const { data } = z.looseObject({ version: z.number() }).safeParse(json)
  return data?.version ?? null
}
