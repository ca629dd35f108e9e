// The configuration files of Claude Code as data: the user's settings without what would contradict the credential,
// its state file, and what settings files of the project would do. It does not decide how a credential is delivered.

import type { CredentialType } from '../domain/credential-types.ts'
import {
  baseUrlVariable,
  CREDENTIAL_SETTINGS,
  CUSTOM_HEADERS,
  contradictions,
  isBedrock,
  isDetour,
  isHarmless,
} from './claude-variables.ts'
import type { FileHistory, Merged } from './harness.ts'
import {
  isObject,
  type JsonObject,
  mergeObjects,
  parseJsonObject,
  readJsonObject,
  without,
  writeJson,
} from './json-file.ts'

export const SETTINGS = 'settings.json'
export const STATE = '.claude.json'
export const LOGIN = '.credentials.json'
/** In {@link LOGIN}: the login to Claude itself. Beside it lie the grants of MCP servers. */
export const LOGIN_KEY = 'claudeAiOauth'

// Never carried from a run's private copy into the user's file: logins, and approvals of our keys.
const NEVER_MERGED = [
  'oauthAccount',
  'primaryApiKey',
  'customApiKeyResponses',
  'apiKeyHelper',
  'awsCredentialExport',
  LOGIN_KEY,
]

const APPROVAL_LENGTH = 20
const CREDENTIAL_HEADER = /^\s*(authorization|x-api-key)\s*:/i

export interface AdjustedSettings {
  readonly settings: JsonObject
  /** Variables of the user's `env` block that stay. */
  readonly variables: Readonly<Record<string, string>>
  /** What was taken out, by name. */
  readonly removed: readonly string[]
}

/** The user's settings without anything that would contradict a credential of `type`; `own` are the variables it sets. */
export function adjustSettings(
  type: CredentialType,
  own: readonly string[],
  text: string | undefined,
): AdjustedSettings {
  const original = readJsonObject(SETTINGS, text)
  const keys = CREDENTIAL_SETTINGS.filter((key) => original[key] !== undefined)
  const { kept, removed } = adjustVariables(type, own, original['env'])
  const settings = without(original, [...keys, 'env'])
  return {
    settings: Object.keys(kept).length > 0 ? { ...settings, env: kept } : settings,
    variables: textsOf(kept),
    removed: [...keys, ...removed.map((name) => `env.${name}`)],
  }
}

/** The state file without the user's login, and such that no first-run question is asked. */
export function adjustState(
  type: CredentialType,
  own: readonly string[],
  approvedKey: string | null,
  text: string | undefined,
): { readonly state: JsonObject; readonly removed: readonly string[] } {
  const original = readJsonObject(STATE, text)
  const { kept, removed } = adjustVariables(type, own, original['env'])
  const keys = ['oauthAccount', 'primaryApiKey', 'apiKeyHelper'].filter((key) => original[key] !== undefined)
  const rest = without(original, [...keys, 'env'])
  const state = {
    ...rest,
    ...(original['env'] === undefined ? {} : { env: kept }),
    ...(approvedKey === null ? {} : { customApiKeyResponses: approve(rest, approvedKey) }),
    hasCompletedOnboarding: true,
  }
  return { state, removed: [...keys, ...removed.map((name) => `env.${name}`)] }
}

/** The credentials file without the login to Claude, as the one text to deliver; none when nothing else is in it. */
export function otherGrants(text: string | undefined): readonly string[] {
  const rest = without(parseJsonObject(text ?? '') ?? {}, [LOGIN_KEY])
  return Object.keys(rest).length === 0 ? [] : [writeJson(rest)]
}

/** Whether a credentials file holds a login to Claude; one that cannot be read may. */
export function hasLogin(text: string | undefined): boolean {
  const found = parseJsonObject(text ?? '')
  return found === null || found[LOGIN_KEY] !== undefined
}

/** What a settings file of the project sets that would outrank the credential; null when it cannot be read. */
export function projectOverrides(
  type: CredentialType,
  own: readonly string[],
  text: string,
): readonly string[] | null {
  const settings = parseJsonObject(text)
  if (settings === null) return null
  const helper = isBedrock(type) ? ['awsCredentialExport', 'awsAuthRefresh'] : ['apiKeyHelper']
  const variables = [...contradictions(type), ...own, baseUrlVariable(type)]
  const found = isObject(settings['env']) ? settings['env'] : {}
  return [
    ...helper.filter((key) => settings[key] !== undefined),
    ...Object.keys(found)
      .filter((name) => variables.includes(name) || (name === CUSTOM_HEADERS && carriesHeader(found[name])))
      .map((name) => `env.${name}`),
  ]
}

/**
 * Variables of a project's settings `env` that may send the credential elsewhere: `known` are those of which that has
 * been seen, `possible` all that are not known to be harmless. A text that cannot be read has none.
 */
export function projectDetours(text: string, kind: 'known' | 'possible'): readonly string[] {
  const env = parseJsonObject(text)?.['env']
  return Object.keys(isObject(env) ? env : {})
    .filter((name) => (kind === 'known' ? isDetour(name) : !isHarmless(name)))
    .map((name) => `env.${name}`)
}

/** ANTHROPIC_CUSTOM_HEADERS without headers that carry a credential. */
export function harmlessHeaders(headers: string): string {
  return headers
    .split('\n')
    .filter((line) => !CREDENTIAL_HEADER.test(line))
    .join('\n')
}

/** As Harness.mergeBack, for any of the files. */
export function mergeBack(_path: string, history: FileHistory): Merged {
  if (history.after === history.delivered) return { text: null, lost: [] }
  const [before, now] = [parseJsonObject(history.before ?? ''), parseJsonObject(history.now ?? '')]
  const [delivered, after] = [parseJsonObject(history.delivered), parseJsonObject(history.after)]
  if (before === null || delivered === null || after === null || now === null) {
    return { text: null, lost: ['all of it, for it is not a JSON object'] }
  }
  const merged = mergeObjects({
    before: without(before, NEVER_MERGED),
    delivered: without(delivered, NEVER_MERGED),
    after: without(after, NEVER_MERGED),
    now,
  })
  return { text: merged === null ? null : writeJson(merged), lost: [] }
}

/** The variables of a settings `env` block as texts. */
export function textsOf(variables: unknown): Record<string, string> {
  if (!isObject(variables)) return {}
  const texts = Object.entries(variables).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)] as const] : [],
  )
  return Object.fromEntries(texts)
}

/** The host of a base URL, for people; never its path or password. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is not a URL'
}

function adjustVariables(
  type: CredentialType,
  own: readonly string[],
  variables: unknown,
): { readonly kept: JsonObject; readonly removed: readonly string[] } {
  const found = isObject(variables) ? variables : {}
  const removed = Object.keys(found).filter((name) => [...contradictions(type), ...own].includes(name))
  const kept = without(found, removed)
  const headers = found[CUSTOM_HEADERS]
  if (!carriesHeader(headers)) return { kept, removed }
  const harmless = harmlessHeaders(String(headers))
  return {
    kept: harmless === '' ? without(kept, [CUSTOM_HEADERS]) : { ...kept, [CUSTOM_HEADERS]: harmless },
    removed: [...removed, CUSTOM_HEADERS],
  }
}

function carriesHeader(headers: unknown): boolean {
  return typeof headers === 'string' && harmlessHeaders(headers) !== headers
}

function approve(state: JsonObject, key: string): JsonObject {
  const responses = isObject(state['customApiKeyResponses']) ? state['customApiKeyResponses'] : {}
  const suffix = key.slice(-APPROVAL_LENGTH)
  const others = (list: unknown) => (Array.isArray(list) ? list.filter((one) => one !== suffix) : [])
  return {
    ...responses,
    approved: [...others(responses['approved']), suffix],
    rejected: others(responses['rejected']),
  }
}
