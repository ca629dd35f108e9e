// Providers that are programs of their own, `claviger-provider-NAME` on PATH: what they are, signing in with them, and
// keeping alive what came of that. What they say is believed of their own credentials only, and shown to nobody else than
// whoever signs in with them.

import { stat } from 'node:fs/promises'
import { type CredentialType, isPluginType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { PLUGIN_NAME } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import { checkFields, type FieldValues } from '../../domain/values.ts'
import { sha256 } from '../../lib/digest.ts'
import { parseObject } from '../../lib/json/ask-json.ts'
import { programsOnPath } from '../../lib/programs/on-path.ts'
import { createRedactor } from '../../lib/redaction.ts'
import type { Probe, ProbeResult, Renewal, RenewalFailure, TokenSet } from '../provider.ts'
import {
  type Ability,
  credentialShape,
  type Description,
  descriptionShape,
  type ErrorName,
  LIMITS,
  type PluginCredential,
  PROGRAM_PREFIX,
  probeShape,
  revokeShape,
  stepShape,
} from './protocol.ts'
import { type Ask, PluginFault, type PluginStart, type Said, talkTo } from './talk.ts'

export interface PluginPlace {
  /** Where private homes are made. */
  readonly directory: string
  /** Of this process: PATH, and what plugins declare. */
  readonly environment: Readonly<Record<string, string>>
}

/** A program that was found; `description` is null where it does not describe itself, and `fault` says why. */
export interface FoundPlugin {
  readonly name: string
  readonly program: string
  readonly description: Description | null
  readonly fault: string
}

/** Whoever signs in. What they are asked and told is the plugin's text: it may hold anything. */
export interface PluginDesk {
  ask(question: string, secret: boolean): Promise<Secret>
  open(url: string, text: string): void
  note(text: string): void
}

export interface PluginLogin {
  readonly type: CredentialType
  readonly tokens: TokenSet
}

export interface Plugins {
  list(): Promise<FoundPlugin[]>
  /** Throws `not_found`, `upstream`, or `rejected` when the person or the provider does not agree. */
  login(name: string, desk: PluginDesk): Promise<PluginLogin>
  /** Never throws for an answer, as none of the following. */
  probe(type: CredentialType, fields: FieldValues): Promise<Probe>
  renew(type: CredentialType, fields: FieldValues, timeoutMs: number): Promise<Renewal>
  tokensIn(type: CredentialType, raw: Secret, before: FieldValues, at: number): TokenSet | null
  revoke(type: CredentialType, fields: FieldValues): Promise<boolean>
}

interface Described extends Description {
  readonly program: string
}

export function createPlugins(place: PluginPlace): Plugins {
  const path = place.environment['PATH'] ?? ''
  const known = new Map<string, Described>()
  const start = (program: string, timeoutMs: number, variables: readonly string[] = []) => ({
    ...{ program, path, timeoutMs, homes: place.directory },
    environment: Object.fromEntries(
      Object.entries(place.environment).filter(([name]) => variables.includes(name) && mayBeGiven(name)),
    ),
  })
  const describe = async (name: string, program: string): Promise<Described> => {
    const { mtimeMs, size } = await stat(program)
    const key = `${program}:${mtimeMs}:${size}`
    const found = known.get(key) ?? (await unasked(start(program, LIMITS.describe), name))
    known.set(key, found)
    return found
  }
  const find = async (name: string): Promise<Described | null> => {
    const program = (await programsOnPath(path, PROGRAM_PREFIX)).get(PROGRAM_PREFIX + name)
    return program === undefined ? null : describe(name, program)
  }
  /** Null: there is none that is able to. Rejects with PluginFault. */
  const call = async (fields: FieldValues, type: CredentialType, ability: Ability, timeoutMs: number) => {
    const plugin = await find(fields['plugin']?.expose() ?? '')
    if (plugin === null || !plugin.methods.includes(ability)) return null
    const bounds = start(plugin.program, Math.min(timeoutMs, LIMITS.call), plugin.environment)
    return talkTo(bounds, (ask) => ask(ability, { credential: outgoing(type, fields) }))
  }
  return {
    list: () => listed(path, describe),
    async login(name, desk) {
      const plugin = await ours(name, () => find(name))
      if (plugin === null) throw noSuchPlugin(name)
      const { program, environment = [] } = plugin
      return ours(name, () =>
        talkTo(start(program, LIMITS.login, environment), (ask) => signedIn(plugin, ask, desk)),
      )
    },
    probe: async (type, fields) =>
      probeOf(nameOf(fields), await attempted(() => call(fields, type, 'probe', LIMITS.call))),
    renew: async (type, fields, timeoutMs) =>
      renewalOf(nameOf(fields), await attempted(() => call(fields, type, 'refresh', timeoutMs))),
    tokensIn,
    async revoke(type, fields) {
      const said = await attempted(() => call(fields, type, 'revoke', LIMITS.call))
      if (said === null || said instanceof PluginFault) return false
      // It will not be able to when it is told again.
      if (said.kind === 'error') return said.code === 'unsupported'
      return revokeShape.safeParse(said.result).data?.revoked === true
    },
  }
}

// Ours are for the worker of a run, and for nobody else.
function mayBeGiven(variable: string): boolean {
  return !variable.startsWith('CLAVIGER_') && !['PATH', 'HOME', 'TMPDIR', 'LANG'].includes(variable)
}

function asGiven({ environment = [], ...others }: Described): Described {
  return { ...others, environment: environment.filter(mayBeGiven) }
}

async function listed(
  path: string,
  describe: (name: string, program: string) => Promise<Described>,
): Promise<FoundPlugin[]> {
  const found: FoundPlugin[] = []
  for (const [file, program] of await programsOnPath(path, PROGRAM_PREFIX)) {
    const name = file.slice(PROGRAM_PREFIX.length)
    if (!PLUGIN_NAME.test(name)) continue
    const said = await attempted(() => describe(name, program))
    found.push(
      said instanceof PluginFault
        ? { name, program, description: null, fault: said.message }
        : { name, program, description: asGiven(said), fault: '' },
    )
  }
  return found
}

// Whatever goes wrong here, what it was wanted for was not asked.
async function unasked(start: PluginStart, name: string): Promise<Described> {
  try {
    return await talkTo(start, (ask) => described(ask, name, start.program))
  } catch (error) {
    throw error instanceof PluginFault ? new PluginFault(error.message, false) : error
  }
}

async function described(ask: Ask, name: string, program: string): Promise<Described> {
  const said = await ask('describe', {})
  const { data } = descriptionShape.safeParse(said.kind === 'result' ? said.result : null)
  if (data === undefined) throw new PluginFault('It does not describe itself.', false)
  if (data.name !== name) throw new PluginFault('It says that it is another than its name says.', false)
  return { ...data, program }
}

async function signedIn(plugin: Described, ask: Ask, desk: PluginDesk): Promise<PluginLogin> {
  const secrets: string[] = []
  // What was typed without being shown is not shown by way of the plugin either.
  const clean = (text: string) => createRedactor(secrets).redact(text)
  let said = await ask('login', {})
  for (let steps = 1; steps <= LIMITS.steps; steps += 1) {
    if (said.kind === 'error') throw notSignedIn(plugin.name, said.code, clean(said.message))
    const { data } = stepShape.safeParse(said.result)
    if (data === undefined) throw new PluginFault('It asked for something that there is not.', true)
    if (data.step === 'done') return brought(plugin, said)
    const text = clean(data.text)
    let params = {}
    if (data.step === 'prompt') {
      const isSecret = data.secret === true
      const answer = (await desk.ask(text, isSecret)).expose()
      if (isSecret) secrets.push(answer.trim())
      params = { answer }
    } else if (data.step === 'open') desk.open(data.url, text)
    else desk.note(text)
    said = await ask('continue', params)
  }
  throw new PluginFault('It asked without end.', true)
}

function brought(plugin: Described, { result }: Extract<Said, { kind: 'result' }>): PluginLogin {
  const raw = new Secret(JSON.stringify(result['credential']))
  const type = credentialShape.safeParse(result['credential']).data?.type
  if (type === undefined || !plugin.types.includes(type))
    throw new PluginFault('It brought a credential of a type that it has not described.', true)
  const tokens = tokensIn(type, raw, { plugin: new Secret(plugin.name) }, Date.now())
  if (tokens === null) throw new PluginFault('What it brought is no credential of its type.', true)
  if (tokens.renewable && !plugin.methods.includes('refresh'))
    throw new PluginFault('It brought a key that ends, and cannot renew it.', true)
  return { type, tokens }
}

function outgoing(type: CredentialType, fields: FieldValues): PluginCredential {
  const value = (name: string) => fields[name]?.expose()
  const [key = '', baseUrl, refresh, id, email] = ['key', 'baseUrl', 'refresh', 'accountId', 'email'].map(
    value,
  )
  return {
    ...{ type, key },
    ...(baseUrl !== undefined && { baseUrl }),
    ...(refresh !== undefined && { refresh }),
    account: { ...(id !== undefined && { id }), ...(email !== undefined && { email }) },
  }
}

const SHORTEST_LIFE = 60_000

/** See Renewer.tokensIn: `raw` is a credential of the protocol. */
export function tokensIn(
  type: CredentialType,
  raw: Secret,
  before: FieldValues,
  at: number,
): TokenSet | null {
  const json = parseObject(raw.expose())
  const { data } = credentialShape.safeParse(json?.['credential'] ?? json)
  if (data === undefined || data.type !== type || !isPluginType(type)) return null
  const kept = (name: string) => before[name]?.expose()
  const { renewal, account = {} } = data
  // A key that is renewed does not turn into one that is not.
  if (renewal === undefined && before['refresh'] !== undefined) return null
  const given = {
    ...{ key: data.key, plugin: kept('plugin'), refresh: renewal?.refresh },
    baseUrl: data.baseUrl ?? kept('baseUrl'),
    accountId: account.id ?? kept('accountId'),
    email: account.email ?? kept('email'),
  }
  const fields = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  try {
    return {
      content: checkFields(type, 'plugin', Object.fromEntries(fields)),
      renewable: renewal !== undefined,
      digest: renewal === undefined ? '' : sha256(renewal.refresh),
      expiresAt:
        renewal === undefined ? null : at + Math.max(SHORTEST_LIFE, renewal.expiresInSeconds * 1_000),
      endsAt: null,
      account: { id: given.accountId ?? '', email: given.email ?? '', plan: '' },
    }
  } catch (error) {
    // It is no value of the type.
    if (error instanceof ClavigerError) return null
    throw error
  }
}

function nameOf(fields: FieldValues): string {
  return fields['plugin']?.expose() ?? ''
}

// A fault is an answer, too.
async function attempted<T>(work: () => Promise<T>): Promise<T | PluginFault> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PluginFault) return error
    throw error
  }
}

function probeOf(name: string, said: Said | null | PluginFault): Probe {
  const result =
    said === null || said instanceof PluginFault || said.kind === 'error'
      ? 'unknown'
      : (probeShape.safeParse(said.result).data?.result ?? 'unknown')
  const why = said === null ? 'it is not on PATH, or cannot ask' : ''
  return { result, message: `The plugin ${name} says: ${WORDS[result]}${why === '' ? '' : ` (${why})`}.` }
}

const WORDS: Readonly<Record<ProbeResult, string>> = {
  works: 'its provider accepts the key',
  refused: 'its provider refuses the key',
  no_credit: 'the key is right, but there is nothing left to spend',
  limited: 'the key is right, but is asked too often right now',
  forbidden: 'the key is right, but is not permitted this',
  unknown: 'nothing that can be relied on',
}

function renewalOf(name: string, said: Said | null | PluginFault): Renewal {
  // Others have other plugins: `isOwn`.
  const failed = (
    message: string,
    doubtful: boolean,
    retryAfterMs: number | null = null,
  ): RenewalFailure => ({
    ...{ kind: 'failed', doubtful, retryAfterMs, isOwn: true, message: `The plugin ${name}: ${message}` },
  })
  if (said === null) return failed('it is not on PATH, or does not renew.', false)
  if (said instanceof PluginFault) return failed(said.message, said.wasAsked)
  if (said.kind === 'result') return { kind: 'answered', raw: new Secret(JSON.stringify(said.result)) }
  if (said.code === 'refused') return { kind: 'refused', reason: 'refused' }
  return failed('it could not renew the key.', said.code === 'unknown', said.retryAfterMs)
}

// What goes wrong with it, in the words for people.
async function ours<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PluginFault)) throw error
    throw new ClavigerError(
      'upstream',
      `The plugin ${PROGRAM_PREFIX}${name} cannot be used. ${error.message}`,
      {
        hint: 'Nothing was stored. Tell whoever has written it.',
      },
    )
  }
}

function noSuchPlugin(name: string): ClavigerError {
  return new ClavigerError('not_found', `There is no provider ${name}.`, {
    hint: `See them: claviger models providers. A plugin is a program ${PROGRAM_PREFIX}${name} on PATH.`,
  })
}

function notSignedIn(name: string, code: ErrorName, message: string): ClavigerError {
  const said = message === '' ? '' : ` It says: ${message}`
  return new ClavigerError(
    code === 'unavailable' || code === 'unknown' ? 'upstream' : 'rejected',
    `The plugin ${name} did not sign you in.${said}`,
    { hint: 'Nothing was stored. Try again.' },
  )
}
