// Codex's config.toml as data: the user's without what would choose another credential, and small edits of its text.
// It does not write auth.json and does not decide what is delivered.

import { parse, stringify, type TomlTable } from 'smol-toml'
import { ClavigerError } from '../domain/errors.ts'

export const CONFIG = 'config.toml'

// `forced_…` with another kind of login makes Codex delete auth.json.
const LOGIN_KEYS = ['forced_login_method', 'forced_chatgpt_workspace_id', 'preferred_auth_method']

// Keys of a provider definition that bring a credential of its own.
const PROVIDER_CREDENTIALS = [
  'env_key',
  'experimental_bearer_token',
  'auth',
  'gateway_oauth',
  'http_headers',
  'env_http_headers',
]

export interface AdjustedConfig {
  readonly config: TomlTable
  readonly report: readonly string[]
}

/** Reads config.toml; none is an empty table. Throws `invalid` with one sentence when it is malformed. */
export function readConfig(text: string | undefined): TomlTable {
  const table = parseConfig(text ?? '')
  if (table !== null) return table
  throw new ClavigerError(
    'invalid',
    `${CONFIG} is not valid TOML, so it was left alone and nothing was started.`,
    {
      hint: `Mend ${CONFIG} (codex itself refuses it too), then try again.`,
    },
  )
}

function parseConfig(text: string): TomlTable | null {
  try {
    return parse(text)
  } catch {
    return null
  }
}

/**
 * The user's configuration for a run with our credential in auth.json. A model provider that brings its own credential
 * is not selected; one that uses the login (a gateway) is kept, unless our credential has a base URL of its own.
 * `shell_environment_policy` stays the user's: our credential is in no variable, and the policy that hides every name
 * like KEY or TOKEN would also hide the raw secrets that were handed to the run for its commands.
 */
export function adjustConfig(text: string | undefined, baseUrl: string | null): AdjustedConfig {
  const original = readConfig(text)
  const root = adjustLevel(original, original, baseUrl, '')
  const profiles = tables(original['profiles']).map(([name, profile]) => {
    const adjusted = adjustLevel(profile, original, baseUrl, `profiles.${name}.`)
    return { name, ...adjusted }
  })
  const config: TomlTable = {
    ...root.level,
    ...(baseUrl === null ? {} : { openai_base_url: baseUrl }),
    cli_auth_credentials_store: 'file',
  }
  if (profiles.length > 0) {
    config['profiles'] = Object.fromEntries(profiles.map(({ name, level }) => [name, level]))
  }
  return { config, report: [...root.report, ...profiles.flatMap(({ report }) => report)] }
}

export function writeConfig(config: TomlTable): string {
  return stringify(config)
}

/**
 * The text with these root keys set, comments and order kept: the keys are put at its head (before any table), and
 * former lines of theirs are taken out. Throws `invalid` when that cannot be done by lines.
 */
export function setRootKeys(text: string | undefined, keys: Readonly<Record<string, string>>): string {
  const before = readConfig(text)
  if (Object.entries(keys).every(([key, value]) => before[key] === value)) return text ?? ''
  const lines = (text ?? '').split('\n')
  const table = lines.findIndex((line) => /^\s*\[/.test(line))
  const end = table === -1 ? lines.length : table
  const names = Object.keys(keys)
  const kept = lines.filter((line, index) => index >= end || !names.includes(rootKeyOf(line)))
  const result = `${stringify(keys).trimEnd()}\n${kept.join('\n')}`
  const expected = JSON.stringify(sorted({ ...before, ...keys }))
  const after = parseConfig(result)
  if (after !== null && JSON.stringify(sorted(after)) === expected) return result
  throw new ClavigerError('invalid', `${CONFIG} could not be changed safely, so it was left alone.`, {
    hint: `Set ${names.join(' and ')} in ${CONFIG} by hand.`,
  })
}

/** Folders trusted in `after` that are unknown to `now`, as text to append; null when there are none. */
export function newlyTrusted(delivered: string, after: string, now: string): string | null {
  const [old, fresh, current] = [delivered, after, now].map((text) => projectsOf(parseConfig(text)))
  if (old === undefined || fresh === undefined || current === undefined) return null
  const added = Object.entries(fresh).flatMap(([path, project]) => {
    const level = isTable(project) ? project['trust_level'] : undefined
    return typeof level === 'string' && old[path] === undefined && current[path] === undefined
      ? [[path, { trust_level: level }] as const]
      : []
  })
  if (added.length === 0) return null
  const result = `${now.trimEnd()}${now.trim() === '' ? '' : '\n\n'}${stringify({ projects: Object.fromEntries(added) })}`
  return parseConfig(result) === null ? null : result
}

function adjustLevel(
  level: TomlTable,
  root: TomlTable,
  baseUrl: string | null,
  prefix: string,
): { readonly level: TomlTable; readonly report: readonly string[] } {
  const removed = LOGIN_KEYS.filter((key) => level[key] !== undefined)
  const report = removed.map((key) => `set aside: ${prefix}${key} in ${CONFIG}`)
  const selected = level['model_provider']
  if (typeof selected === 'string' && selected !== 'openai') {
    const gateway = gatewayUrl(root, selected)
    if (gateway === null || baseUrl !== null) {
      removed.push('model_provider')
      report.push(`set aside: ${prefix}model_provider in ${CONFIG} (${selected})`)
    } else {
      report.push(`kept: ${prefix}model_provider in ${CONFIG}, requests go to ${hostOf(gateway)}`)
    }
  }
  const url = level['openai_base_url']
  if (typeof url === 'string' && url !== baseUrl) {
    if (baseUrl !== null) removed.push('openai_base_url')
    report.push(
      baseUrl === null
        ? `kept: ${prefix}openai_base_url in ${CONFIG}, requests go to ${hostOf(url)}`
        : `set aside: ${prefix}openai_base_url in ${CONFIG} (the credential has its own)`,
    )
  }
  return {
    level: Object.fromEntries(Object.entries(level).filter(([key]) => !removed.includes(key))),
    report,
  }
}

// The address of a provider that is only another door to the same login; null for any other provider.
function gatewayUrl(root: TomlTable, name: string): string | null {
  const providers = root['model_providers']
  const provider = isTable(providers) ? providers[name] : undefined
  if (!isTable(provider) || provider['requires_openai_auth'] !== true) return null
  if (PROVIDER_CREDENTIALS.some((key) => provider[key] !== undefined)) return null
  return typeof provider['base_url'] === 'string' ? provider['base_url'] : null
}

function tables(value: unknown): [string, TomlTable][] {
  return isTable(value)
    ? Object.entries(value).flatMap(([name, one]) =>
        isTable(one) ? [[name, one] as [string, TomlTable]] : [],
      )
    : []
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function projectsOf(config: TomlTable | null): TomlTable | undefined {
  if (config === null) return undefined
  return isTable(config['projects']) ? config['projects'] : {}
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is not a URL'
}

function rootKeyOf(line: string): string {
  return /^\s*["']?([A-Za-z0-9_-]+)["']?\s*=/.exec(line)?.[1] ?? ''
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isTable(value)) return value instanceof Date ? value.toISOString() : value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}
