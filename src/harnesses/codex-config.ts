// Codex's config.toml as data: the user's without what would choose another credential, and small edits of its text.
// It does not write auth.json and does not decide what is delivered.

import { stringify, type TomlTable } from 'smol-toml'
import { ClavigerError } from '../domain/errors.ts'
import { isTable, parseToml, sameToml } from './toml-text.ts'

export const CONFIG = 'config.toml'
/** Files of profiles. */
export const PROFILES = '*.config.toml'

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
  const table = parseToml(text ?? '')
  if (table !== null) return table
  throw new ClavigerError(
    'invalid',
    `${CONFIG} is not valid TOML, so it was left alone and nothing was started.`,
    {
      hint: `Mend ${CONFIG} (codex itself refuses it too), then try again.`,
    },
  )
}

/**
 * The user's configuration for a run with our credential in auth.json. A model provider that brings its own credential
 * is not selected; one that uses the login (a gateway) is kept, unless our credential has a base URL of its own.
 * `shell_environment_policy` stays the user's: our credential is in no variable, and the policy that hides every name
 * like KEY or TOKEN would also hide the raw secrets that were handed to the run for its commands.
 */
export function adjustConfig(text: string | undefined, baseUrl: string | null): AdjustedConfig {
  const original = readConfig(text)
  const root = adjustLevel(original, original, baseUrl, { file: CONFIG, prefix: '' })
  const profiles = tables(original['profiles']).map(([name, profile]) => {
    const place = { file: CONFIG, prefix: `profiles.${name}.` }
    const adjusted = adjustLevel(profile, original, baseUrl, place)
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

/**
 * A profile file (`NAME.config.toml`, chosen by `--profile NAME`), which is laid over config.toml: adjusted like it, and
 * unable to look for the login elsewhere or to give another meaning to the provider that config.toml selects.
 * Null when it is malformed.
 */
export function adjustProfile(
  file: string,
  text: string,
  configText: string | undefined,
  baseUrl: string | null,
): AdjustedConfig | null {
  const profile = parseToml(text)
  if (profile === null) return null
  const root = readConfig(configText)
  const both = { ...root, model_providers: { ...providersOf(root), ...providersOf(profile) } }
  const { level, report } = adjustLevel(profile, both, baseUrl, { file, prefix: '' })
  const config: TomlTable = { ...level }
  const lines = [...report]
  if (config['cli_auth_credentials_store'] !== undefined) {
    delete config['cli_auth_credentials_store']
    lines.push(`set aside: cli_auth_credentials_store in ${file}`)
  }
  const selected = config['model_provider'] ?? root['model_provider']
  const providers = providersOf(profile)
  if (
    typeof selected === 'string' &&
    Object.hasOwn(providers, selected) &&
    gatewayUrl(both, selected) === null
  ) {
    const others = Object.entries(providers).filter(([name]) => name !== selected)
    config['model_providers'] = Object.fromEntries(others)
    lines.push(`set aside: model_providers.${selected} in ${file}`)
  }
  return { config, report: lines }
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
  const after = parseToml(result)
  if (after !== null && sameToml(after, { ...before, ...keys })) return result
  throw new ClavigerError('invalid', `${CONFIG} could not be changed safely, so it was left alone.`, {
    hint: `Set ${names.join(' and ')} in ${CONFIG} by hand.`,
  })
}

function adjustLevel(
  level: TomlTable,
  root: TomlTable,
  baseUrl: string | null,
  { file, prefix }: { readonly file: string; readonly prefix: string },
): { readonly level: TomlTable; readonly report: readonly string[] } {
  const removed = LOGIN_KEYS.filter((key) => level[key] !== undefined)
  const report = removed.map((key) => `set aside: ${prefix}${key} in ${file}`)
  const selected = level['model_provider']
  if (typeof selected === 'string' && selected !== 'openai') {
    const gateway = gatewayUrl(root, selected)
    if (gateway === null || baseUrl !== null) {
      removed.push('model_provider')
      report.push(`set aside: ${prefix}model_provider in ${file} (${selected})`)
    } else {
      report.push(`kept: ${prefix}model_provider in ${file}, requests go to ${hostOf(gateway)}`)
    }
  }
  const url = level['openai_base_url']
  if (typeof url === 'string' && url !== baseUrl) {
    if (baseUrl !== null) removed.push('openai_base_url')
    report.push(
      baseUrl === null
        ? `kept: ${prefix}openai_base_url in ${file}, requests go to ${hostOf(url)}`
        : `set aside: ${prefix}openai_base_url in ${file} (the credential has its own)`,
    )
  }
  return {
    level: Object.fromEntries(Object.entries(level).filter(([key]) => !removed.includes(key))),
    report,
  }
}

// The address of a provider that is only another door to the same login; null for any other provider.
function gatewayUrl(root: TomlTable, name: string): string | null {
  const providers = providersOf(root)
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined
  if (!isTable(provider) || provider['requires_openai_auth'] !== true) return null
  if (PROVIDER_CREDENTIALS.some((key) => provider[key] !== undefined)) return null
  return typeof provider['base_url'] === 'string' ? provider['base_url'] : null
}

function providersOf(config: TomlTable): TomlTable {
  const providers = config['model_providers']
  return isTable(providers) ? providers : {}
}

function tables(value: unknown): [string, TomlTable][] {
  return isTable(value)
    ? Object.entries(value).flatMap(([name, one]) =>
        isTable(one) ? [[name, one] as [string, TomlTable]] : [],
      )
    : []
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is not a URL'
}

function rootKeyOf(line: string): string {
  return /^\s*["']?([A-Za-z0-9_-]+)["']?\s*=/.exec(line)?.[1] ?? ''
}
