// Files of before, taken over once by whoever uses the profiles of an agent first.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  apiKey,
  codexLogin,
  placeWith,
  textOf,
  useStateDirectory,
  writtenIn,
} from '../../../test/support/profile-files.ts'
import { placeOf } from '../place.ts'
import { importLegacy } from './legacy.ts'

const stateDirectory = useStateDirectory()

function put(path: string, content: unknown): string {
  const file = join(stateDirectory(), path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, typeof content === 'string' ? content : textOf(content), { mode: 0o600 })
  return file
}

const main = () => placeOf(stateDirectory(), 'main')
const work = () => placeOf(stateDirectory(), 'work')
const takeOver = (place = main()) => importLegacy(stateDirectory(), place, 1)
const { type: _, provider: __, ...login } = codexLogin('1')

describe('files of before', () => {
  it('become profiles, of every form that they had', async () => {
    put('credentials/oauth.json', {
      'openai-codex': login,
      'old-provider': { ...login, refresh: 'rt-test-2', email: 'ada@example.test' },
    })
    put('agents/main/agent/auth.json', {
      anthropic: { apiKey: 'sk-ant-test-1' },
      openai: { type: 'api_key', key: 'sk-test-1', note: 'kept' },
      groq: { token: 'g-test' },
    })
    const said = await takeOver()
    expect(said).toHaveLength(2)
    expect(writtenIn(main()).profiles).toEqual({
      'openai-codex:default': codexLogin('1'),
      'old-provider:ada@example.test': {
        ...codexLogin('1', { provider: 'old-provider', email: 'ada@example.test', refresh: 'rt-test-2' }),
      },
      'anthropic:default': { type: 'api_key', provider: 'anthropic', key: 'sk-ant-test-1' },
      'openai:default': { type: 'api_key', provider: 'openai', key: 'sk-test-1', note: 'kept' },
      'groq:default': { type: 'token', provider: 'groq', token: 'g-test' },
    })
  })

  it('never take the place of a profile that is there, nor come a second time', async () => {
    placeWith(stateDirectory(), textOf({ version: 1, profiles: { 'anthropic:default': apiKey('ours') } }))
    const former = { anthropic: { apiKey: 'sk-ant-test-theirs' }, 'openai-codex': login }
    const file = put('agents/main/agent/auth.json', former)
    expect(await takeOver()).toEqual([
      `1 profile (openai-codex:default) was taken over from ${file}, once. 1 profile of it was there already, and stays as it is. That file is auth.json.imported now.`,
    ])
    expect(writtenIn(main()).profiles['anthropic:default']).toEqual(apiKey('ours'))
    expect([existsSync(file), readFileSync(`${file}.imported`, 'utf8')]).toEqual([false, textOf(former)])
    // Killed before it was renamed, or written again by its program.
    put('agents/main/agent/auth.json', { openai: { apiKey: 'sk-test-later' } })
    expect(await takeOver()).toEqual([])
    expect(Object.keys(writtenIn(main()).profiles)).toEqual(['anthropic:default', 'openai-codex:default'])
  })

  it('are taken over once by any number that begin at the same time', async () => {
    put('credentials/oauth.json', { 'openai-codex': login })
    const said = await Promise.all(Array.from({ length: 10 }, () => takeOver()))
    expect(said.flat()).toHaveLength(1)
    expect(Object.keys(writtenIn(main()).profiles)).toEqual(['openai-codex:default'])
  })

  it('of an agent that have an old copy of the login of the main one are no login of their own', async () => {
    placeWith(stateDirectory(), textOf({ version: 1, profiles: { 'openai-codex:ada': codexLogin('9') } }))
    put('agents/work/agent/auth.json', { 'openai-codex': login, anthropic: { apiKey: 'sk-ant-test-1' } })
    await takeOver(work())
    expect(Object.keys(writtenIn(work()).profiles)).toEqual(['anthropic:default'])
  })

  it.each([
    ['', 'is empty.'],
    ['{"anthropic": {', 'is cut short, or damaged.'],
    ['{"something": 1}', 'is no file of accounts that is known here.'],
    ['{"version": 9, "profiles": {}}', 'is of a later version than is known here.'],
  ])('that are wrong (%j) are said to be, each time, and change nothing', async (text, what) => {
    const file = put('agents/main/agent/auth.json', text)
    const line = `warning: ${file} ${what} Nothing was taken over from it. Mend it, or move it away.`
    expect(await takeOver()).toEqual([line])
    expect(await takeOver()).toEqual([line])
    expect([readFileSync(file, 'utf8'), existsSync(main().profiles)]).toEqual([text, false])
  })
})
