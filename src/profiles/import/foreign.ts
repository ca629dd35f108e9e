// What other programs keep accounts in: files of profiles, what coderClaw and OpenClaw had before those, and the login
// files of codex and claude. Whatever it was, it comes out as profiles. Nothing is judged, and no file is opened here.

import { isProfileId } from '../../domain/names.ts'
import { type Profile, readDocument, readProfile, type Unreadable } from '../format.ts'

/** Profiles by what they are called there, with what is said of them beside. */
export interface ForeignProfiles {
  readonly profiles: Readonly<Record<string, unknown>>
  readonly order: Readonly<Record<string, readonly string[]>>
  readonly usageStats: Readonly<Record<string, unknown>>
}

export type ForeignReading =
  | ({ readonly kind: 'profiles' } & ForeignProfiles)
  /** The login file of this program: its provider reads it. */
  | { readonly kind: 'program'; readonly program: 'codex' | 'claude' }
  | { readonly kind: Unreadable }

/** Says what a text is. */
export function readForeign(text: string): ForeignReading {
  const reading = readDocument(text)
  if (reading.kind === 'read') {
    const { profiles, order = {}, usageStats = {} } = reading.document
    return { kind: 'profiles', profiles, order, usageStats }
  }
  if (reading.kind !== 'foreign') return reading
  const json: unknown = JSON.parse(text)
  if (!isRecord(json)) return reading
  if ('claudeAiOauth' in json) return { kind: 'program', program: 'claude' }
  if (isRecord(json['tokens']) || 'OPENAI_API_KEY' in json || 'auth_mode' in json)
    return { kind: 'program', program: 'codex' }
  const profiles = formerProfiles(json)
  return Object.keys(profiles).length === 0
    ? reading
    : { kind: 'profiles', profiles, order: {}, usageStats: {} }
}

/** What a profile of this provider is called: by the e-mail of its account, where that is known. */
export function profileIdFor(provider: string, email: string | undefined): string {
  const byEmail = `${provider}:${email ?? ''}`
  return isProfileId(byEmail) ? byEmail : `${provider}:default`
}

// `auth.json` and `oauth.json`: {provider: credential}.
function formerProfiles(json: Record<string, unknown>): Record<string, Profile> {
  const found: Record<string, Profile> = {}
  for (const [provider, value] of Object.entries(json)) {
    const profile = isRecord(value) ? formerProfile(provider, value) : null
    if (profile === null) continue
    const id = profileIdFor(provider, profile.email)
    if (isProfileId(id)) found[id] = profile
  }
  return found
}

// Some say of what kind they are, some do not; a key was called `apiKey` once.
function formerProfile(provider: string, value: Record<string, unknown>): Profile | null {
  const { apiKey, ...rest } = value
  const named = { provider, ...rest }
  if (typeof value['type'] === 'string') return readProfile(named)
  if (typeof value['refresh'] === 'string') return readProfile({ ...named, type: 'oauth' })
  if (typeof value['token'] === 'string') return readProfile({ ...named, type: 'token' })
  const key = typeof apiKey === 'string' ? apiKey : value['key']
  return typeof key === 'string' ? readProfile({ ...named, type: 'api_key', key }) : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
