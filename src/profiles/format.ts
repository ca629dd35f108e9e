// The file `auth-profiles.json`: what is in it, and how it is written. The format is that of coderClaw and OpenClaw; what
// this program does not know of it stays as it is. No file is opened here, and no value is judged.

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

const documentShape = z.looseObject({
  version: z.literal(FORMAT_VERSION),
  profiles: z.record(z.string(), z.unknown()),
  order: z.record(z.string(), z.array(z.string())).optional(),
  lastGood: z.record(z.string(), z.string()).optional(),
  usageStats: z.record(z.string(), z.unknown()).optional(),
})

/** The whole file. Profiles of kinds that are not known stay what they are. */
export type ProfileDocument = z.infer<typeof documentShape>

/** Why a text is no such file. `newer`: it is one, of a version that only later programs know. */
export type Unreadable = 'empty' | 'torn' | 'foreign' | 'newer'

export type Reading =
  | { readonly kind: 'read'; readonly document: ProfileDocument }
  | { readonly kind: Unreadable }

/** A file without a profile. */
export function emptyDocument(): ProfileDocument {
  return { version: FORMAT_VERSION, profiles: {} }
}

/** Reads the text of the file. */
export function readDocument(written: string): Reading {
  if (written.trim() === '') return { kind: 'empty' }
  const json = parse(written)
  if (json === undefined) return { kind: 'torn' }
  const version = versionOf(json)
  if (version !== null && version > FORMAT_VERSION) return { kind: 'newer' }
  // What was read itself, and no copy: in that, what is known would come before what is not.
  return documentShape.safeParse(json).success
    ? { kind: 'read', document: json as ProfileDocument }
    : { kind: 'foreign' }
}

/** The text of the file. */
export function printDocument(document: ProfileDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** The profile, or null for one of a kind that is not known. */
export function readProfile(json: unknown): Profile | null {
  return profileShape.safeParse(json).success ? (json as Profile) : null
}

/** What is said of a profile; nothing, where that is in no form that is known. */
export function readStats(json: unknown): UsageStats {
  return statsShape.safeParse(json).success ? (json as UsageStats) : {}
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
