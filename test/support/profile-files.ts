// For tests of profiles: a state directory of a test, and the files of its agents as another program would change them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type AgentPlace, placeOf } from '../../src/profiles/place.ts'

/** A file of profiles, as free as another program is. */
export interface WrittenDocument {
  version: number
  profiles: Record<string, Record<string, unknown>>
  order?: Record<string, string[]>
  lastGood?: Record<string, string>
  usageStats?: Record<string, Record<string, unknown>>
  [unknown: string]: unknown
}

/** Call it at the top of a file: what it returns is the state directory of the current test. */
export function useStateDirectory(): () => string {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'claviger-profiles-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  return () => directory
}

/** The place of an agent with this text as its profiles. */
export function placeWith(stateDirectory: string, text: string, agent = 'main'): AgentPlace {
  const place = placeOf(stateDirectory, agent)
  mkdirSync(place.directory, { recursive: true, mode: 0o700 })
  writeFileSync(place.profiles, text, { mode: 0o600 })
  return place
}

export function writtenIn({ profiles }: Pick<AgentPlace, 'profiles'>): WrittenDocument {
  return JSON.parse(readFileSync(profiles, 'utf8'))
}

/** Another program changes the file. */
export function editFile(place: AgentPlace, change: (document: WrittenDocument) => void): void {
  const document = writtenIn(place)
  change(document)
  writeFileSync(place.profiles, textOf(document), { mode: 0o600 })
}

/** The file in which OpenClaw keeps what is no secret, as it writes it. */
export function writeState({ state }: Pick<AgentPlace, 'state'>, document: object): void {
  writeFileSync(state, textOf({ version: 1, ...document }), { mode: 0o600 })
}

export function textOf(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

export function apiKey(key: string, more: object = {}): Record<string, unknown> {
  return { type: 'api_key', provider: 'anthropic', key: `sk-ant-test-${key}`, ...more }
}

export function codexLogin(serial: string, more: object = {}): Record<string, unknown> {
  const tokens = { access: `at-test-${serial}`, refresh: `rt-test-${serial}`, expires: 1_900_000_000_000 }
  return { type: 'oauth', provider: 'openai-codex', ...tokens, accountId: 'acct-1', ...more }
}
